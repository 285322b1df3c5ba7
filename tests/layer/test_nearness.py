"""A of ABCNN: in (0, 1], 1 for equal words, symmetric for equal sentences, and finite gradients everywhere."""

import pytest
import torch

import heedful
from heedful.layer.nearness import AsScored, distance, nearness, nearness_attention
from heedful.shapes import keep_from_lengths


def direct(left, right):
    return 1 / (1 + (left.unsqueeze(-2) - right.unsqueeze(-3)).norm(dim=-1))


def test_it_is_the_formula():
    left, right = torch.randn(2, 5, 3, dtype=torch.float64), torch.randn(2, 7, 3, dtype=torch.float64)
    assert torch.allclose(nearness(left, right), direct(left, right), atol=1e-9)
    assert torch.allclose(distance(left, left + 1), torch.tensor(3.0, dtype=torch.float64).sqrt(), atol=1e-9)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_equal_sentences(scale):
    words = torch.randn(3, 7, 11) * scale
    found = nearness(words, words)
    assert ((found > 0) & (found <= 1)).all()
    assert torch.allclose(found, found.mT, atol=1e-6)
    assert torch.allclose(found.diagonal(dim1=-2, dim2=-1), torch.tensor(1.0), atol=2e-3 * max(scale * 11**0.5, 1))


@pytest.mark.parametrize("words", [torch.zeros(1, 3, 5), torch.ones(1, 3, 5), torch.randn(1, 3, 5) * 30])
def test_gradients_are_finite_for_equal_words(words):
    left, right = words.clone().requires_grad_(), words.clone().requires_grad_()
    (nearness(left, right).sum() + distance(left, right).sum()).backward()
    for side in (left, right):
        assert side.grad is not None
        assert side.grad.isfinite().all()


def test_gradients_are_those_of_the_formula():
    left, right = (torch.randn(1, n, 3, dtype=torch.float64, requires_grad=True) for n in (2, 5))
    assert torch.autograd.gradcheck(nearness, (left, right))


def test_half_precision_under_autocast_does_not_blur_it():
    left, right = torch.randn(2, 5, 64), torch.randn(2, 7, 64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = nearness(left, right)
    assert torch.equal(found, nearness(left, right))


def test_the_attention_weighs_by_nearness_and_skips_padding():
    left, right, value = torch.randn(2, 5, 3), torch.randn(2, 7, 3), torch.randn(2, 7, 11)
    keep = keep_from_lengths(torch.tensor([7, 4]), 7)
    attention = nearness_attention()
    with heedful.record(attention) as seen:
        context = attention(left, right, value, keep=keep)
    expected = torch.where(keep.unsqueeze(-2), direct(left, right), 0.0)
    assert torch.allclose(context, expected @ value, atol=1e-5)
    assert torch.allclose(seen.maps["attention"][:, 0], expected, atol=1e-5)


def test_scores_as_weights_are_not_shared_out():
    scores = torch.tensor([[0.5, 1.0, 0.25]])
    assert torch.equal(AsScored()(scores), scores)
    assert AsScored()(scores, torch.tensor([[True, False, True]])).tolist() == [[0.5, 0.0, 0.25]]
