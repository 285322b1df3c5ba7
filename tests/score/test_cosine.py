"""The cosine: known values, its cap, its temperature, and the zero vector."""

import math

import pytest
import torch

from heedful.attention import align
from heedful.score import Cosine


def test_by_hand() -> None:
    # |(3, 4)| = 5; (3, 4) . (4, 3) = 24, over 25; (3, 4) . (0, 2) = 8, over 10
    score = Cosine(2.0)
    found = score(torch.tensor([[3.0, 4.0]]), torch.tensor([[4.0, 3.0], [0.0, 2.0]]))
    torch.testing.assert_close(found, torch.tensor([[2 * 24 / 25, 2 * 8 / 10]]))


def test_lengths_are_nothing() -> None:
    query, key = torch.randn(5, 3), torch.randn(7, 3)
    torch.testing.assert_close(Cosine()(query * 9, key / 7), Cosine()(query, key))


@pytest.mark.parametrize(("keys", "cap"), [(5, 0.65), (10, 0.45), (20, 0.28), (50, 0.13), (100, 0.07)])
def test_without_a_temperature_it_cannot_focus(keys: int, cap: float) -> None:
    # The best is +1 on one key and -1 on all others: e^2 / (e^2 + n - 1) (systems.md 1.1).
    key = torch.full((keys, 1), -1.0)
    key[0] = 1.0
    best = align(torch.ones(1, 1), key, score=Cosine())[0, 0].item()
    assert best == pytest.approx(math.exp(2) / (math.exp(2) + keys - 1), abs=1e-6)
    assert best == pytest.approx(cap, abs=0.006)
    random = align(torch.randn(50, 3), torch.randn(keys, 3), score=Cosine())
    assert random.max().item() <= best + 1e-6
    assert align(torch.ones(1, 1), key, score=Cosine(9.0))[0, 0].item() > 0.999


def test_the_temperature_learns_and_can_be_frozen() -> None:
    score = Cosine(3.0)
    score(torch.randn(5, 3), torch.randn(7, 3)).sum().backward()
    assert score.temperature.grad is not None
    assert score.temperature.grad != 0
    score.temperature.requires_grad_(False)
    assert not score(torch.randn(5, 3), torch.randn(7, 3)).requires_grad


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_zero_vector_scores_zero_with_a_finite_gradient(dtype: torch.dtype) -> None:
    query = torch.zeros(1, 3, dtype=dtype, requires_grad=True)
    key = torch.randn(5, 3, dtype=dtype, requires_grad=True)
    scores = Cosine().to(dtype)(query, key)
    assert (scores == 0).all()
    scores.sum().backward()
    assert query.grad is not None
    assert key.grad is not None
    assert key.grad.isfinite().all()


def test_long_vectors_in_half_precision_do_not_overflow() -> None:
    long = torch.full((1, 7), 300.0, dtype=torch.float16)  # 300^2 * 7 is beyond float16
    torch.testing.assert_close(Cosine().half()(long, long), torch.ones(1, 1, dtype=torch.float16))
