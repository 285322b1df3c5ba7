"""Regions, drawn as their docstrings draw them."""

import copy
from collections.abc import Iterator

import jaxtyping
import numpy as np
import pytest
import torch

from heedful.attention import align, attend, select
from heedful.region import Causal, Everywhere, Padding, Predicted, Region, Window
from heedful.score import Dot, General
from heedful.shapes import ShapeError


@pytest.fixture
def as_users_have_it() -> Iterator[None]:
    """Without the annotations' run-time checks: the errors that a user meets."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


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


# Settings at the ends of their range --------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["auto", "plain", "cpu"])
@pytest.mark.parametrize("radius", [float("inf"), 1e308, 1e200, 1e30])
@pytest.mark.parametrize("other", [None, Causal(), Padding(torch.tensor([3]))], ids=str)
def test_an_infinite_radius_sees_everything_and_takes_nothing(other, radius: float, engine: str) -> None:
    query, key = torch.randn(1, 4, 3), torch.randn(1, 5, 3)
    region = Predicted(3, 2, radius)
    both = region if other is None else region & other
    expected = attend(query, key, region=other or Everywhere(), engine="plain")
    torch.testing.assert_close(attend(query, key, region=both, engine=engine), expected)
    torch.testing.assert_close(
        select(query, key, region=both, engine=engine).index, select(query, key, region=other or Everywhere()).index
    )
    attend(query, key, region=both, engine=engine).sum().backward()
    assert region.weight.grad is not None
    assert bool(region.weight.grad.isfinite().all())


@pytest.mark.parametrize("engine", ["auto", "plain", "cpu"])
def test_a_query_that_is_not_a_number_is_not_silently_zero_under_a_predicted_region(engine: str) -> None:
    query, key, region = torch.randn(1, 4, 3), torch.randn(1, 5, 3), Predicted(3, 2, 1.5)
    clean = attend(query, key, region=region, engine=engine)
    query[0, 1, 0] = torch.nan
    found = attend(query, key, region=region, engine=engine)
    assert bool(found[0, 1].isnan().all())
    torch.testing.assert_close(found[0, [0, 2, 3]], clean[0, [0, 2, 3]])


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan"), float("-inf")])
def test_a_radius_that_is_no_reach_is_refused(radius: float) -> None:
    with pytest.raises(ValueError, match=r"Predicted radius is .*expected more than 0"):
        Predicted(3, 2, radius)


@pytest.mark.usefixtures("as_users_have_it")
def test_settings_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="Predicted radius is a tensor that requires a gradient"):
        Predicted(3, 2, torch.nn.Parameter(torch.tensor(2.0)))
    for radius in (2.5, float("inf"), "2", None):
        with pytest.raises(TypeError, match=r"Window radius is .*expected a whole number"):
            Window(radius)
    assert Window(np.int64(2)).radius == 2
    for lengths in ([3, 5], np.array([3, 5]), 3):
        with pytest.raises(TypeError, match=r"Padding lengths is .*expected a torch.Tensor"):
            Padding(lengths)
    with pytest.raises(TypeError, match="Window centre is a list"):
        Window(1, [2])
    with pytest.raises(ShapeError, match="Padding lengths are float32"):
        Padding(torch.tensor([3.0]))


def test_regions_are_printed_in_a_line() -> None:
    assert repr(Predicted(3, 2, 1.5) & Window(4)) == ("Predicted(query_dim=3, hidden_dim=2, radius=1.5) & Window(4)")
    assert repr(Padding(torch.arange(9))) == "Padding(int64[9])"
    assert repr(Padding(torch.ones(2, dtype=torch.long, device="meta"))) == "Padding(int64[2])"


@pytest.mark.parametrize("region", [Padding(torch.tensor([3, 1])), Predicted(4, 3, 2.0), Causal() & Window(1)], ids=str)
def test_meta_tensors_get_their_shapes(region) -> None:
    """As models are built on no device, to know their sizes."""
    if isinstance(region, torch.nn.Module):
        region = copy.deepcopy(region).to("meta")
    if isinstance(region, Padding):
        region = Padding(region.row_lengths.to("meta"))
    states = torch.empty(2, 6, 4, device="meta")
    assert attend(states, states, region=region).shape == (2, 6, 4)
    assert align(states, states, region=region).shape == (2, 6, 6)
    assert attend(states, states, region=region, score=General(4, 4).to("meta")).device.type == "meta"
    with pytest.raises(ShapeError, match=r"query is float32.*but key is float64"):
        attend(states, states.double(), region=region)


def test_lengths_are_read_by_no_call(monkeypatch) -> None:
    """On a GPU every reading waits for the device."""

    def read(self):
        raise AssertionError("a tensor was read")

    lengths, states = torch.tensor([3, 1]), torch.randn(2, 6, 4)
    for name in ("tolist", "item", "__bool__", "__int__", "__float__"):
        monkeypatch.setattr(torch.Tensor, name, read)
    assert attend(states, states, region=Padding(lengths) & Causal(), engine="sdpa").shape == (2, 6, 4)
    assert attend(states, states, region=Padding(lengths), engine="plain").shape == (2, 6, 4)
