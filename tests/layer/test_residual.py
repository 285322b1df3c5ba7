"""Residuals: where the norm stands, what enters, and the dtype of the stream."""

import pytest
import torch
from torch.nn.functional import layer_norm

from heedful.layer.residual import PostNorm, PreNorm


def halved(vectors: torch.Tensor) -> torch.Tensor:
    return vectors / 2


def test_before_or_after() -> None:
    stream = torch.randn(3, 7)
    torch.testing.assert_close(PreNorm(7, 0.0)(stream, halved), stream + layer_norm(stream, (7,)) / 2)
    torch.testing.assert_close(PostNorm(7, 0.0)(stream, halved), layer_norm(1.5 * stream, (7,)))


@pytest.mark.parametrize("kind", [PreNorm, PostNorm])
def test_a_sublayer_reads_what_enter_says(kind: type[PreNorm] | type[PostNorm]) -> None:
    residual, stream, read = kind(7, 0.0), torch.randn(3, 7), []
    residual(stream, lambda vectors: read.append(vectors) or vectors)
    assert torch.equal(read[0], residual.enter(stream))


@pytest.mark.parametrize("kind", [PreNorm, PostNorm])
def test_under_autocast_products_are_halved_and_the_stream_is_not(kind: type[PreNorm] | type[PostNorm]) -> None:
    residual, stream = kind(7, 0.0), torch.randn(3, 7)
    with torch.autocast("cpu", torch.bfloat16):
        assert residual.enter(stream).dtype == torch.bfloat16
        assert residual(stream, halved).dtype == torch.float32


@pytest.mark.parametrize("kind", [PreNorm, PostNorm])
def test_dropout_falls_on_the_sublayer_alone(kind: type[PreNorm] | type[PostNorm]) -> None:
    residual = kind(1009, 0.5)
    residual.norm = torch.nn.Identity()
    change = residual(torch.zeros(1009), torch.ones_like)
    assert set(change.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(residual(torch.ones(1009), torch.zeros_like), torch.ones(1009))
