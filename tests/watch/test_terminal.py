"""A map in the terminal: aligned whatever the script, folded when long, safe whatever the words hold."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from heedful.shapes import ShapeError
from heedful.watch.palette import ASCII, BLOCKS, COLOURS, palette_for
from heedful.watch.terminal import draw
from heedful.watch.words import width as columns_of

UNSEEN = "\u200c\u200d\u2068\u2069"  # joiners inside words, and isolates around labels: they move nothing
ENGLISH = ["the", "old", "man", "bought", "three", "red", "books", "yesterday", "."]
CHINESE = list("老人昨天买了三本红书。")


def test_the_heaviest_weight_is_drawn_darkest_in_its_row_and_column():
    text = str(draw(torch.eye(5, 9), CHINESE[:5], ENGLISH))
    rows = [line for line in text.splitlines() if "█" in line and "0" not in line]
    assert [row[0] for row in rows] == CHINESE[:5]
    starts = [cell_len(row[: row.index("█")]) for row in rows]
    assert len({b - a for a, b in itertools.pairwise(starts)}) == 1, "a diagonal"


@pytest.mark.parametrize("columns", [ENGLISH, CHINESE], ids=["english", "chinese"])
def test_every_label_stands_above_its_column(columns):
    for i, word in enumerate(columns):
        weights = torch.zeros(1, len(columns))
        weights[0, i] = 1
        lines = str(draw(weights, ["x"], columns)).splitlines()
        dark = next(line for line in lines if "█" in line)
        place = cell_len(dark[: dark.index("█")])
        labelled = [line for line in lines if word in line and line != dark]
        assert any(cell_len(line[: line.index(word)]) == place for line in labelled)


def test_rows_of_wide_characters_end_where_the_others_do():
    text = str(draw(torch.rand(3, 4), ["ab", "书", "a书"], list("wxyz")))
    rows = [line for line in text.splitlines() if line.strip().startswith(("ab ", "书 ", "a书 "))]
    assert len({cell_len(row) for row in rows}) == 1


@given(
    rows=st.lists(st.text(max_size=30), min_size=1, max_size=5),
    columns=st.lists(st.text(max_size=30), min_size=1, max_size=60),
    width=st.integers(20, 120),
)
def test_any_words_make_lines_of_the_map_that_fit_and_hold_no_control_characters(rows, columns, width):
    text = str(draw(torch.rand(len(rows), len(columns)), rows, columns, width=width))
    assert all(letter == "\n" or letter.isprintable() or letter.isspace() or letter in UNSEEN for letter in text)
    assert "\x1b" not in text
    assert "\r" not in text
    if width >= 60:
        assert max(columns_of(line) for line in text.splitlines()) <= width


def test_a_long_source_is_folded_into_panels_that_repeat_the_rows():
    text = str(draw(torch.rand(2, 40), ["eins", "zwei"], [f"w{i}" for i in range(40)], width=60))
    assert text.count("eins") > 1
    assert all(f"w{i}" in text for i in range(40))


def test_no_colour_no_unicode_where_the_output_cannot_show_it():
    assert palette_for("truecolor", True) is COLOURS
    assert palette_for("standard", True) is BLOCKS
    assert palette_for(None, False) is ASCII
    assert palette_for("256", True, "ascii") is ASCII
    text = str(draw(torch.rand(2, 3), ["a", "b"], ["a very long label, longer than any", "y", "z"], palette=ASCII))
    assert text.isascii()


def test_nan_is_shown_and_an_empty_map_says_so():
    assert "?" in str(draw(torch.tensor([[float("nan")]]), ["x"], ["y"]))
    assert "empty" in str(draw(torch.zeros(0, 2), [], ["a", "b"]))


def test_words_that_do_not_fit_the_map_are_refused():
    with pytest.raises(ShapeError, match="3 Words for rows and 2 Words for columns"):
        draw(torch.rand(2, 2), ["a", "b", "c"], ["d", "e"])


SMALL = torch.tensor([[0.9, 0.1, 0, 0], [0, 0.55, 0.45, 0], [0.05, float("nan"), 0.2, 0.75]])


@pytest.mark.parametrize(
    ("palette", "lines"),
    [
        (
            ASCII,
            [
                "        vieux",
                "        |   livre",
                "    le  |   |   .",
                "the %%% :::  .   .  ",
                "old  .  +++ +++  .  ",
                " 书  .  ??? --- ### ",
                "",
                "    0 .:-=+*#%@ 1  (largest 0.9)",
            ],
        ),
        (
            BLOCKS,
            [
                "        vieux",
                "        │   livre",
                "    le  │   │   .",
                "the ███  ·   ·   ·  ",
                "old  ·  ▒▒▒ ▒▒▒  ·  ",
                " 书  ·  ??? ░░░ ▓▓▓ ",
                "",
                "    0 ·░▒▓█ 1  (largest 0.9)",
            ],
        ),
    ],
    ids=["ascii", "blocks"],
)
def test_a_map_of_words_is_drawn_as_in_the_first_release(palette, lines):
    drawing = draw(SMALL, ["the", "old", "书"], ["le", "vieux", "livre", "."], width=40, palette=palette)
    assert str(drawing) == "".join(line + "\n" for line in lines)


def test_a_long_map_is_folded_as_in_the_first_release():
    head = ["  word{}", *("  " + "│  " * i + "word{}" for i in range(1, 10))]
    first, second = ([line.format(begin + i) for i, line in enumerate(head)] for begin in (0, 10))
    dots = " ·  ·  ·  ·  ·  ·  ·  ·  "
    panels = [*first, f"a ██ · {dots}", f"b ·  ██{dots}", "", *second, f"a ·  · {dots}", f"b ·  · {dots}", ""]
    drawing = draw(torch.eye(2, 20), ["a", "b"], [f"word{i}" for i in range(20)], width=40)
    assert str(drawing) == "".join(line + "\n" for line in [*panels, "  0 ·░▒▓█ 1"])


def test_a_very_wide_map_is_drawn_in_bands_without_empty_columns():
    weights = torch.eye(200)
    weights[3, 150] = 0.8
    text = str(draw(weights, [f"r{i}" for i in range(200)], [f"w{i}" for i in range(200)], scale="one"))
    assert text.startswith("200 x 200; columns without a visible weight are left out\n")
    assert all(f"r{i} " in text for i in range(200)), "every row is there"
    assert text.count("█") == 2 * 201 - 1, "one is in the key"
    assert "rows 1-16, columns 151-151" in text
    assert len(text.splitlines()) < 600, "ten panels of 200 rows would be 2,300 lines"


def test_a_band_in_which_nothing_is_visible_has_its_heaviest_column():
    weights = torch.full((2, 300), 0.001)
    weights[1, 70] = 0.002
    text = str(draw(weights, ["a", "b"], [f"w{i}" for i in range(300)], scale="one"))
    assert "rows 1-2, columns 71-71" in text
    assert "w70" in text


def test_labels_from_the_right_keep_their_columns():
    text = str(draw(torch.eye(3), ["كتاب", "ספר", "x"], ["الكتاب", "</s>", "ב"]))
    lines = text.splitlines()
    assert all(f"\u2068{word}\u2069" in text for word in ("كتاب", "ספר", "الكتاب", "ב"))
    rows = [line for line in lines if "█" in line and not line.strip().startswith("0")]
    assert [columns_of(row[: row.index("█")]) for row in rows] == [5, 9, 13]


def test_emoji_keep_their_columns():
    family, flag = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea"
    text = str(draw(torch.eye(2), [family, flag], [flag, family]))
    rows = [line for line in text.splitlines() if "█" in line and not line.strip().startswith("0")]
    assert [row.split()[0] for row in rows] == [family, flag]
    assert [columns_of(row[: row.index("█")]) for row in rows] == [3, 7]
