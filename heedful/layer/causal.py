"""The layer that a decoder-only Transformer stacks: what was said before is all that it looks at."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.block import LayerSizes
from heedful.layer.feedforward import FeedForward
from heedful.layer.residual import PostNorm, PreNorm
from heedful.region import Causal, Everywhere, Region, Window
from heedful.structure import MultiHead
from heedful.structure.multihead import Rotation


class CausalOutput(NamedTuple):
    """What a layer gives: its stream one layer up, and its memory of all tokens so far, these included."""

    stream: Tensor
    memory: Memory


class CausalLayer(nn.Module):
    """Causal self-attention, then the feed-forward layer, each around a residual.

    With `reach` a token sees itself and the ``reach - 1`` before it; without, all that came before.
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
        self.self = MultiHead(sizes.width, sizes.heads, rotate=rotate)
        self.self_residual = residual(sizes.width, sizes.dropout)
        self.feedforward = FeedForward(sizes.width, sizes.feedforward, sizes.dropout)
        self.feedforward_residual = residual(sizes.width, sizes.dropout)

    def forward(self, stream: Float[Tensor, "B T D"], past: Memory | None, position: int) -> CausalOutput:
        """One layer up for tokens at `position` and after, `past` being the layer's memory of those before.

        The memory returned holds no more tokens than the next one can see.
        """
        memories: list[Memory] = []

        def attend(tokens: Tensor) -> Tensor:
            new = self.self.project(tokens, offset=position)
            memories.append(new if past is None else past.extend(new))
            return self.self(tokens, memories[0], region=self._region(memories[0], tokens.shape[-2]), offset=position)

        stream = self.self_residual(stream, attend)
        return CausalOutput(self.feedforward_residual(stream, self.feedforward), self._still_seen(memories[0]))

    def _region(self, memory: Memory, queries: int) -> Region:
        """What the tokens may see, in the plainest words that say it: engines are quickest with those."""
        keys = memory.key.shape[-2]
        seen_by_all = self.reach is None or keys <= self.reach
        if queries == 1 and seen_by_all:
            return Everywhere()
        return Causal() if self.reach is None or seen_by_all else Causal() & Window(self.reach - 1)

    def _still_seen(self, memory: Memory) -> Memory:
        """The memory without what no later token can see."""
        keys = memory.key.shape[-2]
        if self.reach is None or keys < self.reach:
            return memory
        first = keys - (self.reach - 1)
        return Memory(memory.key[..., first:, :], memory.value[..., first:, :], None, memory.score)
