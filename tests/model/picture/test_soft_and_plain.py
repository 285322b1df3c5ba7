"""Soft attention over cells, and the plain network that it is compared with."""

import pytest
import torch

from heedful import record
from heedful.errors import UserError
from heedful.model.encoder import Encoded
from heedful.model.picture.attribute_guided import AttributeGuided, AttributeGuidedConfig
from heedful.model.picture.cost import cost_of
from heedful.model.picture.fcan import FcanConfig
from heedful.model.picture.plain import PlainClassifier, PlainConfig
from heedful.model.picture.policy import CentrePolicy
from heedful.model.picture.ram import RamConfig, RecurrentAttention
from heedful.model.picture.soft import SoftAttention, SoftConfig
from heedful.shapes import ShapeError
from tests.model.picture.glyphs import PatchEncoder, glyph_pictures


def test_weights_sum_to_one_and_the_box_is_the_heaviest_cell():
    model = SoftAttention(SoftConfig(), PatchEncoder(8), classes=4).eval()
    found = model(glyph_pictures(5).pictures)
    assert found.grid == (4, 4)
    assert torch.allclose(found.maps.sum(-1), torch.ones(5, 1))
    best = found.maps[:, 0].argmax(-1)
    assert torch.allclose(found.boxes[:, 0, 0], (best % 4) / 4)
    assert torch.allclose(found.boxes[:, 0, 3], (best // 4 + 1) / 4)


def test_the_recorder_sees_the_weights_and_changes_nothing():
    model = SoftAttention(SoftConfig(), PatchEncoder(8), classes=4).eval()
    pictures = glyph_pictures(5).pictures
    plain = model(pictures)
    with record(model) as recording:
        recorded = model(pictures)
    assert torch.equal(plain.logits, recorded.logits)
    (maps,) = recording.maps.values()
    assert torch.allclose(maps.squeeze(1), plain.maps)


def test_uniform_weights_are_the_mean_of_a_plain_network_with_the_same_encoder():
    encoder = PatchEncoder(8)
    soft = SoftAttention(SoftConfig(weights="uniform"), encoder, classes=4).eval()
    plain = PlainClassifier(PlainConfig(), encoder, classes=4).eval()
    plain.output.load_state_dict(soft.output.state_dict())
    pictures = glyph_pictures(5).pictures
    found = soft(pictures)
    assert torch.allclose(found.logits, plain(pictures).logits, atol=1e-6)
    assert torch.allclose(found.maps, torch.full((5, 1, 16), 1 / 16))
    assert not any(parameter.requires_grad for parameter in soft.pooling.parameters())


def test_with_a_policy_all_weight_is_on_its_cell():
    encoder = PatchEncoder(8)
    model = SoftAttention(SoftConfig(), encoder, classes=4).eval()
    pictures = glyph_pictures(5).pictures
    found = model(pictures, policy=CentrePolicy())
    states = encoder(pictures, torch.zeros(5)).states
    assert torch.allclose(found.logits, model.output(states[:, 10]), atol=1e-6)


def test_features_of_another_network_have_a_grid_of_their_own():
    config = SoftConfig.model_validate({"picture": {"features": 6, "hidden": 8}})
    model = SoftAttention.build(config, classes=4).eval()
    assert model(torch.randn(2, 15, 6), (3, 5)).grid == (3, 5)
    with pytest.raises(ShapeError, match="expected one for each of 4 × 4 cells"):
        model(torch.randn(2, 15, 6), (4, 4))


def test_poolings_of_a_plain_network():
    encoder, pictures = PatchEncoder(8), glyph_pictures(3).pictures
    states = encoder(pictures, torch.zeros(3)).states
    for pooling, expected in (("mean", states.mean(1)), ("max", states.amax(1))):
        model = PlainClassifier(PlainConfig(pooling=pooling), encoder, classes=4).eval()
        found = model(pictures)
        assert torch.allclose(found.logits, model.output(expected), atol=1e-6)
        assert found.maps is None
        assert found.boxes is None
    deep = PlainClassifier(PlainConfig(layers=(9, 7)), encoder, classes=4)
    assert [layer.out_features for layer in deep.layers] == [9, 7]


def test_a_cost_is_counted_by_hand():
    model = PlainClassifier(PlainConfig(layers=(10,)), PatchEncoder(8), classes=4)
    cost = cost_of(model, glyph_pictures(5).pictures)
    assert cost.parameters == (3 * 16 * 8 + 8) + (8 * 10 + 10) + (10 * 4 + 4)
    assert cost.multiply_adds == 16 * 3 * 16 * 8 + 8 * 10 + 10 * 4
    ram = RecurrentAttention(RamConfig(glimpses=2, size=4, scales=2, hidden=13, glimpse=11), classes=4)
    glimpse = 3 * 2 * 16 * 11 + 2 * 11 + 2 * 11 * 13 + 2 * 13 * 13
    assert cost_of(ram, glyph_pictures(5).pictures).multiply_adds == 2 * glimpse + 13 * 2 + 13 * 1 + 13 * 4


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (FcanConfig, {"window": 4}, "window 4 is an even number"),
        (FcanConfig, {"reward": "greedi"}, "unknown reward 'greedi'.*did you mean 'greedy'"),
        (FcanConfig, {"policy": "center"}, "unknown policy 'center'.*did you mean 'centre'"),
        (AttributeGuidedConfig, {"window": 2}, "window 2 is an even number"),
        (RamConfig, {"policy": "froze"}, "unknown policy 'froze'.*did you mean 'frozen'"),
        (SoftConfig, {"weights": "unifrom"}, "unknown weights 'unifrom'.*did you mean 'uniform'"),
        (PlainConfig, {"pooling": "meen"}, "unknown pooling 'meen'.*did you mean 'mean'"),
    ],
)
def test_a_setting_that_cannot_be_is_told(kind, settings, message):
    with pytest.raises(UserError, match=message):
        kind(**settings)


def test_attribute_guided_without_attributes_is_told():
    with pytest.raises(UserError, match=r"needs a table of attributes.*--attributes FILE"):
        AttributeGuided.build(AttributeGuidedConfig(), classes=4)


def test_an_encoder_without_a_grid_has_cells_as_square_as_can_be():
    class Strips(torch.nn.Module):
        """Pictures of 16 × 16 pixels in 2 × 4 cells, by default."""

        output_dim = 3

        def __init__(self, rows=4, columns=4):
            super().__init__()
            self.size = rows, columns

        def forward(self, pictures, lengths):
            states = torch.nn.functional.adaptive_avg_pool2d(pictures, self.size).flatten(2).transpose(1, 2)
            return Encoded(states, torch.ones(states.shape[:2], dtype=torch.bool))

    model = SoftAttention(SoftConfig(), Strips(), classes=4).eval()
    assert model(torch.randn(2, 3, 16, 16)).grid == (4, 4)
    wide = SoftAttention(SoftConfig(), Strips(3, 5), classes=4).eval()
    assert wide(torch.randn(2, 3, 18, 30)).grid == (3, 5)
    assert wide(torch.randn(2, 3, 90, 10)).grid == (15, 1)
