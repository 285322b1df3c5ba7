"""Readouts against their papers' equations, term by term."""

import torch

from heedful.layer.readout import Attentional, Maxout, beside


def test_maxout_takes_the_larger_of_each_pair() -> None:
    maxout = Maxout(5, 3).double()
    inputs = torch.randn(2, 7, 5, dtype=torch.float64)
    pairs = maxout.projection(inputs)
    result = maxout(inputs)
    for k in range(3):
        expected = torch.where(pairs[..., 2 * k] > pairs[..., 2 * k + 1], pairs[..., 2 * k], pairs[..., 2 * k + 1])
        torch.testing.assert_close(result[..., k], expected)


def test_attentional_reads_context_then_state() -> None:
    readout = Attentional(2, 3, 5).double()
    context, hidden = torch.randn(7, 2, dtype=torch.float64), torch.randn(7, 3, dtype=torch.float64)
    weight = readout.projection.weight
    expected = torch.tanh(context @ weight[:, :2].T + hidden @ weight[:, 2:].T)
    torch.testing.assert_close(readout(beside(context, hidden)), expected)


def test_beside_takes_the_narrowest_dtype() -> None:
    joined = beside(torch.ones(2, 3), torch.ones(2, 5, dtype=torch.bfloat16))
    assert joined.shape == (2, 8)
    assert joined.dtype == torch.bfloat16
