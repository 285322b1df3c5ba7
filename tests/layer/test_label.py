"""Scores of labels: their loss by torch's, unlabelled rows, and rows of weights that stay short."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from heedful.layer.label import LabelOutput, label_loss


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_the_cross_entropy_of_labelled_rows(smoothing: float) -> None:
    logits, labels = torch.randn(5, 3, dtype=torch.float64, requires_grad=True), torch.tensor([0, -1, 2, 1, -1])
    loss = label_loss(logits, labels, smoothing=smoothing)
    wanted = cross_entropy(logits, labels, ignore_index=-1, reduction="sum", label_smoothing=smoothing)
    torch.testing.assert_close(loss.total, wanted)
    torch.testing.assert_close(loss.nll, cross_entropy(logits, labels, ignore_index=-1, reduction="sum").detach())
    assert loss.tokens == 3
    (gradient,) = torch.autograd.grad(loss.total, logits)
    assert gradient[labels < 0].eq(0).all()


def test_each_row_counts_its_share() -> None:
    logits, labels, share = torch.randn(3, 4), torch.tensor([0, 3, 2]), torch.tensor([0.5, 0.0, 2.0])
    wanted = cross_entropy(logits, labels, reduction="none") @ share
    torch.testing.assert_close(label_loss(logits, labels, share=share).total, wanted)


def test_half_precision_is_summed_in_float32() -> None:
    logits = torch.randn(7, 3).bfloat16()
    assert label_loss(logits, torch.zeros(7, dtype=torch.long)).total.dtype == torch.float32


def test_rows_of_weights_are_shortened_to_the_bound_and_short_ones_left() -> None:
    output = LabelOutput(4, 3, max_norm=3.0)
    with torch.no_grad():
        output.weight.copy_(torch.tensor([[6.0, 8.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 3.0]]))
    output.to_bounds()
    torch.testing.assert_close(output.weight[0], torch.tensor([1.8, 2.4, 0.0, 0.0]), rtol=1e-5, atol=0.0)
    assert output.weight[1:].tolist() == [[1.0] * 4, [0.0, 0.0, 0.0, 3.0]]
    free = LabelOutput(4, 3)
    with torch.no_grad():
        free.weight.fill_(9.0)
    free.to_bounds()
    assert free.weight.eq(9.0).all()
