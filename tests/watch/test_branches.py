"""Kappa and alpha of every branched attention, as numbers and as maps."""

import pytest
import torch

from heedful.model.transformer import Transformer, TransformerConfig
from heedful.model.weighted_transformer import WeightedTransformerConfig, weighted_transformer
from heedful.watch import branch_maps, branch_weights, draw, svg

SHAPE = {"width": 12, "heads": 3, "encoder_layers": 1, "decoder_layers": 1, "feedforward": 18}


@pytest.fixture
def model():
    model = weighted_transformer(WeightedTransformerConfig(**SHAPE), 11, 11)
    with torch.no_grad():
        model.decoder[0].source.alpha.weight.copy_(torch.tensor([0.1, 0.7, 0.2]))
        model.encoder.layers[0].self.weighted.kappa.weight.copy_(torch.tensor([0.0, 0.0, 1.0]))
    return model


def test_the_weights_are_found_by_the_names_of_their_attentions(model):
    found = branch_weights(model)
    assert list(found) == ["kappa", "alpha"]
    assert list(found["kappa"]) == list(found["alpha"]) == ["encoder.0.self", "decoder.0.source"]
    torch.testing.assert_close(found["alpha"]["decoder.0.source"], torch.tensor([0.1, 0.7, 0.2]))
    torch.testing.assert_close(found["kappa"]["encoder.0.self"], torch.tensor([0.0, 0.0, 1.0]))
    torch.testing.assert_close(found["kappa"]["decoder.0.source"], torch.full((3,), 1 / 3))


def test_as_maps_they_can_be_drawn(model):
    kappa, alpha = branch_maps(model)
    assert (kappa.title, alpha.title) == ("kappa", "alpha")
    assert list(alpha.rows) == ["encoder.0.self", "decoder.0.source"]
    assert list(alpha.columns) == ["branch 0", "branch 1", "branch 2"]
    torch.testing.assert_close(alpha.weights[1], torch.tensor([0.1, 0.7, 0.2]))
    assert "branch 2" in str(draw(kappa.weights, kappa.rows, kappa.columns))
    assert "decoder.0.source → branch 1: 0.700" in svg(alpha.weights, alpha.rows, alpha.columns)


def test_attentions_with_fewer_branches_leave_columns_empty(model):
    other = weighted_transformer(WeightedTransformerConfig(**(SHAPE | {"heads": 2})), 11, 11)
    kappa, _ = branch_maps(torch.nn.ModuleList([model, other]))
    assert kappa.weights.shape == (4, 3)
    assert kappa.weights[2:, 2].isnan().all()
    torch.testing.assert_close(kappa.weights[2:, :2], torch.full((2, 2), 0.5))


def test_a_model_without_branches_has_none():
    model = Transformer.for_texts(TransformerConfig(**SHAPE), 11, 11)
    assert branch_weights(model) == {}
    assert branch_maps(model) == []
