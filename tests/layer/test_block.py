"""Layers of a Transformer: a step at a time equals all at once, and memories may serve several rows."""

import pytest
import torch

from heedful.layer.block import LayerSizes, plain_decoder_layer, plain_encoder_layer
from heedful.layer.position import Rotary
from heedful.layer.residual import PostNorm, PreNorm
from heedful.region import Causal

SIZES = LayerSizes(width=12, heads=3, feedforward=7, dropout=0.1)


@pytest.mark.parametrize("residual", [PreNorm, PostNorm])
@pytest.mark.parametrize("rotate", [None, Rotary(4)])
def test_step_by_step_the_halves_are_the_whole_layer(
    residual: type[PreNorm] | type[PostNorm], rotate: Rotary | None
) -> None:
    layer = plain_decoder_layer(SIZES, residual, rotate).eval()
    stream, source = torch.randn(2, 5, 12), layer.source.project(torch.randn(2, 7, 12))
    expected, past = layer(stream, source), None
    for t in range(5):
        word, past = layer.forward_step(stream[:, t : t + 1], past, t)
        torch.testing.assert_close(layer.cross_attend(word, source)[:, 0], expected[:, t])
        assert past.key.shape == (2, 3, t + 1, 4)


def test_cross_weights_are_where_cross_attend_looks() -> None:
    layer = plain_decoder_layer(SIZES, PreNorm).eval()
    stream, memory = torch.randn(2, 5, 12), torch.randn(2, 7, 12)
    keep = torch.tensor([[True] * 3 + [False] * 4, [True] * 7])
    source = layer.source.project(memory, keep=keep)
    weights = layer.cross_weights(stream, source)
    torch.testing.assert_close(weights, layer.source.align(layer.source_residual.norm(stream), source).mean(1))
    assert (weights[0, :, 3:] == 0).all()


def test_an_encoder_layer_is_attention_then_feedforward() -> None:
    layer = plain_encoder_layer(SIZES, PostNorm).eval()
    stream, keep = torch.randn(2, 5, 12), torch.tensor([[True] * 5, [True] * 2 + [False] * 3])
    middle = layer.self_residual.norm(stream + layer.self(stream, stream, keep=keep))
    torch.testing.assert_close(layer(stream, keep), layer.feedforward_residual.norm(middle + layer.feedforward(middle)))


def test_the_decoder_sees_the_past_only() -> None:
    layer = plain_decoder_layer(SIZES, PreNorm).eval()
    stream, source = torch.randn(2, 5, 12), layer.source.project(torch.randn(2, 7, 12))
    middle = stream + layer.self(*(layer.self_residual.norm(stream),) * 2, region=Causal())
    torch.testing.assert_close(layer(stream, source), layer.cross_attend(middle, source))
