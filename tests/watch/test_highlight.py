"""One look at a text as running text: shades stand with their words, lines fit, whatever the words hold."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from heedful.shapes import ShapeError
from heedful.watch import Map
from heedful.watch.highlight import highlight
from heedful.watch.palette import ASCII, BLOCKS, COLOURS
from heedful.watch.words import width as columns_of

NAN = float("nan")


def seen(weights, words, label=""):
    return Map(torch.tensor([weights]), (label,), tuple(words))


def pairs(text, indent=0):
    """Each word with the shade below it, cut at the places where the words begin."""
    lines = text.splitlines()[:-1]
    found = []
    for words, shades in zip(lines[::2], lines[1::2], strict=True):
        cells, shaded = columns(words[indent:]), columns(shades[indent:])
        starts = [i for i, c in enumerate(cells) if c.strip() and (i == 0 or not cells[i - 1].strip())]
        for start in starts:
            end = next((i for i in range(start, len(cells)) if not cells[i].strip()), len(cells))
            found.append(("".join(c for c in cells[start:end] if c != "\0"), "".join(shaded[start:end]).strip()))
    return found


def columns(line):
    """The characters of a line by terminal column; the second column of a wide one holds NUL."""
    return [part for c in line for part in (c, "\0") if part != "\0" or cell_len(c) == 2]


def test_each_word_has_its_shade_below_as_wide_as_itself():
    text = str(highlight([seen([0.0, 0.5, 0.25, 0.25], ["good", "film", "very", "."])], palette=BLOCKS))
    assert pairs(text) == [("good", "·"), ("film", "▓▓▓▓"), ("very", "░░░░"), (".", "░")]
    assert text.splitlines()[-1] == "0 ·░▒▓█ 0.75  (largest 0.5)"


def test_wide_characters_have_wide_shades():
    maps = [seen([0.1, 0.4, 0.4, 0.1], ["质", "量", "ok", "。"])]
    text = str(highlight(maps, palette=BLOCKS, width=30, scale="map"))
    words, shades = text.splitlines()[:2]
    assert words.rstrip() == "质 量 ok 。"
    assert shades == "░░ ██ ██ ░░"


def test_the_label_stands_in_front_and_lines_after_the_first_are_indented():
    text = str(highlight([seen([1.0] * 12, ["word"] * 12, "标签")], width=40, palette=ASCII))
    lines = text.splitlines()
    assert lines[0].startswith("标签  word")
    assert all(line.startswith(" " * 6) for line in lines[1:])
    assert all(cell_len(line) <= 40 for line in lines)
    assert text.count("word") == 12


def test_with_colours_words_stand_on_their_shades_and_can_be_read():
    drawing = highlight([seen([0.0, 1.0], ["no", "yes"])], palette=COLOURS)
    assert len(str(drawing).splitlines()) == 2, "no line of shades"
    styles = {drawing.plain[span.start : span.end]: str(span.style) for span in drawing.spans[:2]}
    assert styles == {"no": "color(255) on color(233)", "yes": "color(16) on color(230)"}
    shown = Console(force_terminal=True, color_system="256", width=80)
    with shown.capture() as captured:
        shown.print(drawing)
    assert "38;5;16;48;5;230" in captured.get()


def test_letters_can_be_read_on_every_shade():
    """Contrast of WCAG 2: 4.5 is what running text asks for."""
    from rich.style import Style

    for _, style in COLOURS.shades:
        parsed = Style.parse(style)
        assert parsed.color is not None
        assert parsed.bgcolor is not None
        one, other = sorted(_luminance(colour.get_truecolor()) for colour in (parsed.color, parsed.bgcolor))
        assert (other + 0.05) / (one + 0.05) >= 4.5, style


def _luminance(colour):
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_several_maps_are_one_passage_with_one_key():
    maps = [seen([0.9, 0.1], ["a", "b"], "0.75"), seen([0.01, 0.02], ["c", "d"], "0.25")]
    lines = str(highlight(maps, palette=BLOCKS)).splitlines()
    assert [line.split() for line in lines[:4]] == [["0.75", "a", "b"], ["█", "·"], ["0.25", "c", "d"], ["░", "▒"]]
    assert lines[4:] == ["      0 ·░▒▓█ the heaviest of each, at least 3 times its mean weight"]
    lines = str(highlight(maps, palette=BLOCKS, scale="row")).splitlines()
    assert [line.split() for line in lines[:4]] == [["0.75", "a", "b"], ["█", "·"], ["0.25", "c", "d"], ["▒", "█"]]
    assert lines[4:] == ["      0 ·░▒▓█ the heaviest of each"]


def test_nan_is_shown_as_such_and_leaves_the_others_alone():
    for weights in ([NAN, 0.2, 0.4], [0.2, NAN, 0.4], [0.2, 0.4, NAN]):
        text = str(highlight([seen(weights, [f"w{w}" for w in weights])], palette=BLOCKS, scale="map"))
        assert dict(pairs(text)) == {"wnan": "????", "w0.2": "▒▒▒▒", "w0.4": "████"}
        assert text.endswith(" 0.4\n")
    assert "nan" not in str(highlight([seen([NAN], ["x"])], palette=ASCII))


def test_weights_of_nothing_are_no_division_by_zero():
    assert pairs(str(highlight([seen([0.0, 0.0], ["ab", "cd"])], palette=BLOCKS))) == [("ab", "·"), ("cd", "·")]


@given(
    words=st.lists(st.text(max_size=40), min_size=1, max_size=30),
    label=st.text(max_size=30),
    width=st.integers(40, 120),
    palette=st.sampled_from([ASCII, BLOCKS, COLOURS]),
)
def test_any_words_make_lines_that_fit_and_hold_no_control_characters(words, label, width, palette):
    maps = [Map(torch.rand(1, len(words)), (label,), tuple(words))]
    text = str(highlight(maps, width=width, palette=palette))
    unseen = "\u200c\u200d\u2068\u2069"  # joiners inside words, and isolates around them: they move nothing
    assert all(letter == "\n" or letter.isprintable() or letter.isspace() or letter in unseen for letter in text)
    assert "\x1b" not in text
    assert "\r" not in text
    assert max(columns_of(line) for line in text.splitlines()) <= width


def test_a_word_longer_than_a_line_is_cut():
    text = str(highlight([seen([0.5, 0.5], ["x" * 300, "y"])], width=40, palette=BLOCKS))
    assert "…" in text
    assert max(map(cell_len, text.splitlines())) <= 40


def test_a_label_too_long_is_cut_and_makes_no_more_room_than_it_takes():
    text = str(highlight([seen([0.5, 0.5], ["x" * 300, "y"], "l" * 50)], width=40, palette=BLOCKS))
    assert text.startswith("l" * 17 + "…  x")
    assert max(map(cell_len, text.splitlines())) <= 40


def test_an_accent_without_a_letter_moves_nothing():
    text = str(highlight([seen([0.0, 1.0], ["\u0301", "ab"])], palette=BLOCKS))
    words, shades = text.splitlines()[:2]
    assert cell_len(words[: words.index("ab")]) == cell_len(shades[: shades.index("██")])


def test_nothing_to_look_at_says_so():
    assert "empty" in str(highlight([Map(torch.zeros(1, 0), ("x",), ())], palette=ASCII))


def test_a_map_of_two_rows_is_refused():
    with pytest.raises(ShapeError, match="2 rows"):
        highlight([Map(torch.rand(2, 2), ("a", "b"), ("c", "d"))], palette=ASCII)


def test_a_text_from_the_right_begins_at_the_right_end():
    text = str(
        highlight([seen([0.7, 0.1, 0.1, 0.1], ["שלום", "עולם", ".", "כן"])], palette=BLOCKS, width=40, scale="map")
    )
    words, shades = text.splitlines()[:2]
    assert words.index("כן") < words.index("עולם") < words.index("שלום")
    assert columns_of(words.rstrip()) == columns_of(shades) == 39
    assert shades.endswith("████")


def test_even_weights_look_even_and_sharp_ones_do_not():
    even = str(
        highlight([seen([0.1, 0.11, 0.09, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], list("abcdefghij"))], palette=BLOCKS)
    )
    assert {shade for _, shade in pairs(even)} == {"░"}
    assert "largest 0.11" in even
    sharp = str(highlight([seen([0.91, *[0.01] * 9], list("abcdefghij"))], palette=BLOCKS))
    assert [shade for _, shade in pairs(sharp)] == ["█", *"·" * 9]
