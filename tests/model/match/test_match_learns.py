"""Toys that only attention between the texts can solve, with the models that cannot beside those that can.

A shared 4-gram among random words, for ABCNN: positive pairs share four words in a row, negative ones some words by
chance, so that the bag of words decides three in four pairs. A bigram to find in a text, for ABCNN-2: its words stand
in every text, in positive pairs side by side and in order, so that the bag of words decides nothing. One shared word,
for cross-attention: positive pairs share a word, negative ones none, and its place in the other text is where to look.
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
TEXT_LENGTH, BIGRAM = 20, 2


pytestmark = pytest.mark.usefixtures("unchecked_shapes")


def batch_of(left: torch.Tensor, right: torch.Tensor, label: torch.Tensor) -> MatchBatch:
    rows = left.shape[0]
    lengths = [torch.full((rows,), side.shape[1]) for side in (left, right)]
    features = torch.zeros(rows, 0)
    return MatchBatch(left, lengths[0], right, lengths[1], features, label.float(), list(range(rows)), rows)


def shared_gram(rows: int, generator: torch.Generator) -> MatchBatch:
    """Half of the pairs share a 4-gram."""
    left, right = torch.randint(4, 4 + WORDS, (2, rows, LENGTH), generator=generator)
    label = torch.arange(rows) % 2
    there, here = torch.randint(0, LENGTH - GRAM + 1, (2, rows, 1), generator=generator)
    offsets = torch.arange(GRAM)
    planted = right.scatter(1, here + offsets, left.gather(1, there + offsets))
    return batch_of(left, torch.where(label.unsqueeze(1) == 1, planted, right), label)


def bigram_in_text(rows: int, generator: torch.Generator) -> MatchBatch:
    """The right text is two words, which the left has side by side in half of the pairs and scattered in the others."""
    left = torch.randint(4, 4 + WORDS, (rows, TEXT_LENGTH), generator=generator)
    right = torch.rand(rows, WORDS, generator=generator).argsort(1)[:, :BIGRAM] + 4
    label = torch.arange(rows) % 2
    start = torch.randint(0, TEXT_LENGTH - BIGRAM + 1, (rows, 1), generator=generator)
    scattered = torch.rand(rows, TEXT_LENGTH, generator=generator).argsort(1)[:, :BIGRAM]
    places = torch.where(label.unsqueeze(1) == 1, start + torch.arange(BIGRAM), scattered)
    return batch_of(left.scatter(1, places, right), right, label)


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


def convolutional(name: str, steps: int, *, rate: float, make=shared_gram, **changes) -> ConvolutionalMatch:
    settings = {"embed": 16, "spread": 4.0, "kernels": 16, "dropout": 0.0, "max_length": LENGTH, "blocks": 1} | changes
    model = ConvolutionalMatch(PRESETS[name].model_copy(update=settings), WORDS + 4, Classes(2))
    return train(model, make, steps, rate)


class AllAlike(torch.nn.Module):
    """A score by which every word is as near as every other."""

    def forward(self, query, key):
        return query.new_full((*query.shape[:-1], key.shape[-2]), 0.2)


def blinded(model):
    """The same weights, but nothing is told apart by looking."""
    for attention in attentions(model).values():
        attention.score = AllAlike()
    return model


@pytest.mark.slow
@pytest.mark.parametrize("name", ["abcnn1", "abcnn3"])
def test_attention_at_the_input_finds_a_shared_gram(name):
    """BCNN counts words; ABCNN sees them in a row; with A made even it does no better than BCNN.

    Not down to chance: what it compares at every level besides A still counts words.
    """
    without, model = (convolutional(one, 600, rate=6e-3) for one in ("bcnn", name))
    scores = accuracy(without, shared_gram), accuracy(model, shared_gram)
    assert scores[0] <= 0.80, scores
    assert scores[1] >= scores[0] + 0.10, scores
    blind = accuracy(blinded(model), shared_gram)
    assert blind <= min(scores[0] + 0.05, scores[1] - 0.10), (blind, scores)


def bigram_hits(model: ConvolutionalMatch) -> float:
    """In how many texts that have the bigram its own window has the most weight of all windows at the pooling."""
    batch = bigram_in_text(400, torch.Generator().manual_seed(7))
    with heedful.record(model) as seen, torch.no_grad():
        model(batch)
    found = (batch.left[:, :-1] == batch.right[:, :1]) & (batch.left[:, 1:] == batch.right[:, 1:])
    window = found.float().argmax(1) + BIGRAM - 1  # of a wide convolution: window j ends with word j
    heaviest = seen.maps["blocks.0.pooling.left"][:, 0].sum(-1).argmax(-1)
    return float((heaviest == window)[batch.labels == 1].float().mean())


@pytest.mark.slow
def test_attention_at_the_pooling_finds_a_bigram_and_weighs_its_window_most():
    """The mean of all windows drowns it; with A made even, so does the same model's."""
    how = {"rate": 2e-2, "make": bigram_in_text, "width": BIGRAM, "kernels": 64, "max_length": TEXT_LENGTH}
    without, model = (convolutional(name, 300, **how) for name in ("bcnn", "abcnn2"))
    assert accuracy(without, bigram_in_text) <= 0.60
    assert accuracy(model, bigram_in_text) >= 0.85
    assert bigram_hits(model) >= 0.95
    blinded(model)
    assert bigram_hits(model) <= 0.15
    assert accuracy(model, bigram_in_text) <= 0.60


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_blocks_find_a_shared_gram():
    """Attention at the pooling alone helps little here."""
    scores = {name: accuracy(convolutional(name, 4000, rate=3e-3, blocks=2), shared_gram) for name in PRESETS}
    assert scores["bcnn"] <= 0.80, scores
    for name in ("abcnn1", "abcnn3"):
        assert scores[name] >= max(0.93, scores["bcnn"] + 0.10, scores["abcnn2"] + 0.10), scores


TEXT = TextConfig(encoder="words", embed=32, hidden=32, dropout=0.0, embed_dropout=0.0, pooling="mean")


@pytest.mark.parametrize(("compose", "rate"), [("words", 5e-3), pytest.param("rnn", 3e-3, marks=pytest.mark.slow)])
def test_cross_attention_finds_the_shared_word_and_looks_at_it(compose, rate):
    """Decomposable attention, and with ESIM's recurrent layer over what was compared."""
    cross = CrossConfig(text=TEXT, compose=compose, compare=32, hidden=32, dropout=0.0)
    looking = train(CrossMatch(cross, WORDS + 4, Classes(2)), shared_word, 500, rate)
    assert accuracy(looking, shared_word) >= 0.99
    batch = shared_word(200, torch.Generator().manual_seed(7))
    with heedful.record(looking) as seen:
        looking(batch)
    same = batch.left.unsqueeze(2) == batch.right.unsqueeze(1)
    hits = seen.maps["left"][:, 0].argmax(-1)[same.any(2)] == same.float().argmax(-1)[same.any(2)]
    assert hits.float().mean() >= 0.99
    assert accuracy(blinded(looking), shared_word) <= 0.65


def test_texts_read_apart_do_not_tell_the_shared_word():
    siamese = SiameseConfig(text=TEXT, hidden=32, dropout=0.0)
    apart = train(SiameseMatch(siamese, WORDS + 4, Classes(2)), shared_word, 500, 5e-3)
    assert accuracy(apart, shared_word) <= 0.75
