"""Weighed heads: beside each other what a multi-head attention sums, each times its kappa."""

import pytest
import torch

from heedful.region import Causal
from heedful.structure import MultiHead, Weighted
from heedful.watch import attentions, record

WIDTH, HEADS = 15, 3


@pytest.fixture
def weighted():
    heads = MultiHead(WIDTH, HEADS)
    torch.nn.init.normal_(heads.output_projection.bias)
    return Weighted(heads)


def set_kappa(weighted, *values):
    with torch.no_grad():
        weighted.kappa.weight.copy_(torch.tensor(values))


def words(*batch, length=7):
    return torch.randn(*batch, length, WIDTH)


@pytest.mark.parametrize("batch", [(), (2,), (2, 5)])
def test_equal_heads_sum_to_the_multi_head_attention(weighted, batch):
    query, memory = words(*batch), words(*batch, length=4)
    outputs = weighted(query, memory)
    assert outputs.shape == (*batch, HEADS, 7, WIDTH)
    bias = weighted.heads.output_projection.bias
    together = (outputs - bias).sum(-3) + bias
    torch.testing.assert_close(together, weighted.heads(query, memory), atol=1e-5, rtol=1e-5)


def test_one_head_is_multi_head_attention():
    weighted = Weighted(MultiHead(WIDTH, 1))
    query, memory = words(2), words(2, length=4)
    torch.testing.assert_close(weighted(query, memory).squeeze(1), weighted.heads(query, memory))


def test_kappa_scales_each_head_apart(weighted):
    query = words(2)
    equal = weighted(query, query)
    set_kappa(weighted, 0.5, 0.5, 0.0)
    torch.testing.assert_close(weighted(query, query)[:, :2], 1.5 * equal[:, :2])
    assert not weighted(query, query)[:, 2].any()


def test_what_is_kept_out_is_not_seen_whatever_it_holds(weighted):
    query, memory = words(2), words(2, length=4)
    keep = torch.tensor([[True, True, True, False], [True, False, False, False]])
    expected = weighted(query, torch.where(keep.unsqueeze(-1), memory, 7.0), keep=keep)
    spoiled = torch.where(keep.unsqueeze(-1), memory, torch.nan)
    assert torch.equal(weighted(query, spoiled, keep=keep), expected)
    torch.testing.assert_close(weighted(query[1:], memory[1:, :1])[0], expected[1])


def test_a_projected_memory_and_one_step_at_a_time_give_the_same(weighted):
    stream = words(2)
    expected = weighted(stream, stream, region=Causal())
    past = None
    for t in range(stream.shape[1]):
        own = weighted.project(stream[:, t : t + 1], offset=t)
        past = own if past is None else past.extend(own)
        step = weighted(stream[:, t : t + 1], past, offset=t)
        torch.testing.assert_close(step, expected[:, :, t : t + 1], atol=1e-6, rtol=1e-5)


def test_a_recorder_sees_every_head_and_changes_no_bit(weighted):
    model, query, memory = torch.nn.ModuleDict({"look": weighted}), words(2), words(2, length=4)
    before = weighted(query, memory)
    with record(model) as seen:
        assert torch.equal(weighted(query, memory), before)
    assert list(attentions(model)) == ["look"], "the whole, not the multi-head attention in it"
    assert torch.equal(seen.maps["look"], weighted.heads.align(query, memory))
    assert seen.maps["look"].shape == (2, HEADS, 7, 4)


def test_kappa_learns_and_every_other_parameter_too(weighted):
    weighted(words(2), words(2)).square().sum().backward()
    assert all(one.grad is not None and (one.grad != 0).all() for one in weighted.parameters())
