"""How a recurrent model looks back at its own past states: the core's attention, strictly causal."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.kernel import Bounds, Gaussian
from heedful.model.attention_config import AttentionConfig
from heedful.region import Causal, Intersection, Predicted, Region, Span


@dataclass(frozen=True, eq=False)
class PredictedSoFar(Region):
    """A predicted window over what has been there until then: a query sees a memory as long as its own past.

    Alone, `Predicted` measures its centre by the length of the whole memory, which a text under way does not know.
    """

    predicted: Predicted

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """The interval around the predicted centre among the query's own past, and the Gaussian."""
        share = self.predicted.centre(query, Span(span.queries, 2, span.batch_axes, span.device))
        seen = torch.arange(span.keys - span.queries, span.keys, device=span.device) + 1
        centre = share * (seen - 1).clamp(min=0)
        radius = self.predicted.radius
        start = torch.ceil(centre.detach() - radius).to(torch.long)
        stop = torch.floor(centre.detach() + radius).to(torch.long) + 1
        return Bounds(span.queries, span.keys, start=start, stop=stop, gates=(Gaussian(centre, radius / 2),))


class PastContext(NamedTuple):
    """What was seen from each state, ``[B, T, C]``, and the memory of all states so far."""

    context: Tensor
    memory: Memory | None


class PastAttention(nn.Module):
    """The past states that answer each state, weighed by any attention; the first state sees none, and gets zeros.

    A state stands at the one before it: there a window is centred. Parameters: ``attention``.
    """

    def __init__(self, config: AttentionConfig, hidden: int) -> None:
        super().__init__()
        self.attention = config.build(hidden, hidden)
        self.output_dim = hidden

    def forward(self, states: Float[Tensor, "B T H"], past: Memory | None) -> PastContext:
        """The context of each state, `past` being the memory of those before all of these."""
        own = self.attention.project(states)
        memory = own if past is None else past.extend(own)
        earlier = Memory(memory.key[..., :-1, :], memory.value[..., :-1, :], None, memory.score)
        queries = states[:, 1:] if past is None else states
        region = Causal() & over_the_past(self.attention.region)
        context = self.attention(queries, earlier, region=region)
        if past is None:
            context = torch.cat([torch.zeros_like(states[:, :1], dtype=context.dtype), context], dim=1)
        return PastContext(context, memory)


class NoAttention(nn.Module):
    """No look back: a context without columns. The control of `PastAttention`."""

    output_dim = 0

    def forward(self, states: Float[Tensor, "B T H"], past: None) -> PastContext:
        """Nothing."""
        return PastContext(states[..., :0], None)


def over_the_past(region: Region) -> Region:
    """The region for a memory that grows: windows that are predicted are measured by what is there."""
    if isinstance(region, Intersection):
        return Intersection(over_the_past(region.first), over_the_past(region.second))
    return PredictedSoFar(region) if isinstance(region, Predicted) else region
