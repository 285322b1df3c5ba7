"""What a pair's outputs mean: losses against torch's and by hand."""

import pytest
import torch

from heedful.model.match.goal import Classes, Relevance, Similarity, goal_loss
from heedful.shapes import ShapeError


def test_classes():
    outputs, labels = torch.randn(3, 5), torch.tensor([4.0, 0.0, 2.0])
    loss = goal_loss(Classes(5), outputs, labels)
    assert torch.allclose(loss.total, -torch.log_softmax(outputs, -1)[range(3), labels.long()].sum())
    assert loss.tokens == 3
    assert torch.allclose(Classes(5).answer(outputs).sum(-1), torch.ones(3))


def test_relevance():
    outputs = torch.tensor([[0.0], [2.0]])
    expected = torch.tensor(0.5).log() + torch.sigmoid(torch.tensor(2.0)).log()
    assert torch.allclose(goal_loss(Relevance(), outputs, torch.ones(2)).total, -expected)
    assert Relevance().answer(outputs)[0].item() == 0.5


def test_similarity_stays_on_its_scale():
    goal = Similarity(1.0, 5.0)
    assert torch.allclose(goal.answer(torch.tensor([[-99.0], [0.0], [99.0]])), torch.tensor([[1.0], [3.0], [5.0]]))
    # From 3 to 5 are five tenths of the scale: half of 25.
    assert goal_loss(goal, torch.zeros(1, 1), torch.tensor([5.0])).total.item() == pytest.approx(12.5)


def test_rows_without_a_label_add_nothing():
    outputs = torch.randn(3, 1)
    assert torch.equal(
        goal_loss(Relevance(), outputs, torch.ones(1)).total, Relevance().loss(outputs[:1], torch.ones(1))
    )
    none = goal_loss(Relevance(), outputs, torch.ones(0))
    assert (none.total.item(), none.tokens) == (0.0, 0)
    with pytest.raises(ShapeError, match=r"labels float32\[4\] are more"):
        goal_loss(Relevance(), outputs, torch.ones(4))
