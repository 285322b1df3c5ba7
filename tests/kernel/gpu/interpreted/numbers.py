"""The GPU engine on numbers that are hard: those of every fused engine, and where its own blocks have edges."""

import pytest
import torch

from heedful import Additive, Causal, Padding, Soft, Window, kernel
from heedful.kernel import Problem
from heedful.kernel.gpu import launch
from heedful.region import Span
from tests.kernel.fused_numbers import *  # noqa: F403 - pytest runs its tests with the engine below
from tests.kernel.fused_numbers import DOT, additive, compare_together, draw

pytestmark = [  # numpy says so where a kernel clamps, or meets what is not a number
    pytest.mark.filterwarnings("ignore:overflow encountered"),
    pytest.mark.filterwarnings("ignore:invalid value encountered"),
]


@pytest.fixture
def engine() -> str:
    return "gpu"


@pytest.mark.parametrize("widths", [(1, 1), (3, 17), (130, 150), (16, 300)], ids=str)
def test_features_and_values_at_the_edges_of_blocks(widths):
    width, depth = widths
    tensors = draw(2, 19, width) / width**0.5, draw(2, 21, width, seed=2), draw(2, 21, depth, seed=4)
    compare_together("gpu", DOT, *tensors, region=Causal())
    compare_together("gpu", additive(width, min(width, 17)), *tensors, region=Window(3))  # channels go by fours


def test_features_all_far_on_one_side_are_centred():
    x, y = draw(1, 9, 4) + 90, draw(1, 11, 4) - 91
    a, b, direct = launch._factored(x, y)
    assert direct.item() == 0
    product = a.unsqueeze(-1) * b.unsqueeze(-2)
    sums = (x.unsqueeze(-2) + y.unsqueeze(-3)).permute(0, 3, 1, 2)
    torch.testing.assert_close(product, (2 * sums).exp(), rtol=1e-4, atol=0)
    assert launch._factored(100 * x, y)[2].item() == 1


@pytest.mark.parametrize("score", [DOT, additive()], ids=["dot", "additive"])
def test_what_nobody_sees_may_be_anything(score):
    """The kernels themselves, to which `attend` hands nothing that is hidden: here it does."""
    region = Window(2) & Padding(torch.tensor([20]))
    tensors = draw(1, 33, 24), draw(1, 33, 24, seed=2), draw(1, 33, 3, seed=4)
    clean = hidden(score, tensors, region)
    spoiled = [tensor.clone() for tensor in tensors]
    for tensor, first in zip(spoiled, (22, 20, 20), strict=True):  # queries from 22 on see no key before 20
        tensor[:, first:] = torch.nan
    for one, other in zip(hidden(score, spoiled, region), clean, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def hidden(score, tensors, region) -> list[torch.Tensor]:
    """Context and gradients of features as they are, without what `attend` clears before."""
    query, key, value = (tensor.clone().requires_grad_() for tensor in tensors)
    bounds = region.bounds(query, Span(33, 33, 1, query.device, None))
    form = score.form()
    if isinstance(score, Additive):
        form = type(form)(draw(24, seed=9).requires_grad_())
    context = kernel.attend(Problem(form, query, key, bounds, Soft()), value, "gpu")
    learned = [form.weight] if isinstance(score, Additive) else []
    return [context.detach(), *torch.autograd.grad(context.square().sum(), [query, key, value, *learned])]
