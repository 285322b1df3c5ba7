"""The fused CPU engine on numbers that are hard: those of every fused engine, and where its own loops have edges."""

import pytest
import torch

from heedful import Causal, Padding, Predicted, attend
from heedful.kernel import EngineError
from heedful.kernel.cpu import Cpu, launch
from heedful.kernel.cpu.forms import Direct, Factored
from tests.kernel.fused_numbers import *  # noqa: F403 - pytest runs its tests with the engine below
from tests.kernel.fused_numbers import DOT, additive, compare, compare_together, draw


@pytest.fixture
def engine() -> str:
    return "cpu"


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (17, 257), (64, 4097)], ids=str)
def test_sizes_at_the_edges_of_tiles(size):
    queries, keys = size
    # Together: the terms of the bias's gradient cancel, where the reference may be right by luck.
    sides = draw(2, queries, 24), draw(2, keys, 24, seed=2), draw(2, keys, 19, seed=4)
    compare_together("cpu", additive(hidden=20), *sides)
    compare("cpu", DOT, *sides, region=Causal())


def test_features_all_far_on_one_side_are_centred():
    x, y = draw(1, 9, 4) + 90, draw(1, 4, 11) - 91
    form, a, b = launch._factored(x, y)
    assert form is Factored
    product = a.unsqueeze(-1) * b.unsqueeze(1)
    torch.testing.assert_close(product, (2 * (x.unsqueeze(-1) + y.unsqueeze(1))).exp(), rtol=1e-4, atol=0)
    assert launch._factored(100 * x, y)[0] is Direct


def test_one_thread_and_two_agree_and_every_run_is_the_same():
    score, tensors = additive(), [draw(1, 300, 24).requires_grad_(), draw(1, 300, 24, seed=2).requires_grad_()]

    def run() -> list[torch.Tensor]:
        context = attend(*tensors, score=score, engine="cpu")
        return [context, *torch.autograd.grad(context.square().sum(), [*tensors, *score.parameters()])]

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = run()
        torch.set_num_threads(2)
        two, again = run(), run()
    finally:
        torch.set_num_threads(before)
    for first, second, third in zip(one, two, again, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)
        assert torch.equal(second, third)


@pytest.mark.parametrize("queries", [1, 33])
def test_scores_that_are_kept_and_scores_computed_again_are_the_same(queries, monkeypatch):
    score, region = additive(), Predicted(24, 4, 300.0) & Padding(torch.tensor([0, 529, 600]))
    tensors = [draw(3, queries, 24), draw(3, 600, 24, seed=2), draw(3, 600, 5, seed=4)]
    tensors = [tensor.requires_grad_() for tensor in tensors]

    def learn() -> list[torch.Tensor]:
        context = attend(*tensors, score=score, region=region, engine="cpu")
        return [context, *torch.autograd.grad(context.square().sum(), [*tensors, *score.parameters()])]

    kept = learn()
    monkeypatch.setattr(Cpu.operators, "max_kept_scores", 0)
    for one, other in zip(kept, learn(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)
    compare("cpu", score, *tensors, region=Padding(torch.tensor([0, 529, 600])))


def test_a_second_gate_is_refused():
    region = Predicted(24, 4, 3.0) & Predicted(24, 4, 2.0)
    with pytest.raises(EngineError, match="2 regions here gate"):
        attend(draw(1, 3, 24), draw(1, 5, 24), region=region, engine="cpu")
