"""The layers that a Transformer stacks: what the encoder's and the decoder's do, around their residuals."""

from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.branched import BranchedAttention
from heedful.layer.feedforward import FeedForward
from heedful.layer.residual import PostNorm, PreNorm
from heedful.region import Causal
from heedful.structure import MultiHead
from heedful.structure.multihead import Rotation


class Shape(NamedTuple):
    """The numbers of a layer: columns, heads, columns inside the feed-forward layer, and the rate of dropout."""

    width: int
    heads: int
    feedforward: int
    dropout: float


class EncoderLayer(nn.Module):
    """Self-attention, then the feed-forward layer, each around a residual."""

    def __init__(self, shape: Shape, residual: type[PreNorm] | type[PostNorm], rotate: Rotation | None = None) -> None:
        super().__init__()
        self.self = MultiHead(shape.width, shape.heads, rotate=rotate)
        self.self_residual = residual(shape.width, shape.dropout)
        self.feedforward = FeedForward(shape.width, shape.feedforward, shape.dropout)
        self.feedforward_residual = residual(shape.width, shape.dropout)

    def forward(self, stream: Float[Tensor, "B S D"], keep: Bool[Tensor, "B S"]) -> Float[Tensor, "B S D"]:
        """One layer up; `keep` says which words are real."""
        stream = self.self_residual(stream, lambda words: self.self(words, words, keep=keep))
        return self.feedforward_residual(stream, self.feedforward)


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the source, feed-forward; a source memory may serve several rows."""

    def __init__(self, shape: Shape, residual: type[PreNorm] | type[PostNorm], rotate: Rotation | None = None) -> None:
        super().__init__()
        self.self = MultiHead(shape.width, shape.heads, rotate=rotate)
        self.self_residual = residual(shape.width, shape.dropout)
        self.source = MultiHead(shape.width, shape.heads)
        self.source_residual = residual(shape.width, shape.dropout)
        self.feedforward = FeedForward(shape.width, shape.feedforward, shape.dropout)
        self.feedforward_residual = residual(shape.width, shape.dropout)

    def forward(self, stream: Float[Tensor, "B T D"], source: Memory) -> Float[Tensor, "B T D"]:
        """One layer up, all steps at once."""
        stream = self.self_residual(stream, lambda words: self.self(words, words, region=Causal()))
        return self.look(stream, source)

    def hear(
        self, stream: Float[Tensor, "B 1 D"], past: Memory | None, position: int
    ) -> tuple[Float[Tensor, "B 1 D"], Memory]:
        """The first third of a step: attend to all words so far; returns them with this one added."""
        return hear(self.self, self.self_residual, stream, past=past, position=position)

    def look(self, stream: Float[Tensor, "B T D"], source: Memory) -> Float[Tensor, "B T D"]:
        """The rest of a layer: attend to the source, then the feed-forward layer."""
        stream = self.source_residual(stream, lambda words: self.source(words, source))
        return self.feedforward_residual(stream, self.feedforward)

    def looked(self, stream: Float[Tensor, "B T D"], source: Memory) -> Float[Tensor, "B T S"]:
        """Where `look` looks, the mean over heads."""
        return self.source.align(self.source_residual.enter(stream), source).mean(-3)


def hear(
    attention: MultiHead | BranchedAttention,
    residual: PreNorm | PostNorm,
    stream: Float[Tensor, "B 1 D"],
    *,
    past: Memory | None,
    position: int,
) -> tuple[Float[Tensor, "B 1 D"], Memory]:
    """Attend to all words so far, this one included, around a residual; returns the words, too."""
    heard: list[Memory] = []

    def attend(word: Tensor) -> Tensor:
        own = attention.project(word, offset=position)
        heard.append(own if past is None else past.extend(own))
        return attention(word, heard[0], offset=position)

    return residual(stream, attend), heard[0]
