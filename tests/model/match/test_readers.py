"""Siamese and cross-attention matching: formulas by hand, padding, batches of one, what is recorded."""

from dataclasses import replace

import pytest
import torch

import heedful
from heedful.data.matched import MatchBatch, MatchExample, collate_matches
from heedful.errors import UserError
from heedful.model.attention_config import AttentionConfig
from heedful.model.match.cross import CrossConfig, CrossMatch
from heedful.model.match.goal import Classes
from heedful.model.match.siamese import SiameseConfig, SiameseMatch
from heedful.model.text import TextConfig
from heedful.watch import attentions

WORDS = 23
TEXT = TextConfig(embed=5, hidden=7, dropout=0.0, embed_dropout=0.0)
EXAMPLES = [
    MatchExample([4, 5, 6, 7, 8], [6, 7, 9], 1.0, (0.5,)),
    MatchExample([10], [11, 12, 13, 14, 15, 16, 17], 0.0, (0.1,)),
    MatchExample([4, 5, 6], [4, 5, 6], 1.0, (0.9,)),
]


def siamese(**changes) -> SiameseMatch:
    config = SiameseConfig(text=TEXT.model_copy(update=changes), hidden=3, dropout=0.0)
    return SiameseMatch(config, WORDS, Classes(2), features=1).eval()


def cross(**changes) -> CrossMatch:
    config = CrossConfig(**{"text": TEXT, "compare": 3, "hidden": 3, "dropout": 0.0} | changes)
    return CrossMatch(config, WORDS, Classes(2), features=1).eval()


MODELS = {
    "siamese": siamese,
    "siamese-max": lambda: siamese(pooling="max"),
    "siamese-last": lambda: siamese(pooling="last"),
    "siamese-asked": lambda: siamese(pooling="asked"),
    "cross": cross,
    "decomposable": lambda: cross(text=TEXT.model_copy(update={"encoder": "words"}), compose="words"),
    "cross-additive": lambda: cross(attention=AttentionConfig(score="additive")),
}
every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


@every_model
def test_padding_and_neighbours_change_nothing(make):
    model, batch = make(), collate_matches(EXAMPLES)
    together = model(batch)
    for row, example in enumerate(EXAMPLES):
        assert torch.allclose(model(collate_matches([example]))[0], together[row], atol=1e-5)
    pad = torch.nn.functional.pad
    longer = replace(batch, left=pad(batch.left, (0, 6), value=3), right=pad(batch.right, (0, 4)))
    assert torch.allclose(model(longer), together, atol=1e-5)


@every_model
def test_every_parameter_learns(make):
    model = make()
    model.loss(collate_matches(EXAMPLES)).total.backward()
    still = [name for name, value in model.named_parameters() if value.grad is None or not value.grad.any()]
    assert still == []


@every_model
def test_recording_changes_no_bit(make):
    model, batch = make(), collate_matches(EXAMPLES)
    expected = model(batch)
    if not attentions(model):
        return
    with heedful.record(model):
        assert torch.equal(model(batch), expected)


def test_the_features_of_a_siamese_pair():
    model = siamese(pooling="mean", encoder="words")
    batch: MatchBatch = collate_matches(EXAMPLES[:1])
    vectors = model.vectors.embedding.weight
    left, right = vectors[EXAMPLES[0].left].mean(0), vectors[EXAMPLES[0].right].mean(0)
    pair = torch.cat([left, right, (left - right).abs(), left * right]).unsqueeze(0)
    assert torch.allclose(model(batch), model.verdict(pair, batch.features), atol=1e-6)


def test_each_text_looks_at_the_other():
    model, batch = cross(), collate_matches(EXAMPLES)
    with heedful.record(model) as seen:
        model(batch)
    assert {name: tuple(found.shape) for name, found in seen.maps.items()} == {
        "left": (3, 1, 5, 7),
        "right": (3, 1, 7, 5),
    }
    assert torch.allclose(seen.maps["left"][0].sum(-1), torch.ones(1, 5))
    assert (seen.maps["left"][0, :, :, 3:] == 0).all()


def test_names_that_are_not_known():
    with pytest.raises(UserError, match=r"unknown encoder 'rnm' .*did you mean 'rnn'"):
        CrossConfig(compose="rnm")
