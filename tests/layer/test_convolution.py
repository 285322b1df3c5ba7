"""Wide windows and means, by hand; padding takes part in nothing."""

import pytest
import torch

from heedful.layer.convolution import WideConvolution, sentence_mean, window_mean, windows_kept
from heedful.shapes import keep_from_lengths

LENGTHS = torch.tensor([5, 1, 3, 0])
KEEP = keep_from_lengths(LENGTHS, 5)


def test_a_window_is_worked_by_hand():
    layer = WideConvolution(1, 1, width=2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[[2.0, 3.0]]]))
        layer.bias.fill_(0.5)
    words = torch.tensor([[[0.1], [0.2]]])
    found = layer(words, torch.ones(1, 2, dtype=torch.bool))
    # Windows [0, 0.1], [0.1, 0.2], [0.2, 0].
    assert torch.allclose(found.flatten(), torch.tanh(torch.tensor([0.3 + 0.5, 0.2 + 0.6 + 0.5, 0.4 + 0.5])))


@pytest.mark.parametrize("width", [1, 2, 4, 7])
def test_pooling_brings_a_sentence_back_to_its_length(width):
    windows = WideConvolution(3, 7, width)(torch.randn(4, 5, 3), KEEP)
    assert windows.shape == (4, 5 + width - 1, 7)
    assert window_mean(windows, width).shape == (4, 5, 7)


def test_a_row_has_a_window_for_each_touch():
    assert windows_kept(KEEP, 3).sum(-1).tolist() == [7, 3, 5, 0]


@pytest.mark.parametrize("rubbish", [7.0, float("nan"), float("inf")])
def test_padding_is_never_read(rubbish):
    layer, words = WideConvolution(3, 7, 4), torch.randn(4, 5, 3)
    spoiled = torch.where(KEEP.unsqueeze(-1), words, rubbish).requires_grad_()
    found, expected = layer(spoiled, KEEP), layer(words, KEEP)
    assert torch.equal(found, expected)
    assert (found[~windows_kept(KEEP, 4)] == 0).all()
    assert torch.equal(sentence_mean(spoiled, KEEP), sentence_mean(words, KEEP))
    found.sum().backward()
    assert spoiled.grad is not None
    assert (spoiled.grad[~KEEP] == 0).all()


def test_a_batch_of_one_equals_its_row():
    layer, words = WideConvolution(3, 7, 4), torch.randn(4, 5, 3)
    together = layer(words, KEEP)
    for row, length in enumerate(LENGTHS.tolist()[:3]):
        alone = layer(words[row : row + 1, :length], KEEP[row : row + 1, :length])
        assert torch.allclose(alone[0], together[row, : length + 3], atol=1e-6)
        means = window_mean(alone, 4), window_mean(together[row : row + 1], 4)[:, :length]
        assert torch.allclose(*means, atol=1e-6)


def test_means_worked_by_hand():
    windows = torch.tensor([[[1.0], [2.0], [4.0], [8.0]]])
    weight = torch.tensor([[1.0, 0.0, 2.0, 1.0]])
    assert window_mean(windows, 2).flatten().tolist() == [1.5, 3.0, 6.0]
    assert window_mean(windows, 2, weight).flatten().tolist() == [0.5, 4.0, 8.0]
    keep = torch.tensor([[True, True, True, False]])
    assert torch.allclose(sentence_mean(windows, keep), torch.tensor(7 / 3))
    assert torch.allclose(sentence_mean(windows, keep, weight), torch.tensor(3.0))
    assert sentence_mean(windows, torch.zeros(1, 4, dtype=torch.bool)).item() == 0


def test_a_window_holds_a_word():
    with pytest.raises(ValueError, match="width is 0"):
        WideConvolution(3, 7, 0)
