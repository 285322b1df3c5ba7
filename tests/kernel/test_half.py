"""Half precision on a CPU: as exact as torch's own attention at the same precision, whatever `auto` takes."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from heedful import Causal, Cosine, Dot, Everywhere, MultiHead, align, attend, select


def draw(*shape: int, seed: int, times: float = 1.0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * times


def rms(found: Tensor, exact: Tensor) -> float:
    return float((found.double() - exact).square().mean().sqrt())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("learns", [False, True], ids=["quiet", "learns"])
@pytest.mark.parametrize(
    "size", [(1, 2, 1, 40, 64), (2, 2, 5, 7, 16), (1, 2, 256, 256, 64), (1, 1, 520, 530, 32)], ids=str
)
@pytest.mark.parametrize("causal", [False, True], ids=["everywhere", "causal"])
@pytest.mark.parametrize("times", [1.0, 3.0])
def test_its_error_is_at_most_twice_that_of_torch(causal: bool, size, learns: bool, dtype, times: float) -> None:
    batch, heads, queries, keys, width = size
    keys = queries if causal else keys  # torch aligns the first query with the first key
    query = draw(batch, heads, queries, width, seed=1, times=times).to(dtype)
    key, value = (draw(batch, heads, keys, width, seed=seed).to(dtype) for seed in (2, 3))
    exact = scaled_dot_product_attention(query.double(), key.double(), value.double(), is_causal=causal)
    reference = scaled_dot_product_attention(query, key, value, is_causal=causal)
    region = Causal() if causal else Everywhere()
    with torch.set_grad_enabled(learns):
        found = attend(query.requires_grad_(learns), key, value, region=region)
        plain = attend(query, key, value, region=region, engine="plain")
    for context in (found.detach(), plain.detach()):
        assert context.dtype == dtype
        assert rms(context, exact) <= 2 * rms(reference, exact)


def test_the_check_sees_scores_that_are_rounded_to_half_precision() -> None:
    query, key = (draw(1, 2, 64, 64, seed=seed, times=times).bfloat16() for seed, times in ((1, 3.0), (2, 1.0)))
    exact = scaled_dot_product_attention(query.double(), key.double(), key.double())
    reference = scaled_dot_product_attention(query, key, key)
    rounded = torch.softmax((query * 0.125 @ key.mT).float(), -1).bfloat16() @ key
    assert rms(rounded, exact) > 2 * rms(reference, exact)


def test_under_autocast_too() -> None:
    query, key = draw(1, 2, 64, 64, seed=1, times=3.0), draw(1, 2, 64, 64, seed=2)
    exact = scaled_dot_product_attention(query.double(), key.double(), key.double())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        reference = scaled_dot_product_attention(query, key, key)
        found, weights = attend(query, key), align(query, key)
    assert found.dtype == torch.bfloat16
    assert weights.dtype == torch.float32
    assert rms(found, exact) <= 2 * rms(reference, exact)
    torch.testing.assert_close(weights, align(query, key), rtol=1e-4, atol=1e-6)


def test_weights_of_half_precision_are_those_of_its_numbers() -> None:
    """The map, and what is selected by it, are computed from the very numbers that were passed."""
    query, key = (draw(1, 5, 16, seed=seed, times=3.0).bfloat16() for seed in (1, 2))
    for score in (Dot(1.0), Cosine(8.0)):
        exact = align(query.double(), key.double(), score=score.double(), engine="plain")
        tolerance = 1e-5 if isinstance(score, Dot) else 0.1
        torch.testing.assert_close(
            align(query, key, score=score.float().to(torch.bfloat16)).double(), exact, rtol=tolerance, atol=tolerance
        )
    assert torch.equal(select(query, key, score=Dot(1.0)).index, align(query, key, score=Dot(1.0)).argmax(-1))


def test_a_layer_learns_in_half_precision() -> None:
    torch.manual_seed(1)
    layer, states = MultiHead(16, 2), draw(2, 9, 16, seed=1, times=3.0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = layer(states, states).float().square().mean()
    slopes = torch.autograd.grad(loss, list(layer.parameters()))
    expected = torch.autograd.grad(layer(states, states).square().mean(), list(layer.parameters()))
    for slope, exact in zip(slopes, expected, strict=True):
        assert float((slope - exact).norm()) <= 0.1 * float(exact.norm()) + 0.01
