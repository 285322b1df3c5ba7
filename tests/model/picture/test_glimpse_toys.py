"""Models find what they are to look at, and fail where they cannot choose where to look."""

import pytest
import torch

from heedful.model.picture.attribute_guided import AttributeGuided, AttributeGuidedConfig, PartAttributes
from heedful.model.picture.fcan import FcanConfig, FullyConvolutionalAttention
from heedful.model.picture.soft import SoftAttention, SoftConfig
from tests.model.picture.glyphs import PatchEncoder, flagged_pictures, glyph_pictures, scores, train

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


def fcan(**changes) -> FullyConvolutionalAttention:
    """One part of one cell, and no view of the whole picture: what is not looked at cannot be known."""
    config = FcanConfig(parts=1, window=1, whole=False, localiser=32, dropout=0.0, **changes)
    return FullyConvolutionalAttention(config, PatchEncoder(), classes=5)


def test_fcan_finds_the_glyph_and_not_the_brighter_decoy():
    model = train(fcan(), glyph_pictures, steps=250)
    accuracy, hits = scores(model, glyph_pictures(2000))
    assert accuracy >= 0.99
    assert hits[0][0] >= 0.995


@pytest.mark.parametrize("policy", ["frozen", "centre"])
def test_fcan_that_cannot_choose_guesses(policy):
    model = train(fcan(policy=policy), glyph_pictures, steps=250)
    accuracy, hits = scores(model, glyph_pictures(2000))
    assert accuracy <= 0.45  # about .2 + .8 / 16
    assert hits[0][0] <= 0.25


ONE_HOT = torch.cat([torch.eye(4), torch.zeros(1, 4)])
BOTH = torch.cat([ONE_HOT.repeat_interleave(5, 0), ONE_HOT.repeat(5, 1)], dim=1)
"""The attributes of each of 25 labels: which glyph of the first alphabet, if any, and which of the second."""


def two_glyphs(count: int):
    return glyph_pictures(count, alphabets=2)


def attribute_guided(parts, **changes) -> AttributeGuided:
    config = AttributeGuidedConfig(window=1, localiser=32, dropout=0.0, **changes)
    return AttributeGuided(config, PatchEncoder(), classes=25, attributes=PartAttributes(BOTH, parts))


@pytest.mark.parametrize("swapped", [False, True], ids=["as they are", "swapped"])
def test_each_localiser_finds_the_glyph_of_its_attributes_and_not_the_other(swapped):
    members = [(0, 1, 2, 3), (4, 5, 6, 7)]
    parts = dict(zip(("one", "two"), reversed(members) if swapped else members, strict=True))
    model = train(attribute_guided(parts), two_glyphs, steps=300, rate=5e-3)
    _, hits = scores(model, two_glyphs(2000))
    own, other = (1, 0) if swapped else (0, 1)
    assert hits[0][own] >= 0.95
    assert hits[0][other] <= 0.05
    assert hits[1][other] >= 0.95
    assert hits[1][own] <= 0.05


def test_frozen_localisers_find_no_glyph():
    frozen = attribute_guided({"one": (0, 1, 2, 3), "two": (4, 5, 6, 7)}, policy="frozen")
    model = train(frozen, two_glyphs, steps=300, rate=5e-3)
    _, hits = scores(model, two_glyphs(2000))
    assert max(max(row) for row in hits) <= 0.5


def soft(weights: str) -> SoftAttention:
    """States are linear in the pixels: their mean cannot keep what is where."""
    config = SoftConfig(weights=weights, view=32, dropout=0.0)
    return SoftAttention(config, PatchEncoder(linear=True), classes=4)


def test_soft_attention_reads_the_flagged_cell_and_uniform_weights_cannot():
    model = train(soft("learned"), flagged_pictures, steps=250, rate=5e-3)
    accuracy, hits = scores(model, flagged_pictures(2000))
    uniform, _ = scores(train(soft("uniform"), flagged_pictures, steps=250, rate=5e-3), flagged_pictures(2000))
    assert accuracy >= 0.98
    assert hits[0][0] >= 0.98
    assert uniform <= 0.6
