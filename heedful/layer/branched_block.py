"""The layers of a Transformer in which branched attention stands for an attention and the feed-forward layer."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.block import Shape, hear
from heedful.layer.branched import BranchedAttention
from heedful.layer.residual import PostNorm, PreNorm
from heedful.region import Causal
from heedful.structure import MultiHead

Norm = type[PreNorm] | type[PostNorm]


class BranchedEncoderLayer(nn.Module):
    """Branched self-attention around one residual."""

    def __init__(self, attention: BranchedAttention, shape: Shape, residual: Norm) -> None:
        super().__init__()
        self.self = attention
        self.self_residual = residual(shape.width, shape.dropout)

    def forward(self, stream: Float[Tensor, "B S D"], keep: Bool[Tensor, "B S"]) -> Float[Tensor, "B S D"]:
        """One layer up; `keep` says which words are real."""
        return self.self_residual(stream, lambda words: self.self(words, words, keep=keep))


class BranchedDecoderLayer(nn.Module):
    """Causal self-attention and attention to the source, one or both of them branched, each around one residual."""

    def __init__(
        self,
        attention: MultiHead | BranchedAttention,
        source: MultiHead | BranchedAttention,
        shape: Shape,
        *,
        residual: Norm,
    ) -> None:
        super().__init__()
        self.self = attention
        self.self_residual = residual(shape.width, shape.dropout)
        self.source = source
        self.source_residual = residual(shape.width, shape.dropout)

    def forward(self, stream: Float[Tensor, "B T D"], source: Memory) -> Float[Tensor, "B T D"]:
        """One layer up, all steps at once."""
        stream = self.self_residual(stream, lambda words: self.self(words, words, region=Causal()))
        return self.look(stream, source)

    def hear(
        self, stream: Float[Tensor, "B 1 D"], past: Memory | None, position: int
    ) -> tuple[Float[Tensor, "B 1 D"], Memory]:
        """The first half of a step: attend to all words so far; returns them with this one added."""
        return hear(self.self, self.self_residual, stream, past=past, position=position)

    def look(self, stream: Float[Tensor, "B T D"], source: Memory) -> Float[Tensor, "B T D"]:
        """The other half: attend to the source."""
        return self.source_residual(stream, lambda words: self.source(words, source))

    def looked(self, stream: Float[Tensor, "B T D"], source: Memory) -> Float[Tensor, "B T S"]:
        """Where `look` looks, the mean over heads."""
        return self.source.align(self.source_residual.enter(stream), source).mean(-3)
