"""Bounds against their definition, pair by pair."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from heedful.kernel import Bounds, Gaussian

CPU = torch.device("cpu")
LIMIT = st.one_of(st.none(), st.integers(0, 4))


LENGTH = st.integers(0, 7)
ROWS = st.lists(st.integers(-2, 9), min_size=14, max_size=14)
ROW_AXES = st.sampled_from(["none", "T", "1", "BT", "B1"])
LIMITS = st.tuples(LIMIT, LIMIT, ROW_AXES, ROWS, ROW_AXES, ROWS)
KEEPS = st.tuples(
    st.sampled_from(["none", "1S", "B1S", "BTS", "TS"]), st.lists(st.booleans(), min_size=98, max_size=98)
)
Limits = tuple[int | None, int | None, str, list[int], str, list[int]]


def make(queries: int, keys: int, limits: Limits) -> Bounds:
    left, right, start_axes, start, stop_axes, stop = limits
    return Bounds(
        queries, keys, left, right, shaped(start_axes, start, queries, keys), shaped(stop_axes, stop, queries, keys)
    )


def shaped(axes: str, numbers: list[int] | list[bool], queries: int, keys: int) -> Tensor | None:
    """A tensor of these axes, filled with these numbers."""
    if axes == "none":
        return None
    shape = tuple({"B": 2, "T": queries, "S": keys, "1": 1}[axis] for axis in axes)
    return torch.tensor(numbers)[: torch.Size(shape).numel()].reshape(shape)


def pair_by_pair(of: Bounds) -> Tensor:
    """``[2, T, S]`` by the docstring's words."""
    allowed = torch.zeros(2, of.queries, of.keys, dtype=torch.bool)
    for b in range(2):
        for t in range(of.queries):
            for s in range(of.keys):
                own = t + of.keys - of.queries
                seen = (of.left is None or -of.left <= s - own) and (of.right is None or s - own <= of.right)
                start, stop = (row_of(limit, b, t, of.queries) for limit in (of.start, of.stop))
                seen = seen and (start is None or s >= start) and (stop is None or s < stop)
                allowed[b, t, s] = seen
    return allowed


def row_of(limit: Tensor | None, b: int, t: int, queries: int) -> int | None:
    return None if limit is None else int(limit.expand(2, queries)[b, t])


@settings(max_examples=150, derandomize=True)
@given(LENGTH, LENGTH, LIMITS, KEEPS)
def test_every_question_has_the_answer_of_the_definition(
    queries: int, keys: int, limits: Limits, kept: tuple[str, list[bool]]
) -> None:
    of, keep = make(queries, keys, limits), shaped(*kept, queries, keys)
    truth = pair_by_pair(of)
    everything = slice(0, of.queries), slice(0, of.keys)
    found = of.visible(*everything, CPU)
    assert torch.equal(truth, torch.ones_like(truth) if found is None else found.expand_as(truth))
    start, stop = of.intervals(CPU)
    position = torch.arange(of.keys)
    inside = (position >= start.unsqueeze(-1)) & (position < stop.unsqueeze(-1))
    assert torch.equal(inside.expand_as(truth), truth)
    truth = truth if keep is None else truth & keep
    for answer, axis, size in ((of.seen(keep, CPU), -2, of.keys), (of.occupied(keep, CPU), -1, of.queries)):
        expected = truth.any(axis)
        assert torch.equal(
            expected, torch.ones(2, size, dtype=torch.bool) if answer is None else answer.expand(2, size)
        )


@settings(max_examples=60, derandomize=True)
@given(LENGTH, LENGTH, LIMITS, st.integers(0, 6), st.integers(1, 7))
def test_a_block_reaches_all_that_it_can_see(queries: int, keys: int, limits: Limits, first: int, size: int) -> None:
    of = make(queries, keys, limits)
    rows = slice(min(first, of.queries), min(first + size, of.queries))
    reach = of.key_range(rows)
    truth = pair_by_pair(of)[:, rows]
    assert 0 <= reach.start <= reach.stop <= of.keys
    assert not truth[..., : reach.start].any()
    assert not truth[..., reach.stop :].any()
    part = of.visible(rows, reach, CPU)
    expected = truth[..., reach]
    assert torch.equal(expected, torch.ones_like(expected) if part is None else part.expand_as(expected))


@settings(max_examples=60, derandomize=True)
@given(LENGTH, LENGTH, LIMITS, LIMITS)
def test_intersection_is_both(queries: int, keys: int, one: Limits, other: Limits) -> None:
    first, second = make(queries, keys, one), make(queries, keys, other)
    both = pair_by_pair(first & second)
    assert torch.equal(both, pair_by_pair(first) & pair_by_pair(second))
    assert torch.equal(both, pair_by_pair(second & first))


def test_gates_of_both_regions_shrink() -> None:
    gates = [Gaussian(torch.tensor([centre]), 1.0) for centre in (0.0, 2.0)]
    one, two = (Bounds(1, 5, gates=(gate,)) for gate in gates)
    assert (one & two).gates == tuple(gates)


def test_the_gaussian_by_hand() -> None:
    # Centre 1.5, deviation 0.5: exp(-d^2 / 0.5) at distances 1.5, 0.5, 0.5
    gate = Gaussian(torch.tensor([9.0, 1.5]), 0.5).weights(slice(1, 2), slice(0, 3))
    torch.testing.assert_close(gate, torch.exp(torch.tensor([[-4.5, -0.5, -0.5]])))


def test_what_engines_ask_first() -> None:
    assert Bounds(3, 5).unbounded
    assert Bounds(3, 5, right=0).causal
    assert not Bounds(3, 5, right=1).causal
    assert not Bounds(3, 5, left=0, right=0).causal
    assert not Bounds(3, 5, right=0, stop=torch.tensor([2])).causal
    assert Bounds(3, 5, stop=torch.tensor([2])).dynamic
