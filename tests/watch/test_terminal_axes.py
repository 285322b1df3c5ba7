"""Maps over pictures, scales and tables in the terminal: small, whole, and safe whatever the labels hold."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from heedful.watch import ASCII, Cells, Grid, Lines, Seconds, Slots, draw


def lines(weights, rows, columns, width=40, **more):
    return str(draw(weights, rows, columns, width=width, **more)).splitlines()


def test_a_row_over_a_picture_is_a_small_picture():
    weights = torch.zeros(3, 6)
    weights[0, 1] = weights[1, 5] = 0.5
    weights[2, 0] = 0.25
    assert lines(weights, ["sky", "dog", "a"], Grid(2, 3, (300, 200))) == [
        "sky      dog      a     ",
        "· ██·    · · ·    ▒▒· · ",
        "· · ·    · · ██   · · · ",
        "",
        "0 ·░▒▓█ 0.5",
    ]


def test_pictures_that_do_not_fit_beside_one_another_stand_below():
    found = lines(torch.rand(3, 4), ["one", "two", "three"], Grid(2, 2, (8, 8)), width=13)
    assert [line.split()[0] for line in found if line[:1].isalpha()] == ["one", "three"]


def test_a_fine_grid_becomes_a_coarse_one_that_keeps_the_sum():
    weights = torch.zeros(1, 56 * 56)
    weights[0, [0, 1, 56, 57]] = 0.25  # four neighbours, which make one cell of weight 1
    found = lines(weights, ["x"], Grid(56, 56, (560, 560)), width=80)
    assert found[1].startswith("██")
    assert found[-1] == "0 ·░▒▓█ 1"
    assert len([line for line in found if "·" in line]) - 1 == 19


def test_seconds_have_a_ruler_and_neighbours_are_added_up():
    weights = torch.zeros(2, 60)
    weights[0, 10:12] = 0.5
    weights[1, 59] = 1.0
    found = lines(weights, ["a", "bc"], Seconds(0.0, 0.1, 60), width=33)
    assert found[0] == " a " + "·" * 5 + "█" + "·" * 24
    assert found[1] == "bc " + "·" * 29 + "█"
    assert found[2].startswith("   │0 s")
    assert found[2].index("│2 s") - 3 == 10, "the mark stands above its second: 20 frames are 10 characters"
    assert found[-1] == "   0 ·░▒▓█ 1 (sums of 2 columns)"


def test_lines_are_numbered_and_told_below():
    found = lines(torch.eye(3, 3), ["a", "b", "c"], Lines(["one", "\x1b[31mtwo", "three"], first=9))
    assert [line for line in found if ":" in line] == ["9: one", "10: ·[31mtwo", "11: three"]


def test_a_table_is_drawn_for_each_row():
    weights = torch.zeros(2, 4)
    weights[0, 1] = weights[1, 2] = 0.5
    found = lines(weights, ["first", "second"], Cells(["Rome", "北京"], ["year", "area"]))
    assert found.index("first") < found.index("second")
    tables = [line for line in found if line.startswith(("Rome", "北京"))]
    assert ["█" in line for line in tables] == [True, False, False, True]
    assert found[-1].endswith("0.5")


AXES = st.sampled_from(
    [Grid(2, 3, (30, 20)), Seconds(0.0, 0.5, 6), Slots(6), Cells(["r"], list("abcdef")), Lines(["x"] * 6)]
)


@given(rows=st.lists(st.text(max_size=30), min_size=1, max_size=4), columns=AXES, width=st.integers(20, 120))
def test_any_labels_make_lines_that_fit_and_hold_no_control_characters(rows, columns, width):
    text = str(draw(torch.rand(len(rows), 6), rows, columns, width=width))
    assert all(letter == "\n" or letter.isprintable() or letter.isspace() for letter in text)
    assert "\x1b" not in text
    if width >= 60:
        assert max(cell_len(line) for line in text.splitlines()) <= width


COLUMNS = [Grid(2, 2, (9, 9)), Seconds(0.0, 1.0, 4), Slots(4), Cells(["r", "s"], ["a", "b"]), Lines(list("abcd"))]


@pytest.mark.parametrize("columns", COLUMNS, ids=lambda axis: type(axis).__name__)
def test_nan_is_shown_zero_is_drawn_and_ascii_stays_ascii(columns):
    weights = torch.tensor([[float("nan"), 0.1, float("inf"), 0.4]])
    text = str(draw(weights, ["x"], columns, palette=ASCII))
    assert text.isascii()
    assert "?" in text
    assert "0.4" in text, "the largest finite weight"
    assert "?" not in str(draw(torch.zeros(1, 4), ["x"], columns))


@pytest.mark.parametrize("columns", [Seconds(0.0, 1.0, 0), Slots(0), Cells(["a"], []), Lines([])], ids=str)
def test_nothing_to_look_at_says_so(columns):
    assert "empty" in str(draw(torch.zeros(2, 0), ["a", "b"], columns))
    assert "empty" in str(draw(torch.zeros(0, 4), [], Grid(2, 2, (9, 9))))


def test_a_diagonal_over_seconds_is_a_diagonal():
    found = lines(torch.eye(8, 8), list("abcdefgh"), Seconds(0.0, 0.25, 8))
    starts = [line.index("█") for line in found[:8]]
    assert {b - a for a, b in itertools.pairwise(starts)} == {2}
