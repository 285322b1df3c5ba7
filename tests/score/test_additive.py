"""The additive score: known values, Luong's concat, and its bound."""

import math

import torch
from torch import nn

from heedful.score import Additive


def test_by_hand() -> None:
    score = Additive(2, 2, 1)
    with torch.no_grad():
        score.query_projection.weight.copy_(torch.tensor([[1.0, 1.0]]))
        score.query_projection.bias.copy_(torch.tensor([0.5]))
        score.key_projection.weight.copy_(torch.tensor([[0.0, 0.25]]))
        score.weight.copy_(torch.tensor([2.0]))
    # W q + b = -1 + 0 + 0.5 = -0.5; U k = 1 and 0.25: v tanh(0.5) and v tanh(-0.25)
    found = score(torch.tensor([[-1.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    torch.testing.assert_close(found, torch.tensor([[2 * math.tanh(0.5), 2 * math.tanh(-0.25)]]))


def test_it_is_luongs_concat() -> None:
    # v^T tanh(W [q; k]) with W = [W_q U] (systems.md 1.1)
    score = Additive(3, 5, 7)
    with torch.no_grad():
        nn.init.zeros_(score.query_projection.bias)
    whole = torch.cat([score.query_projection.weight, score.key_projection.weight], 1)
    query, key = torch.randn(3), torch.randn(5)
    expected = score.weight @ torch.tanh(whole @ torch.cat([query, key]))
    torch.testing.assert_close(score(query[None], key[None]).squeeze(), expected)


def test_its_parameters_are_named_as_promised() -> None:
    shapes = {name: tuple(parameter.shape) for name, parameter in Additive(3, 5, 7).named_parameters()}
    assert shapes == {
        "query_projection.weight": (7, 3),
        "query_projection.bias": (7,),
        "key_projection.weight": (7, 5),
        "weight": (7,),
    }


def test_it_is_bounded_by_its_weight() -> None:
    # |v^T tanh(.)| <= |v|_1: it predicts how sharp it can be (systems.md 5.8)
    score = Additive(3, 5, 7)
    scores = score(1e4 * torch.randn(11, 3), 1e4 * torch.randn(13, 5))
    assert scores.abs().max().item() <= score.weight.abs().sum().item() * (1 + 1e-6)


def test_a_hidden_layer_of_none_scores_zero() -> None:
    score = Additive(3, 5, 1)
    with torch.no_grad():
        nn.init.zeros_(score.weight)
    assert (score(torch.randn(2, 3), torch.randn(4, 5)) == 0).all()
