"""Attention of a recurrent model to its past states: the core's attention, strictly causal."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.past import over_the_past
from heedful.model.attention_config import AttentionConfig
from heedful.region import Causal


class PastContext(NamedTuple):
    """The context of each state, ``[B, T, C]``, and the memory of all states so far."""

    context: Tensor
    memory: Memory | None


class PastAttention(nn.Module):
    """Any attention of each state to the states before it; the context of the first state is zero.

    A window is centred at the state before the query's. Parameters: ``attention``.
    """

    def __init__(self, config: AttentionConfig, hidden: int) -> None:
        super().__init__()
        self.attention = config.build(hidden, hidden)
        self.output_dim = hidden

    def forward(self, states: Float[Tensor, "B T H"], past: Memory | None) -> PastContext:
        """The context of each state; `past` is the memory of the states before these."""
        new = self.attention.project(states)
        memory = new if past is None else past.extend(new)
        # Without the last key, the core's causal region, which includes the query's position, is strictly causal. The
        # very first state has no key then: it is not a query, and gets zeros.
        earlier = Memory(memory.key[..., :-1, :], memory.value[..., :-1, :], None, memory.score)
        queries = states[:, 1:] if past is None else states
        region = Causal() & over_the_past(self.attention.region)
        context = self.attention(queries, earlier, region=region)
        if past is None:
            context = torch.cat([torch.zeros_like(states[:, :1], dtype=context.dtype), context], dim=1)
        return PastContext(context, memory)


class NoAttention(nn.Module):
    """A context of width 0: the control for `PastAttention`."""

    output_dim = 0

    def forward(self, states: Float[Tensor, "B T H"], past: None) -> PastContext:
        """An empty context and no memory."""
        return PastContext(states[..., :0], None)
