"""The linear concatenation cannot look: every query gets the same weights."""

import torch

from heedful.attention import align, attend
from heedful.score import Additive, Concat


def test_by_hand() -> None:
    score = Concat(2, 2)
    with torch.no_grad():
        score.query_weight.copy_(torch.tensor([1.0, 1.0]))
        score.key_weight.copy_(torch.tensor([0.0, 2.0]))
    # 1 + 2 + 0 + 8 = 11 and 1 + 2 + 0 + 2 = 5
    found = score(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    torch.testing.assert_close(found, torch.tensor([[11.0, 5.0]]))


def test_every_query_gets_the_same_weights() -> None:
    query, key = torch.randn(2, 5, 3, dtype=torch.float64), torch.randn(2, 7, 4, dtype=torch.float64)
    weights = align(query, key, score=Concat(3, 4).double())
    torch.testing.assert_close(weights, weights[:, :1].expand_as(weights), rtol=0, atol=1e-15)
    moving = align(query, key, score=Additive(3, 4, 11).double())
    assert (moving - moving[:, :1]).abs().max().item() > 1e-3  # a hidden layer after mixing is what looks


def test_the_query_learns_nothing() -> None:
    query, key = torch.randn(5, 3, dtype=torch.float64, requires_grad=True), torch.randn(7, 4, dtype=torch.float64)
    score = Concat(3, 4).double()
    loss = attend(query, key, score=score).square().sum()
    for useless in torch.autograd.grad(loss, (query, score.query_weight)):
        assert float(useless.abs().max()) < 1e-12
