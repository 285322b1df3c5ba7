"""The layers of a Transformer's encoder and decoder: attention and feed-forward sublayers with residuals."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.branched import BranchedAttention
from heedful.layer.feedforward import FeedForward
from heedful.layer.past import at_position, causal, over_the_past
from heedful.layer.residual import PostNorm, PreNorm
from heedful.region import Region
from heedful.score import Score
from heedful.structure import Attention, MultiHead
from heedful.structure.multihead import Rotation

Heads = MultiHead | BranchedAttention
"""Attention of several heads: mixed by a projection, or each followed by a separate feed-forward layer."""

Residual = type[PreNorm] | type[PostNorm]


BuildAttention = Callable[[int, int], Attention]
"""Builds the attention of a head from the widths of its queries and keys, as `AttentionConfig.build` does."""


class LayerSizes(NamedTuple):
    """The sizes of a layer: width, heads, width inside the feed-forward layer, and the rate of dropout.

    `self_attention` and `source_attention` build the attention of the heads; None gives scaled dot product.
    """

    width: int
    heads: int
    feedforward: int
    dropout: float
    self_attention: BuildAttention | None = None
    source_attention: BuildAttention | None = None

    def self_heads(self, rotate: Rotation | None) -> MultiHead:
        """The heads of a self-attention."""
        return self._heads(self.self_attention, rotate)

    def source_heads(self) -> MultiHead:
        """The heads of an attention to the source.

        They have no rotation: target and source positions count different sequences, so that the distance between
        them has no meaning.
        """
        return self._heads(self.source_attention, None)

    def _heads(self, build: BuildAttention | None, rotate: Rotation | None) -> MultiHead:
        of_head = self.width // self.heads
        attention = None if build is None else build(of_head, of_head)
        heads = MultiHead(self.width, self.heads, attention=attention, rotate=rotate)
        if isinstance(heads.attention.score, Score) and heads.attention.score.reads_positions:
            # The score reads no keys. Several processes would wait for the gradient of their projection.
            heads.key_projection.requires_grad_(requires_grad=False)
        return heads


class EncoderLayer(nn.Module):
    """Self-attention, then the feed-forward layer, each with a residual.

    A branched attention contains the feed-forward layer; `feedforward` is None then.
    Parameters: ``self`` (the attention), ``self_residual``, and, if there is one, ``feedforward`` and
    ``feedforward_residual``.
    """

    def __init__(
        self, attention: Heads, feedforward: FeedForward | None, sizes: LayerSizes, *, residual: Residual
    ) -> None:
        super().__init__()
        self.self = attention
        self.self_residual = residual(sizes.width, sizes.dropout)
        self.feedforward = feedforward
        self.feedforward_residual = None if feedforward is None else residual(sizes.width, sizes.dropout)

    def forward(self, stream: Float[Tensor, "B S D"], keep: Bool[Tensor, "B S"]) -> Float[Tensor, "B S D"]:
        """The layer's output; `keep` marks the real positions."""
        stream = self.self_residual(stream, lambda words: self.self(words, words, keep=keep))
        return _fed_forward(stream, self.feedforward, self.feedforward_residual)


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the source, feed-forward, each with a residual.

    One or both attentions may be branched; `feedforward` is None if a branched one contains it. Several rows of words
    may attend to one row of the source's memory.
    Parameters: ``self`` and ``source`` (the attentions), ``self_residual``, ``source_residual``, and, if there is one,
    ``feedforward`` and ``feedforward_residual``.
    """

    def __init__(
        self, attention: Heads, source: Heads, feedforward: FeedForward | None, *, sizes: LayerSizes, residual: Residual
    ) -> None:
        super().__init__()
        self.self = attention
        self.self_residual = residual(sizes.width, sizes.dropout)
        self.source = source
        self.source_residual = residual(sizes.width, sizes.dropout)
        self.feedforward = feedforward
        self.feedforward_residual = None if feedforward is None else residual(sizes.width, sizes.dropout)

    def forward(
        self, stream: Float[Tensor, "B T D"], source: Memory, position: Int[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B T D"]:
        """The layer's output for all steps at once; `position` as in `cross_attend`."""
        region = causal(self.self.attention.region)
        stream = self.self_residual(stream, lambda words: self.self(words, words, region=region))
        return self.cross_attend(stream, source, position)

    def forward_step(
        self, stream: Float[Tensor, "B 1 D"], past: Memory | None, position: int
    ) -> tuple[Float[Tensor, "B 1 D"], Memory]:
        """The self-attention of one step, over `past` and this word; returns the memory of both.

        `cross_attend` is the rest of the step. Between the two, a model views the rows that share a source row as
        several queries of it.
        """
        # `self_residual` expects a function from words to words; the list carries the memory out of it.
        memories: list[Memory] = []
        region = over_the_past(self.self.attention.region)

        def attend(word: Tensor) -> Tensor:
            new = self.self.project(word, offset=position)
            memories.append(new if past is None else past.extend(new))
            return self.self(word, memories[0], region=region, offset=position)

        return self.self_residual(stream, attend), memories[0]

    def cross_attend(
        self, stream: Float[Tensor, "B T D"], source: Memory, position: Int[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B T D"]:
        """The rest of the layer: attention to the source, then the feed-forward layer.

        `position` is the source position of each step, which only some regions need: see `at_position`.
        """
        region = self._source_region(source, position)
        stream = self.source_residual(stream, lambda words: self.source(words, source, region=region))
        return _fed_forward(stream, self.feedforward, self.feedforward_residual)

    def cross_weights(
        self, stream: Float[Tensor, "B T D"], source: Memory, position: Int[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B T S"]:
        """The weights with which `cross_attend` attends to the source: the mean over heads."""
        region = self._source_region(source, position)
        return self.source.align(self.source_residual.enter(stream), source, region=region).mean(-3)

    def _source_region(self, source: Memory, position: Tensor | None) -> Region:
        region = self.source.attention.region
        return region if position is None else at_position(region, position, source)


def plain_encoder_layer(sizes: LayerSizes, residual: Residual, rotate: Rotation | None = None) -> EncoderLayer:
    """The encoder layer of Vaswani et al.: multi-head attention, then the feed-forward layer."""
    return EncoderLayer(sizes.self_heads(rotate), _feedforward(sizes), sizes, residual=residual)


def plain_decoder_layer(sizes: LayerSizes, residual: Residual, rotate: Rotation | None = None) -> DecoderLayer:
    """The decoder layer of Vaswani et al.; `rotate` applies to the self-attention only."""
    attention, source = sizes.self_heads(rotate), sizes.source_heads()
    return DecoderLayer(attention, source, _feedforward(sizes), sizes=sizes, residual=residual)


def _feedforward(sizes: LayerSizes) -> FeedForward:
    return FeedForward(sizes.width, sizes.feedforward, sizes.dropout)


def _fed_forward(stream: Tensor, feedforward: FeedForward | None, residual: PreNorm | PostNorm | None) -> Tensor:
    """The stream after the feed-forward layer, if there is one."""
    return stream if feedforward is None or residual is None else residual(stream, feedforward)
