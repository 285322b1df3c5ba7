"""The cosine: known values, its cap, its temperature, and the zero vector."""

import math

import pytest
import torch

from heedful.attention import align, attend
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


SIZES = {
    torch.float32: [1e-45, 1e-40, 5e-7, 1e-3, 1.0, 1e10, 1e20, 3e38],
    torch.float64: [5e-324, 1e-200, 5e-7, 1.0, 1e20, 1e200, 1e308],
    torch.bfloat16: [1e-38, 5e-7, 1.0, 1e20, 3e38],
    torch.float16: [6e-8, 1e-4, 1.0, 300.0, 65504.0],
}


@pytest.mark.parametrize(
    ("dtype", "size"), [(dtype, size) for dtype, sizes in SIZES.items() for size in sizes], ids=str
)
def test_a_vector_of_any_length_is_like_itself(dtype: torch.dtype, size: float) -> None:
    for width in (1, 4, 7):
        vector = torch.full((1, 1, width), size, dtype=torch.float64).to(dtype)
        other = torch.ones(1, 1, width, dtype=dtype)
        score = Cosine().to(dtype)
        for found in (score(vector, vector), score(vector, -other), score(other, vector)):
            assert float(found.detach().abs()) == pytest.approx(1.0, abs=4 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("engine", ["auto", "plain", "cpu", "sdpa"])
def test_lengths_are_nothing_to_any_engine(engine: str) -> None:
    query, key, value = torch.randn(1, 5, 4), torch.randn(1, 7, 4), torch.randn(1, 7, 3)
    expected = attend(query, key, value, score=Cosine(5.0), engine="plain")
    scaled = key * torch.tensor([1e-20, 1e-7, 1.0, 1e10, 1e19, 1e-30, 2.0]).view(1, 7, 1)
    torch.testing.assert_close(attend(query * 1e-10, scaled, value, score=Cosine(5.0), engine=engine), expected)


def test_gradients_of_short_and_long_vectors_are_right() -> None:
    for size in (1e-12, 1.0, 1e12):
        query = torch.tensor([[3.0, 4.0]], dtype=torch.float64).mul(size).requires_grad_()
        key = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
        (slope,) = torch.autograd.grad(Cosine().double()(query, key).sum(), query)
        # d cos / dq = (k - cos q / |q|) / |q|, with cos = 3 / 5 and |q| = 5 size
        torch.testing.assert_close(slope * size, torch.tensor([[1 - 0.36, -0.48]], dtype=torch.float64) / 5)


def test_vectors_of_everyday_length_score_as_by_the_formula_to_the_bit() -> None:
    """Powers of two round nothing: models that were trained before score as they did."""
    query, key = torch.randn(50, 16), torch.randn(60, 16) * 7
    by_formula = [each * torch.rsqrt(each.square().sum(-1, keepdim=True)) for each in (query, key)]
    assert torch.equal(Cosine()(query, key), by_formula[0] @ by_formula[1].T)


def test_vectors_of_no_width_score_zero() -> None:
    assert torch.equal(Cosine()(torch.zeros(2, 0), torch.zeros(3, 0)), torch.zeros(2, 3))
