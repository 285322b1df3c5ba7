"""Poolings: values by hand, padding, rows that keep nothing, and that the weights are those behind the result."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from heedful.choice import Hard, Sparse, StraightThrough, TopK
from heedful.layer.pooling import AttentionPooling, HiddenLayer, Last, Max, Mean, Pooling
from heedful.score import Additive, Dot
from heedful.shapes import ShapeError, keep_from_lengths
from heedful.structure import Attention
from heedful.watch import record

WIDTH = 6


def zhou(dim: int = WIDTH) -> AttentionPooling:
    return AttentionPooling(dim, Attention(Dot(scale=1.0)), view=nn.Tanh(), query_dim=dim)


def yang(dim: int = WIDTH) -> AttentionPooling:
    return AttentionPooling(dim, Attention(Dot(scale=1.0)), view=HiddenLayer(dim, 5), query_dim=5)


def additive(dim: int = WIDTH) -> AttentionPooling:
    return AttentionPooling(dim, Attention(Additive(3, dim, 7)), view=nn.Identity(), query_dim=3)


KINDS: dict[str, Callable[[], Pooling]] = {
    "last": lambda: Last(WIDTH),
    "last-both": lambda: Last(WIDTH, directions=2),
    "mean": lambda: Mean(WIDTH),
    "max": lambda: Max(WIDTH),
    "zhou": zhou,
    "yang": yang,
    "additive": additive,
}
EVERY = pytest.mark.parametrize("kind", KINDS)


def build(kind: str) -> nn.Module:
    pooling = KINDS[kind]()
    assert isinstance(pooling, nn.Module)
    assert isinstance(pooling, Pooling)
    return pooling.double()


def states(*shape: int) -> Tensor:
    return torch.randn(*shape, WIDTH, dtype=torch.float64)


@EVERY
def test_padding_changes_nothing_whatever_it_holds(kind: str) -> None:
    pool, given_states, lengths = build(kind), states(3, 7), torch.tensor([2, 7, 1])
    keep = keep_from_lengths(lengths, 7)
    wanted = pool(given_states, keep)
    spoiled = torch.where(keep.unsqueeze(-1), given_states, torch.nan).requires_grad_()
    padded = torch.cat([spoiled, torch.full((3, 4, WIDTH), torch.inf)], dim=1)
    found = pool(padded, keep_from_lengths(lengths, 11))
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    found.square().sum().backward()
    assert spoiled.grad is not None
    assert spoiled.grad.isfinite().all()
    assert spoiled.grad[~keep].eq(0).all()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in pool.parameters())


@EVERY
def test_a_row_that_keeps_nothing_is_zero_and_so_are_its_gradients(kind: str) -> None:
    pool, given_states = build(kind), states(2, 3).requires_grad_()
    keep = torch.tensor([[True, True, False], [False, False, False]])
    pooled = pool(given_states, keep)
    assert pooled[1].eq(0).all()
    assert pool.weigh(given_states, keep)[1].eq(0).all()
    pooled.square().sum().backward()
    assert given_states.grad is not None
    assert given_states.grad[1].eq(0).all()
    assert given_states.grad.isfinite().all()


@EVERY
def test_no_states_at_all_are_zeros(kind: str) -> None:
    assert build(kind)(states(2, 0), torch.ones(2, 0, dtype=torch.bool)).equal(torch.zeros(2, WIDTH).double())


@EVERY
@given(seed=st.integers(0, 1000), rows=st.integers(1, 4), steps=st.integers(1, 9))
def test_a_batch_of_one_is_its_row_and_any_batch_axes_do(kind: str, seed: int, rows: int, steps: int) -> None:
    torch.manual_seed(seed)
    pool, many = build(kind), states(rows, steps)
    keep = torch.rand(rows, steps) < 0.7
    pooled = pool(many, keep)
    for row in range(rows):
        torch.testing.assert_close(pool(many[row], keep[row]), pooled[row])
    torch.testing.assert_close(pool(many[None, :, None], keep[None, :, None]), pooled[None, :, None])


@EVERY
def test_weights_are_what_the_result_is_made_of(kind: str) -> None:
    pool, given_states = build(kind), states(3, 7)
    keep = keep_from_lengths(torch.tensor([2, 7, 1]), 7)
    weights = pool.weigh(given_states, keep)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3).to(weights))
    assert weights[~keep].eq(0).all()
    if kind not in ("max", "last-both"):  # of which each column has its own
        torch.testing.assert_close(torch.einsum("bs,bsd->bd", weights, given_states), pool(given_states, keep))


@EVERY
def test_the_order_matters_to_the_last_state_only(kind: str) -> None:
    pool, given_states, keep = build(kind), states(2, 7), torch.ones(2, 7, dtype=torch.bool)
    same = torch.allclose(pool(given_states, keep), pool(given_states.flip(1), keep), rtol=1e-9)
    assert same == (not kind.startswith("last"))


@EVERY
def test_weights_of_half_precision_are_float32(kind: str) -> None:
    pool, keep = build(kind).bfloat16(), torch.ones(2, 5, dtype=torch.bool)
    weights = pool.weigh(states(2, 5).bfloat16(), keep)
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights.sum(-1), torch.ones(2))


def test_the_last_state_of_each_direction_is_at_its_own_end() -> None:
    given_states, keep = states(2, 5), torch.tensor([[True, True, True, False, False], [True] * 5])
    half = WIDTH // 2
    wanted = torch.stack(
        [
            torch.cat([given_states[0, 2, :half], given_states[0, 0, half:]]),
            torch.cat([given_states[1, 4, :half], given_states[1, 0, half:]]),
        ]
    )
    assert Last(WIDTH, directions=2)(given_states, keep).equal(wanted)
    assert Last(WIDTH)(given_states, keep).equal(torch.stack([given_states[0, 2], given_states[1, 4]]))
    assert Last(WIDTH, directions=2).weigh(given_states, keep)[0].tolist() == [0.5, 0, 0.5, 0, 0]


def test_directions_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ShapeError, match="width 5 into 2 directions"):
        Last(5, directions=2)


def test_the_weights_of_a_maximum_count_columns() -> None:
    given_states = torch.tensor([[[1.0, 5.0, -1.0], [2.0, 4.0, -2.0], [9.0, 9.0, 9.0]]])
    keep = torch.tensor([[True, True, False]])
    assert Max(3)(given_states, keep).tolist() == [[2.0, 5.0, -1.0]]
    torch.testing.assert_close(Max(3).weigh(given_states, keep), torch.tensor([[2 / 3, 1 / 3, 0.0]]))


@pytest.mark.parametrize("kind", ["zhou", "yang"])
def test_a_query_of_zeros_is_the_mean(kind: str) -> None:
    pool, given_states = build(kind), states(3, 7)
    keep = keep_from_lengths(torch.tensor([2, 7, 1]), 7)
    nn.init.zeros_(pool.query)
    mean = Mean(WIDTH)
    torch.testing.assert_close(pool(given_states, keep), mean(given_states, keep), rtol=1e-14, atol=1e-15)
    torch.testing.assert_close(pool.weigh(given_states, keep), mean.weigh(given_states, keep), rtol=1e-14, atol=1e-15)


def test_the_equations_of_zhou_by_hand() -> None:
    pool, given_states = build("zhou"), states(1, 4)
    alpha = torch.softmax(torch.tanh(given_states[0]) @ pool.query, dim=0)
    torch.testing.assert_close(pool(given_states, torch.ones(1, 4, dtype=torch.bool))[0], alpha @ given_states[0])


def test_the_equations_of_yang_by_hand() -> None:
    pool, given_states = build("yang"), states(1, 4)
    nn.init.normal_(pool.view.projection.bias)
    hidden = torch.tanh(given_states[0] @ pool.view.projection.weight.T + pool.view.projection.bias)
    alpha = torch.softmax(hidden @ pool.query, dim=0)
    torch.testing.assert_close(pool(given_states, torch.ones(1, 4, dtype=torch.bool))[0], alpha @ given_states[0])


@given(seed=st.integers(0, 1000))
def test_the_more_sharply_each_column_is_asked_the_nearer_its_maximum(seed: int) -> None:
    """Max pooling is the limit of attention that gives every column keys of its own: the column, times beta.

    Each of n states that are not the largest has a weight of at most ``exp(-beta gap)`` beside it.
    """
    torch.manual_seed(seed)
    given_states, keep = states(3, 7), keep_from_lengths(torch.tensor([2, 7, 3]), 7)
    ranked = torch.where(keep.unsqueeze(-1), given_states, -torch.inf).sort(1, descending=True).values
    gap, span = ranked[:, 0] - ranked[:, 1], 2 * given_states.abs().max()
    farthest = torch.full((3, WIDTH), torch.inf)
    for beta in (0.0, 1.0, 10.0, 100.0, 1e5):
        found = each_column_asked(given_states, keep, beta)
        below = Max(WIDTH)(given_states, keep) - found
        assert (below >= -1e-12).all()
        assert (below <= farthest + 1e-12).all(), "never farther for a larger beta"
        assert (below <= 6 * span * torch.exp(-beta * gap) + 1e-12).all()
        farthest = below
        if not beta:
            torch.testing.assert_close(found, Mean(WIDTH)(given_states, keep))
    assert farthest[gap > 1e-3].le(1e-12).all(), "and at last it is the maximum"


def each_column_asked(given_states: Tensor, keep: Tensor, beta: float) -> Tensor:
    """Attention pooling of every column alone, by itself as keys and by a query of beta."""
    pool = AttentionPooling(1, Attention(Dot(scale=beta)), view=nn.Identity(), query_dim=1).double()
    nn.init.ones_(pool.query)
    columns = given_states.transpose(1, 2).unsqueeze(-1)
    return pool(columns, keep.unsqueeze(1).expand(-1, WIDTH, -1)).squeeze(-1).detach()


def test_a_given_query_asks_in_place_of_a_learned_one() -> None:
    pool = AttentionPooling(WIDTH, Attention(), view=nn.Identity(), query_dim=None).double()
    given_states, keep, query = states(2, 5), torch.ones(2, 5, dtype=torch.bool), states(2)
    alpha = torch.softmax(torch.einsum("bd,bsd->bs", query, given_states) / WIDTH**0.5, dim=-1)
    torch.testing.assert_close(pool(given_states, keep, query), torch.einsum("bs,bsd->bd", alpha, given_states))
    with pytest.raises(ValueError, match="needs a query"):
        pool(given_states, keep)
    with pytest.raises(ValueError, match="has a learned query"):
        zhou().double()(given_states, keep, query)


def test_states_of_another_width_are_refused() -> None:
    with pytest.raises(ShapeError, match="width 6"):
        zhou()(torch.randn(2, 3, WIDTH + 1), torch.ones(2, 3, dtype=torch.bool))


def test_any_attention_pools() -> None:
    keep = keep_from_lengths(torch.tensor([2, 7]), 7)
    hard = Attention(Dot(scale=1.0), choice=Hard(gradient=StraightThrough()))
    pool = AttentionPooling(WIDTH, hard, view=nn.Tanh(), query_dim=WIDTH).double()
    assert sorted(pool.weigh(states(2, 7), keep).flatten().unique().tolist()) == [0, 1]
    few = Attention(Dot(scale=1.0), choice=Sparse(TopK(2)))
    pool = AttentionPooling(WIDTH, few, view=nn.Tanh(), query_dim=WIDTH).double()
    assert pool.weigh(states(2, 7), keep).gt(0).sum(-1).tolist() == [2, 2]


def test_the_recorder_sees_it() -> None:
    pool, given_states = build("zhou"), states(2, 5)
    keep = keep_from_lengths(torch.tensor([2, 5]), 5)
    plain = pool(given_states, keep)
    with record(pool) as seen:
        assert pool(given_states, keep).equal(plain)
    assert seen.maps["attention"].shape == (2, 1, 1, 5)
    torch.testing.assert_close(seen.maps["attention"][:, 0, 0], pool.weigh(given_states, keep))
