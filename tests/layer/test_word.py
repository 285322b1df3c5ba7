"""Word vectors that share features: the sum that they are, and words hidden in training only."""

import torch

from heedful.layer.word import FeatureEmbedding

FEATURES = torch.tensor([[-1, -1], [0, 1], [0, -1], [2, 1], [0, 1]])
HIDDEN_AS = torch.tensor([0, 2, 2, 3, 2])


def make(rate: float = 0.0) -> FeatureEmbedding:
    return FeatureEmbedding(FEATURES, 7, hidden_as=HIDDEN_AS, hiding=torch.tensor([0.0, rate, 0.0, 0.0, rate]))


def test_a_vector_is_its_own_and_its_features() -> None:
    words = make().eval()
    found = words(torch.tensor([[0, 1], [2, 3]]))
    own, shared = words.own, words.shared
    expected = [own[0], own[1] + shared[0] + shared[1], own[2] + shared[0], own[3] + shared[2] + shared[1]]
    torch.testing.assert_close(found.flatten(0, 1), torch.stack(expected))


def test_words_are_hidden_while_it_learns_as_often_as_said() -> None:
    words, text = make(0.25), torch.ones(20_000, dtype=torch.long)
    hidden = (words(text) == words.eval()(torch.tensor([2]))).all(-1).double().mean().item()
    assert abs(hidden - 0.25) < 0.02
    assert torch.equal(words(text[:1]), words(text[:1]))
    assert not torch.equal(words(text[:1]), words(torch.tensor([2])))


def test_features_learn_for_all_who_have_them() -> None:
    words = make()
    words(torch.tensor([1])).sum().backward()
    assert words.shared.grad is not None
    assert words.own.grad is not None
    assert words.shared.grad.abs().sum(1).gt(0).tolist() == [True, True, False]
    assert words.own.grad.abs().sum(1).gt(0).tolist() == [False, True, False, False, False]


def test_vectors_are_about_as_long_as_asked() -> None:
    torch.manual_seed(0)
    rows = torch.arange(200).view(200, 1) % 20
    words = FeatureEmbedding(
        rows, 128, hidden_as=torch.arange(200), hiding=torch.zeros(200), scale=3.0
    ).eval()  # fmt: skip
    assert abs(words(torch.arange(200)).norm(dim=-1).mean().item() - 3.0) < 0.3
