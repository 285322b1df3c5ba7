"""The softmax under a mask."""

import math

import pytest
import torch

from heedful.kernel import mask_scores, masked_softmax, upcast


def test_by_hand() -> None:
    scores = torch.tensor([[0.0, math.log(3), 99.0], [1.0, 2.0, 3.0]])
    visible = torch.tensor([[True, True, False], [False, False, False]])
    torch.testing.assert_close(masked_softmax(scores, visible), torch.tensor([[0.25, 0.75, 0.0], [0.0, 0.0, 0.0]]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_half_precision_is_widened_and_nothing_is_narrowed(dtype: torch.dtype) -> None:
    scores = torch.tensor([[1.0, 2.0]], dtype=dtype)
    expected = torch.float64 if dtype == torch.float64 else torch.float32
    assert upcast(scores).dtype == masked_softmax(scores, None).dtype == expected


def test_the_lowest_score_is_finite_and_below_all() -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        filled = mask_scores(torch.zeros(1, 2, dtype=dtype), torch.tensor([True, False]))
        assert filled.isfinite().all()
        assert filled[0, 1] == torch.finfo(dtype).min
    weights = masked_softmax(torch.tensor([[-1e4, 0.0]], dtype=torch.float16), torch.tensor([True, False]))
    assert weights.tolist() == [[1.0, 0.0]]


def test_a_masked_row_has_no_gradient() -> None:
    scores = torch.randn(2, 3, requires_grad=True)
    visible = torch.tensor([[True, True, False], [False, False, False]])
    (found,) = torch.autograd.grad(masked_softmax(scores, visible)[:, 0].sum(), scores)
    assert found[0, 0] != 0
    assert (found[1] == 0).all()
    assert found[0, 2] == 0
