"""Maps and their axes: sizes agree or are refused with both named, and heads are over the same positions."""

import pytest
import torch

from heedful import ShapeError
from heedful.watch import Cells, Grid, Lines, Map, Seconds, Slots, Words


def test_lists_of_names_are_words():
    seen = Map(torch.rand(1, 2), ["x"], ("a", "b"))
    assert (seen.rows, seen.columns) == (Words(["x"]), Words(["a", "b"]))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["a", "b"], "2 Words"),
        (Grid(2, 4, (30, 20)), r"8 Grid \(2 × 4\)"),
        (Seconds(0.0, 0.1, 8), "8 Seconds"),
        (Slots(6), "6 Slots"),
        (Cells(["r"], list("abcd")), "4 Cells"),
        (Lines(["one"]), "1 Lines"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_axis_of_another_size_is_refused_and_both_are_named(columns, words):
    with pytest.raises(ShapeError, match=rf"float32\[3, 7\].*3 Words for rows and {words} for columns"):
        Map(torch.rand(3, 7), ["x", "y", "z"], columns)
    with pytest.raises(ShapeError, match=words):
        Map(torch.rand(7, 3), columns, ["x", "y", "z"])


def test_heads_over_other_positions_are_refused():
    with pytest.raises(ShapeError, match=r"layer 'l' is float32\[2, 3, 5\], but the map is float32\[3, 4\]"):
        Map(torch.rand(3, 4), ["x"] * 3, ["a"] * 4, layers={"l": torch.rand(2, 3, 5)})


def test_the_map_of_a_head_keeps_the_axes():
    grid = Grid(2, 2, (8, 8))
    seen = Map(torch.rand(1, 4), ["x"], grid, "mean", {"a": torch.rand(2, 1, 4), "b": torch.rand(1, 1, 4)})
    heads = list(seen.of_heads())
    assert [head.title for head in heads] == ["a, head 0", "a, head 1", "b"]
    assert all(head.columns is grid for head in heads)
    assert torch.equal(heads[1].weights, seen.layers["a"][1])
