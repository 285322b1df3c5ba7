"""The feed-forward layer: its formula, position by position, dropout on the hidden layer."""

import torch
from torch import nn

from heedful.layer.feedforward import FeedForward


def test_is_two_linear_layers_and_a_maximum() -> None:
    layer = FeedForward(5, 13).double()
    vectors = torch.randn(2, 3, 5, dtype=torch.float64)
    hidden = (vectors @ layer.inner.weight.T + layer.inner.bias).clamp(min=0)
    torch.testing.assert_close(layer(vectors), hidden @ layer.outer.weight.T + layer.outer.bias)


def test_gradients_are_right_though_the_maximum_is_in_place() -> None:
    layer = FeedForward(3, 7).double()
    vectors = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, vectors)


def test_dropout_is_inside_and_only_in_training() -> None:
    layer = FeedForward(257, 257, dropout=0.5)
    layer.outer = nn.Identity()  # shows the hidden layer
    vectors = torch.randn(11, 257)
    hidden = layer.eval()(vectors)
    thinned = layer.train()(vectors)
    torch.testing.assert_close(thinned[thinned != 0], 2 * hidden[thinned != 0])
    assert 0.4 < (thinned[hidden > 0] == 0).float().mean() < 0.6
