"""The bilinear score: known values, the identity, and low rank."""

import torch

from heedful.score import Dot, General


def with_weight(weight: torch.Tensor) -> General:
    score = General(*weight.shape).to(weight.dtype)
    with torch.no_grad():
        score.weight.copy_(weight)
    return score


def test_by_hand() -> None:
    # q^T W = (1 * 1 + 2 * 0, 1 * 1 + 2 * 2) = (1, 5); with (3, 4): 23, with (0, 1): 5
    score = with_weight(torch.tensor([[1.0, 1.0], [0.0, 2.0]]))
    found = score(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    torch.testing.assert_close(found, torch.tensor([[23.0, 5.0]]))


def test_the_identity_is_the_dot_product() -> None:
    query, key = torch.randn(2, 5, 3), torch.randn(2, 7, 3)
    torch.testing.assert_close(with_weight(torch.eye(3))(query, key), Dot(1.0)(query, key))


def test_rank_r_is_a_dot_product_in_r_dimensions() -> None:
    # W = A B^T with r columns: q^T W k = (A^T q) . (B^T k), one attention head (systems.md 5.1).
    a, b = torch.randn(5, 2, dtype=torch.float64), torch.randn(7, 2, dtype=torch.float64)
    query, key = torch.randn(3, 5, dtype=torch.float64), torch.randn(11, 7, dtype=torch.float64)
    torch.testing.assert_close(with_weight(a @ b.T)(query, key), Dot(1.0)(query @ a, key @ b))


def test_it_begins_with_unit_variance() -> None:
    scores = General(101, 53)(torch.randn(211, 101), torch.randn(223, 53))
    assert 0.7 < scores.var().item() < 1.4
