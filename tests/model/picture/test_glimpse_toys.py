"""Models find what they are to look at, and fail where they cannot choose where to look."""

import pytest
import torch

from heedful.model.picture.attribute_guided import AttributeGuided, AttributeGuidedConfig, PartAttributes
from heedful.model.picture.fcan import FcanConfig, FullyConvolutionalAttention
from heedful.model.picture.ram import RamConfig, RecurrentAttention
from heedful.model.picture.soft import SoftAttention, SoftConfig
from tests.model.picture.glyphs import PatchEncoder, flagged_pictures, glyph_pictures, scores, train

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


def fcan(**changes) -> FullyConvolutionalAttention:
    """One part of one cell, and no view of the whole picture: what is not looked at cannot be known."""
    config = FcanConfig(parts=1, window=1, whole=False, localiser=32, dropout=0.0, **changes)
    return FullyConvolutionalAttention(config, PatchEncoder(), classes=4)


@pytest.mark.parametrize("reward", ["greedy", "likelihood"])
def test_fcan_finds_the_glyph_and_not_the_brighter_decoy(reward):
    model = train(fcan(reward=reward), glyph_pictures, steps=150)
    accuracy, hits = scores(model, glyph_pictures(2000))
    assert accuracy >= 0.995
    assert hits[0][0] >= 0.998


@pytest.mark.parametrize("policy", ["frozen", "centre"])
def test_fcan_that_cannot_choose_guesses(policy):
    model = train(fcan(policy=policy), glyph_pictures, steps=150)
    accuracy, hits = scores(model, glyph_pictures(2000))
    assert accuracy <= 0.45  # about .25 + .75 / 16
    assert hits[0][0] <= 0.25
