"""Axes: positions have names, cells lie on the original picture, ticks stand where they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.axes import Cells, Grid, Lines, Seconds, Slots, Words, as_axis

AXES = [
    Words(["a", "dog"]),
    Grid(2, 3, (30, 20)),
    Seconds(1.5, 0.25, 7),
    Slots(5),
    Cells(["Berlin", "Rome"], ["year", "area", "height"]),
    Lines(["one", "", "three"], first=11),
]


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: type(axis).__name__)
def test_an_axis_is_the_sequence_of_its_labels(axis):
    assert list(axis) == list(axis.labels) == [axis.label(i) for i in range(len(axis))]
    assert len(set(axis)) == len(axis)
    assert axis[-1] == axis.labels[-1]
    assert axis[1:] == axis.labels[1:]
    with pytest.raises(IndexError):
        axis[len(axis)]
    assert axis in {axis}, "a frozen value has a hash"


def test_labels_say_where_a_position_is():
    assert [axis[1] for axis in AXES] == ["dog", "row 0, column 1", "1.75 s", "slot 1", "Berlin, area", "12: "]
    assert Seconds(0.0, 0.0125, 3)[1] == "0.0125 s"


def test_a_list_of_names_means_words_and_an_axis_stays_what_it_is():
    assert as_axis(["a", "dog"]) == AXES[0]
    assert as_axis(AXES[1]) is AXES[1]


@given(
    cells=st.tuples(st.integers(1, 17), st.integers(1, 17)),
    picture=st.tuples(st.integers(1, 700), st.integers(1, 700)),
)
def test_the_cells_of_a_whole_picture_cover_it_once(cells, picture):
    grid = Grid(*cells, picture)
    boxes = [grid.box(i) for i in range(len(grid))]
    area = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    assert area == pytest.approx(picture[0] * picture[1])
    assert boxes[0][:2] == (0, 0)
    assert boxes[-1][2:] == pytest.approx(picture)


@given(
    cells=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    crop=st.tuples(st.floats(-99, 99), st.floats(-99, 99), st.floats(1, 300), st.floats(1, 300)),
    point=st.tuples(st.floats(0.0, 199.0), st.floats(0.0, 99.0)),
)
def test_a_pixel_lies_in_the_box_of_its_cell(cells, crop, point):
    grid = Grid(*cells, (200, 100), crop=(crop[0], crop[1], crop[0] + crop[2], crop[1] + crop[3]))
    cell = grid.cell_at(*point)
    left, top, right, bottom = grid.region
    assert (cell is not None) == (left <= point[0] < right and top <= point[1] < bottom)
    if cell is not None:
        left, top, right, bottom = grid.box(cell)
        assert left - 1e-6 <= point[0] <= right + 1e-6
        assert top - 1e-6 <= point[1] <= bottom + 1e-6


def test_cells_of_a_crop_lie_on_the_original_and_padding_has_none():
    grid = Grid(2, 2, (400, 100), crop=(150.0, 0.0, 250.0, 100.0))
    assert grid.box(1) == (200, 0, 250, 50)
    padded = Grid(4, 4, (400, 200), crop=(0.0, -100.0, 400.0, 300.0))
    assert padded.box(0) == (0, 0, 100, 0), "above the picture there is nothing"
    assert padded.box(4) == (0, 0, 100, 100)


@given(st.floats(-50, 50), st.floats(0.001, 3), st.integers(1, 900), st.integers(2, 30))
def test_a_tick_stands_where_its_text_says(start, step, length, most):
    axis = Seconds(start, step, length)
    ticks = axis.ticks(most)
    assert len(ticks) <= most + 1
    for at, text in ticks:
        assert -1e-3 <= at <= length + 1e-3
        assert float(text.removesuffix(" s")) == pytest.approx(start + at * step, abs=1e-3 * max(1, step * length))


@given(st.integers(0, 5000), st.integers(2, 40))
def test_ticks_of_numbered_places_stand_in_their_middle(length, most):
    for at, text in Slots(length).ticks(most):
        assert at == int(text) + 0.5
    assert len(Slots(length).ticks(most)) <= most + 1
    assert [text for _, text in Lines(["x"] * 6, first=11).ticks(9)] == ["11", "12", "13", "14", "15", "16"]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Grid(0, 3, (30, 20)), "less than 1"),
        (lambda: Grid(2, 3, (30, 0)), "less than 1"),
        (lambda: Grid(2, 3, (30, 20), crop=(5.0, 0.0, 5.0, 20.0)), "empty"),
        (lambda: Grid(2, 3, (30, 20), crop=(0.0, 0.0, float("nan"), 20.0)), "empty"),
        (lambda: Grid(2, 3, (30, 20), pixels=np.zeros((30, 20, 3), np.uint8)), r"expected uint8\[20, 30, 3\]"),
        (lambda: Grid(2, 3, (30, 20), pixels=np.zeros((20, 30, 3), np.float32)), r"float32\[20, 30, 3\]"),
        (lambda: Seconds(0.0, 0.0, 3), "step above 0"),
        (lambda: Seconds(float("inf"), 0.1, 3), "finite start"),
        (lambda: Seconds(0.0, 0.1, -1), "length of 0"),
        (lambda: Slots(-1), "fewer than 0"),
    ],
)
def test_what_cannot_be_is_refused(make, word):
    with pytest.raises(ValueError, match=word):
        make()


def test_pixels_do_not_tell_two_grids_apart():
    pixels = np.zeros((20, 30, 3), np.uint8)
    assert Grid(2, 3, (30, 20), pixels=pixels) == Grid(2, 3, (30, 20))
    assert "pixels" not in repr(Grid(2, 3, (30, 20), pixels=pixels))
