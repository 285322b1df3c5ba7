"""The dot product: known values and its scale."""

import math

import pytest
import torch

from heedful.score import Dot

QUERY, KEY = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]])


def test_by_hand() -> None:
    # (1, 2) . (3, 4) = 11 and (1, 2) . (0, 1) = 2
    torch.testing.assert_close(Dot(1.0)(QUERY, KEY), torch.tensor([[11.0, 2.0]]))
    torch.testing.assert_close(Dot()(QUERY, KEY), torch.tensor([[11.0, 2.0]]) / math.sqrt(2))
    torch.testing.assert_close(Dot(-3.0)(QUERY, KEY), torch.tensor([[-33.0, -6.0]]))


@pytest.mark.parametrize("width", [2, 17, 509])
def test_its_scale_keeps_unit_variance(width: int) -> None:
    scores = Dot()(torch.randn(101, width), torch.randn(103, width))
    assert 0.8 < float(scores.var()) < 1.25
    assert float(Dot(1.0)(torch.randn(101, width), torch.randn(103, width)).var()) > 0.8 * width


def test_vectors_without_width_score_zero() -> None:
    assert torch.equal(Dot()(torch.zeros(3, 0), torch.zeros(5, 0)), torch.zeros(3, 5))
