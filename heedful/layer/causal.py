"""The layer of a decoder-only Transformer: causal self-attention and a feed-forward layer."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.block import LayerSizes
from heedful.layer.feedforward import FeedForward
from heedful.layer.past import over_the_past
from heedful.layer.residual import PostNorm, PreNorm
from heedful.region import Causal, Everywhere, Region, Window
from heedful.structure.multihead import Rotation


class CausalOutput(NamedTuple):
    """A layer's output, and its keys and values of all tokens so far, including these."""

    stream: Tensor
    memory: Memory


class CausalLayer(nn.Module):
    """Causal self-attention, then the feed-forward layer, each with a residual.

    With `reach` a token attends to itself and the ``reach - 1`` tokens before it; by default to all before it.
    Source: Vaswani et al. 2017, section 3.1 (arXiv:1706.03762), the decoder without its source; the reach: Beltagy
    et al. 2020, section 3.1 (arXiv:2004.05150).
    """

    def __init__(
        self,
        sizes: LayerSizes,
        residual: type[PreNorm] | type[PostNorm],
        rotate: Rotation | None = None,
        *,
        reach: int | None = None,
    ) -> None:
        super().__init__()
        self.reach = reach
        self.self = sizes.self_heads(rotate)
        self.self_residual = residual(sizes.width, sizes.dropout)
        self.feedforward = FeedForward(sizes.width, sizes.feedforward, sizes.dropout)
        self.feedforward_residual = residual(sizes.width, sizes.dropout)

    def forward(self, stream: Float[Tensor, "B T D"], past: Memory | None, position: int) -> CausalOutput:
        """The layer's output for tokens from `position` on; `past` is the layer's memory of the tokens before.

        The returned memory holds only tokens that the next one can attend to.
        """
        # `self_residual` expects a function from tokens to tokens; the list carries the memory out of it.
        memories: list[Memory] = []

        def attend(tokens: Tensor) -> Tensor:
            new = self.self.project(tokens, offset=position)
            memories.append(new if past is None else past.extend(new))
            return self.self(tokens, memories[0], region=self._region(memories[0], tokens.shape[-2]), offset=position)

        stream = self.self_residual(stream, attend)
        return CausalOutput(self.feedforward_residual(stream, self.feedforward), self._within_reach(memories[0]))

    def _region(self, memory: Memory, queries: int) -> Region:
        """The region of the tokens."""
        keys = memory.key.shape[-2]
        # The simplest equivalent region is taken, because engines are fastest with it.
        no_limit = self.reach is None or keys <= self.reach
        if queries == 1 and no_limit:
            region: Region = Everywhere()
        else:
            region = Causal() if self.reach is None or no_limit else Causal() & Window(self.reach - 1)
        chosen = self.self.attention.region
        return region if isinstance(chosen, Everywhere) else region & over_the_past(chosen)

    def _within_reach(self, memory: Memory) -> Memory:
        """The memory without the keys that no later token can attend to."""
        keys = memory.key.shape[-2]
        if self.reach is None or keys < self.reach:
            return memory
        first = keys - (self.reach - 1)
        return Memory(memory.key[..., first:, :], memory.value[..., first:, :], None, memory.score)
