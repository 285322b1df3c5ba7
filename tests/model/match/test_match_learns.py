"""Toys that only attention between the texts can solve, with the models that cannot beside those that can.

A shared 4-gram among random words, for ABCNN: positive pairs share four words in a row, negative ones some words by
chance, so that the bag of words decides three in four pairs. One shared word, for cross-attention: positive pairs share
a word, negative ones none, and the word's place in the other text is where it has to look.
"""

import pytest
import torch

import heedful
from heedful.data.matched import MatchBatch
from heedful.model.match.convolutional import PRESETS, ConvolutionalMatch
from heedful.model.match.cross import CrossConfig, CrossMatch
from heedful.model.match.goal import Classes
from heedful.model.match.siamese import SiameseConfig, SiameseMatch
from heedful.model.text import TextConfig
from heedful.watch import attentions

WORDS, LENGTH, GRAM = 200, 12, 4


def batch_of(left: torch.Tensor, right: torch.Tensor, label: torch.Tensor) -> MatchBatch:
    rows = left.shape[0]
    lengths = torch.full((rows,), LENGTH)
    return MatchBatch(left, lengths, right, lengths, torch.zeros(rows, 0), label.float(), list(range(rows)), rows)


def shared_gram(rows: int, generator: torch.Generator) -> MatchBatch:
    """Half of the pairs share a 4-gram."""
    left, right = torch.randint(4, 4 + WORDS, (2, rows, LENGTH), generator=generator)
    label = torch.arange(rows) % 2
    there, here = torch.randint(0, LENGTH - GRAM + 1, (2, rows, 1), generator=generator)
    offsets = torch.arange(GRAM)
    planted = right.scatter(1, here + offsets, left.gather(1, there + offsets))
    return batch_of(left, torch.where(label.unsqueeze(1) == 1, planted, right), label)


def shared_word(rows: int, generator: torch.Generator) -> MatchBatch:
    """The texts have no word in common but, in half of the pairs, one; labels tell."""
    order = torch.rand(rows, WORDS, generator=generator).argsort(1) + 4
    left, right = order[:, :LENGTH], order[:, LENGTH : 2 * LENGTH]
    label = torch.arange(rows) % 2
    there, here = torch.randint(0, LENGTH, (2, rows, 1), generator=generator)
    planted = right.scatter(1, here, left.gather(1, there))
    return batch_of(left, torch.where(label.unsqueeze(1) == 1, planted, right), label)


def train(model, make, steps: int, rate: float):
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        optimiser.zero_grad()
        (model.loss(make(64, generator)).total / 64).backward()
        optimiser.step()
    return model.eval()


@torch.no_grad()
def accuracy(model, make) -> float:
    batch = make(1000, torch.Generator().manual_seed(999))
    return float((model(batch).argmax(-1) == batch.labels.long()).float().mean())


def convolutional(name: str, steps: int, *, rate: float, blocks: int = 1) -> ConvolutionalMatch:
    changes = {"embed": 16, "spread": 4.0, "kernels": 16, "dropout": 0.0, "max_length": LENGTH, "blocks": blocks}
    model = ConvolutionalMatch(PRESETS[name].model_copy(update=changes), WORDS + 4, Classes(2))
    return train(model, shared_gram, steps, rate)


class AllAlike(torch.nn.Module):
    """A score by which every word is as near as every other."""

    def forward(self, query, key):
        return query.new_full((*query.shape[:-1], key.shape[-2]), 0.2)


def blinded(model):
    """The same weights, but nothing is told apart by looking."""
    for attention in attentions(model).values():
        attention.score = AllAlike()
    return model


@pytest.mark.parametrize("name", ["abcnn1", "abcnn3"])
def test_attention_at_the_input_finds_a_shared_gram(name):
    """BCNN counts words; ABCNN sees them in a row; with A made even it does no better than BCNN.

    Not down to chance: what it compares at every level besides A still counts words.
    """
    without, model = (convolutional(one, 600, rate=6e-3) for one in ("bcnn", name))
    scores = accuracy(without, shared_gram), accuracy(model, shared_gram)
    assert scores[1] >= scores[0] + 0.10, scores
    blind = accuracy(blinded(model), shared_gram)
    assert blind <= min(scores[0] + 0.05, scores[1] - 0.10), (blind, scores)


@pytest.mark.slow
def test_two_blocks_find_a_shared_gram():
    """Attention at the pooling alone does not help here."""
    scores = {name: accuracy(convolutional(name, 4000, rate=3e-3, blocks=2), shared_gram) for name in PRESETS}
    for name in ("abcnn1", "abcnn3"):
        assert scores[name] >= max(0.93, scores["bcnn"] + 0.10, scores["abcnn2"] + 0.10), scores


TEXT = TextConfig(encoder="words", embed=32, dropout=0.0, embed_dropout=0.0, pooling="mean")


def test_cross_attention_finds_the_shared_word_and_looks_at_it():
    cross = CrossConfig(text=TEXT, compose="words", compare=32, hidden=32, dropout=0.0)
    looking = train(CrossMatch(cross, WORDS + 4, Classes(2)), shared_word, 300, 1e-2)
    siamese = SiameseConfig(text=TEXT, hidden=32, dropout=0.0)
    apart = train(SiameseMatch(siamese, WORDS + 4, Classes(2)), shared_word, 300, 1e-2)
    assert accuracy(looking, shared_word) >= 0.97
    assert accuracy(apart, shared_word) <= 0.75
    batch = shared_word(200, torch.Generator().manual_seed(7))
    with heedful.record(looking) as seen:
        looking(batch)
    same = batch.left.unsqueeze(2) == batch.right.unsqueeze(1)
    hits = seen.maps["left"][:, 0].argmax(-1)[same.any(2)] == same.float().argmax(-1)[same.any(2)]
    assert hits.float().mean() >= 0.95
    assert accuracy(blinded(looking), shared_word) <= 0.65
