"""Word vectors are rows of the weight, scaled; the weight can serve as an output too."""

import torch

from heedful.layer.embedding import TokenEmbedding


def test_rows_are_scaled() -> None:
    embedding = TokenEmbedding(11, 9)
    tokens = torch.tensor([[3, 10, 0], [3, 3, 7]])
    torch.testing.assert_close(embedding(tokens), 3.0 * embedding.weight[tokens])
    assert embedding(torch.empty(0, 2, dtype=torch.long)).shape == (0, 2, 9)


def test_entries_are_of_order_one_and_rows_of_unit_length() -> None:
    torch.manual_seed(0)
    embedding = TokenEmbedding(1009, 64)
    assert abs(embedding(torch.arange(1009)).std().item() - 1.0) < 0.02
    assert abs(embedding.weight.norm(dim=1).mean().item() - 1.0) < 0.02


def test_both_uses_of_a_tied_weight_reach_its_gradient() -> None:
    embedding = TokenEmbedding(5, 3)
    hidden = embedding(torch.tensor([2]))
    (hidden.detach() @ embedding.weight.T).sum().backward()
    assert (embedding.weight.grad != 0).all()
    embedding.weight.grad = None
    hidden.sum().backward()
    assert (embedding.weight.grad[2] == 3**0.5).all()
    assert (embedding.weight.grad[[0, 1, 3, 4]] == 0).all()
