"""Regions, drawn as their docstrings draw them."""

import pytest
import torch

from heedful.attention import align
from heedful.region import Causal, Everywhere, Padding, Predicted, Region, Window
from heedful.score import Dot
from heedful.shapes import ShapeError


def draw(region: Region, queries: int, keys: int, batch: int = 1) -> list[list[str]]:
    """Where weight goes, as rows of # and dots."""
    weights = align(torch.randn(batch, queries, 3), torch.randn(batch, keys, 3), region=region)
    return [["".join("#" if weight > 0 else "." for weight in row) for row in rows] for rows in weights]


def test_everywhere() -> None:
    assert draw(Everywhere(), 2, 3) == [["###", "###"]]


def test_causal_stands_at_the_bottom_right() -> None:
    assert draw(Causal(), 3, 3) == [["#..", "##.", "###"]]
    assert draw(Causal(), 3, 5) == [["###..", "####.", "#####"]]
    assert draw(Causal(), 5, 3) == [["...", "...", "#..", "##.", "###"]]
    assert draw(Causal(), 1, 4) == [["####"]]


def test_a_window_reaches_radius_to_each_side() -> None:
    assert draw(Window(1), 4, 4) == [["##..", "###.", ".###", "..##"]]
    assert draw(Window(0), 3, 3) == [["#..", ".#.", "..#"]]
    assert draw(Window(1), 2, 5) == [["..###", "...##"]]
    assert draw(Window(1), 4, 2) == [["..", "#.", "##", "##"]]
    assert draw(Window(9), 3, 3) == draw(Everywhere(), 3, 3)


def test_a_window_around_a_given_centre() -> None:
    centre = torch.tensor([[0, 3], [-5, 4]])
    assert draw(Window(1, centre), 2, 5, batch=2) == [["##...", "..###"], [".....", "...##"]]
    assert draw(Window(1, torch.tensor([[2], [0]])), 2, 5, batch=2) == [[".###.", ".###."], ["##...", "##..."]]


def test_padding() -> None:
    assert draw(Padding(torch.tensor([2, 0, 3])), 1, 3, batch=3) == [["##."], ["..."], ["###"]]


def test_intersection_in_any_order() -> None:
    lengths = torch.tensor([3])
    expected = [["##..", "###.", ".##.", "..#."]]
    assert draw(Window(1) & Padding(lengths), 4, 4) == expected
    assert draw(Padding(lengths) & Window(1), 4, 4) == expected
    assert draw(Window(1) & Causal() & Padding(lengths), 4, 4) == [["#...", "##..", ".##.", "..#."]]
    assert draw(Window(1) & Window(2), 4, 4) == draw(Window(1), 4, 4)


def test_an_intersection_is_written_as_it_was() -> None:
    assert repr(Window(2) & Causal() & Padding(torch.tensor([3]))) == "Window(2) & Causal() & Padding([3])"


def test_intersections_hold_learned_regions() -> None:
    both = Causal() & Predicted(3, 5, 2.0)
    assert {name for name, _ in both.named_parameters()} == {"second.projection.weight", "second.weight"}


def predicted(share: float, radius: float) -> Predicted:
    """A region whose centre is at a share of the length, whatever the query: tanh of 0.5 in one hidden unit."""
    region = Predicted(1, 1, radius)
    with torch.no_grad():
        region.projection.weight.fill_(0.5)
        region.weight.fill_(torch.logit(torch.tensor(share)) / torch.tanh(torch.tensor(0.5)))
    return region


def test_predicted_by_hand() -> None:
    # 5 keys, share 1/2: centre 2. Equal scores over keys 1..3: 1/3 each, times exp(-d^2 / (2 * 0.5^2)) = e^-2 at 1.
    weights = align(torch.ones(1, 1), torch.zeros(5, 1), score=Dot(1.0), region=predicted(0.5, 1.0))
    edge = float(torch.exp(torch.tensor(-2.0)))
    torch.testing.assert_close(weights, torch.tensor([[0.0, edge, 1.0, edge, 0.0]]) / 3)
    assert weights.sum().item() < 1


def test_predicted_measures_the_real_keys() -> None:
    # 3 real keys of 5: the centre is at half of 3 - 1, key 1, by keep and by Padding alike.
    words = {"score": Dot(1.0)}
    for found in (
        align(
            torch.ones(1, 1, 1),
            torch.zeros(1, 5, 1),
            region=predicted(0.5, 1.0),
            keep=torch.arange(5)[None] < 3,
            **words,
        ),
        align(
            torch.ones(1, 1, 1), torch.zeros(1, 5, 1), region=predicted(0.5, 1.0) & Padding(torch.tensor([3])), **words
        ),
    ):
        assert int(found.argmax()) == 1
        assert found[0, 0, 3] == 0
        torch.testing.assert_close(found[0, 0, 0], found[0, 0, 2])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_predicted_can_count_in_half_precision(dtype: torch.dtype) -> None:
    # At 521 keys bfloat16 has steps of 4: the gate of each key has still its own distance to the centre.
    weights = align(
        torch.ones(1, 1, dtype=dtype), torch.zeros(521, 1, dtype=dtype), region=predicted(0.8, 8.0).to(dtype)
    )
    seen = weights[0][weights[0] > 0]
    assert len(seen) in (16, 17)
    assert len(seen.unique()) >= 16


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Window(-1), "radius is -1"),
        (lambda: Predicted(3, 5, 0.0), "radius is 0"),
    ],
)
def test_sizes_that_make_no_sense(make, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make()


def test_a_centre_for_other_queries() -> None:
    with pytest.raises(ShapeError, match=r"int64\[1, 3\].*T = 2"):
        align(torch.zeros(1, 2, 3), torch.zeros(1, 5, 3), region=Window(1, torch.zeros(1, 3, dtype=torch.long)))
    with pytest.raises(ShapeError, match=r"query width 4.*float32\[1, 2, 3\]"):
        align(torch.zeros(1, 2, 3), torch.zeros(1, 5, 3), region=Predicted(4, 5, 1.0))
