"""Branched attention: its ends are layers that we know, its branches are apart, kappa and alpha both count."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.layer.branched import BranchedAttention
from heedful.layer.feedforward import FeedForward
from heedful.structure import MultiHead

WIDTH, HEADS, HIDDEN = 15, 3, 21


def build(heads: int = HEADS, *, biases: bool = True, **inside: bool) -> BranchedAttention:
    branched = BranchedAttention(MultiHead(WIDTH, heads), FeedForward(WIDTH, HIDDEN), **inside)
    if biases:
        for name, parameter in branched.named_parameters():
            if name.endswith("bias"):
                torch.nn.init.normal_(parameter)
    return branched


def set_weights(branched: BranchedAttention, kappa: list[float], alpha: list[float]) -> None:
    with torch.no_grad():
        branched.weighted.kappa.weight.copy_(torch.tensor(kappa))
        branched.alpha.weight.copy_(torch.tensor(alpha))


def words(*batch: int, length: int = 7) -> torch.Tensor:
    return torch.randn(*batch, length, WIDTH)


def one_by_one(branched: BranchedAttention, query: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
    """Equation by equation, a branch at a time."""
    heads, feedforward = branched.weighted.heads, branched.feedforward
    contexts, count, size = heads.contexts(query, memory), heads.heads, HIDDEN // heads.heads
    total = torch.zeros_like(query)
    for i in range(heads.heads):
        columns = slice(i * WIDTH // heads.heads, (i + 1) * WIDTH // heads.heads)
        mixing = heads.output_projection
        weighed = (count * branched.weighted.kappa.weight[i]) * (
            contexts[..., i, :, :] @ mixing.weight[:, columns].T + mixing.bias
        )
        seen = query + weighed if branched.sees_query else weighed
        own = slice(i * size, (i + 1) * size)
        inside = torch.relu(seen @ feedforward.inner.weight[own].T + feedforward.inner.bias[own])
        outer = feedforward.outer.weight[:, own]
        past = weighed if branched.residual else 0.0
        total = total + branched.alpha.weight[i] * (count * (past + inside @ outer.T) + feedforward.outer.bias)
    return total


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("sees_query", [False, True])
@pytest.mark.parametrize("batch", [(), (2,), (2, 5)])
def test_all_branches_at_once_are_the_equations_one_by_one(
    batch: tuple[int, ...], sees_query: bool, residual: bool
) -> None:
    branched = build(sees_query=sees_query, residual=residual)
    query, memory = words(*batch), words(*batch, length=4)
    set_weights(branched, [0.1, 0.7, 0.2], [0.5, 0.2, 0.3])
    torch.testing.assert_close(branched(query, memory), one_by_one(branched, query, memory), atol=1e-5, rtol=1e-5)


def test_one_branch_is_a_single_head_and_the_feed_forward_layer() -> None:
    branched, query, memory = build(heads=1), words(2), words(2, length=4)
    expected = branched.feedforward(branched.weighted.heads(query, memory))
    torch.testing.assert_close(branched(query, memory), expected)


def test_one_branch_with_both_ways_past_it_is_a_transformers_two_sublayers_but_for_the_second_norm() -> None:
    branched, query, memory = build(heads=1, sees_query=True, residual=True), words(2), words(2, length=4)
    stream = query + branched.weighted.heads(query, memory)
    torch.testing.assert_close(query + branched(query, memory), stream + branched.feedforward(stream))


def test_equal_branches_are_feed_forward_layers_side_by_side() -> None:
    branched, query = build(biases=False), words(2)
    heads, feedforward = branched.weighted.heads, branched.feedforward
    with torch.no_grad():  # all heads alike, so that it does not matter which one a hidden column reads
        for one in (heads.query_projection, heads.key_projection, heads.value_projection):
            one.weight.copy_(one.weight[: WIDTH // HEADS].repeat(HEADS, 1))
        mixing = heads.output_projection.weight
        mixing.copy_(mixing[:, : WIDTH // HEADS].repeat(1, HEADS))
    torch.testing.assert_close(branched(query, query), feedforward(heads(query, query) / HEADS), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("i", range(HEADS))
def test_alpha_on_one_branch_is_that_branch_alone(i: int) -> None:
    branched, query, memory = build(), words(2), words(2, length=4)
    alone = [float(i == j) for j in range(HEADS)]
    set_weights(branched, [0.1, 0.7, 0.2], alone)
    expected = branched(query, memory)
    torch.testing.assert_close(expected, one_by_one(branched, query, memory), atol=1e-5, rtol=1e-5)
    others = [j for j in range(HEADS) if j != i]
    with torch.no_grad():
        branched.feedforward.inner.weight.unflatten(0, (HEADS, -1))[others] += 3.0
        branched.weighted.heads.query_projection.weight.unflatten(0, (HEADS, -1))[others] += 3.0
    torch.testing.assert_close(branched(query, memory), expected)


@given(st.permutations(range(HEADS)))
def test_the_order_of_branches_with_their_weights_is_of_no_matter(order: list[int]) -> None:
    branched, query, memory = build(), words(2), words(2, length=4)
    set_weights(branched, [0.1, 0.7, 0.2], [0.5, 0.2, 0.3])
    expected = branched(query, memory)
    heads, feedforward = branched.weighted.heads, branched.feedforward
    axes = {0: [heads.query_projection.weight, heads.query_projection.bias, heads.key_projection.weight]}
    axes[0] += [heads.value_projection.weight, heads.value_projection.bias, feedforward.inner.weight]
    axes[0] += [feedforward.inner.bias, branched.weighted.kappa.weight, branched.alpha.weight]
    axes[1] = [heads.output_projection.weight, feedforward.outer.weight]
    with torch.no_grad():
        for axis, parameters in axes.items():
            for one in parameters:
                one.copy_(
                    one.unflatten(axis, (HEADS, -1)).index_select(axis, torch.tensor(order)).flatten(axis, axis + 1)
                )
    torch.testing.assert_close(branched(query, memory), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("biases", [True, False])
def test_every_kappa_and_every_alpha_has_a_gradient(biases: bool, residual: bool) -> None:
    branched = build(biases=biases, residual=residual)
    (branched(words(2), words(2)) * torch.randn(2, 7, WIDTH)).sum().backward()
    for weights in (branched.weighted.kappa, branched.alpha):
        assert weights.weight.grad is not None
        assert (weights.weight.grad.abs() > 1e-4).all()
    still = [name for name, one in branched.named_parameters() if one.grad is None or not one.grad.any()]
    assert still == []


def test_without_biases_only_the_product_of_kappa_and_alpha_counts_and_with_them_both_do() -> None:
    query, memory = words(2), words(2, length=4)
    for biases, alike in ((False, True), (True, False)):
        branched = build(biases=biases)
        set_weights(branched, [0.2, 0.2, 0.6], [0.6, 0.2, 0.2])
        one = branched(query, memory)
        set_weights(branched, [0.6, 0.2, 0.2], [0.2, 0.2, 0.6])
        assert torch.allclose(branched(query, memory), one, atol=1e-5) == alike


def test_the_parameters_are_those_of_attention_and_feed_forward_layer_and_two_a_branch() -> None:
    branched = build()
    parts = (MultiHead(WIDTH, HEADS), FeedForward(WIDTH, HIDDEN))
    expected = sum(one.numel() for part in parts for one in part.parameters()) + 2 * HEADS
    assert sum(one.numel() for one in branched.parameters()) == expected


def test_half_precision_stays_near() -> None:
    branched, query = build(), words(2)
    exact = branched(query, query)
    with torch.autocast("cpu", torch.bfloat16):
        rough = branched(query, query)
    assert rough.dtype == torch.bfloat16
    assert (rough - exact).abs().max() < 0.05 * exact.abs().max()


def test_branches_that_cannot_be_even_are_refused() -> None:
    with pytest.raises(ValueError, match="20 hidden columns into 3"):
        BranchedAttention(MultiHead(WIDTH, 3), FeedForward(WIDTH, 20))
