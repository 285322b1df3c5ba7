"""The location score: where to look from the query alone."""

import torch

from heedful.attention import Memory, align, attend
from heedful.score import Location


def test_by_hand() -> None:
    score = Location(2, 3)
    with torch.no_grad():
        score.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    found = score(torch.tensor([[2.0, 5.0]]), torch.randn(3, 7))
    torch.testing.assert_close(found, torch.tensor([[2.0, 5.0, 7.0]]))
    torch.testing.assert_close(score(torch.tensor([[2.0, 5.0]]), torch.randn(2, 7)), torch.tensor([[2.0, 5.0]]))


def test_keys_are_not_read() -> None:
    score, query = Location(3, 11), torch.randn(2, 5, 3)
    assert torch.equal(align(query, torch.randn(2, 7, 4), score=score), align(query, torch.zeros(2, 7, 4), score=score))


def test_a_memory_that_grows_goes_on_counting() -> None:
    score, query, key = Location(3, 11), torch.randn(2, 5, 3), torch.randn(2, 7, 4)
    memory = Memory(key[:, :2], key[:, :2]).project(score)
    for s in range(2, 7):
        memory = memory.extend(Memory(key[:, s : s + 1], key[:, s : s + 1]).project(score))
    torch.testing.assert_close(attend(query, memory), attend(query, key, score=score))
