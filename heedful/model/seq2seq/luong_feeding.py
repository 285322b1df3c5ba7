"""Luong's attention with input feeding: the next step reads the attentional vector of the last one."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.readout import Attentional, beside
from heedful.layer.recurrent import CELLS, Layers, Stack
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.look import SourceAttention
from heedful.model.seq2seq.parts import first_step


class FeedingState(NamedTuple):
    """Every layer's state, a tuple of ``[B, H]`` each, ``h~_{t-1}`` ``[B, H]``, and the source position, ``[B]``."""

    layers: Layers
    fed: Tensor
    position: Tensor


class LuongFeeding(nn.Module):
    """``h_t = RNN(h_{t-1}, [E y_{t-1}; h~_{t-1}])``, ``c_t`` from ``h_t``, ``h~_t = tanh(W_c [c_t; h_t])``.

    ``h~_0 = 0``. The attentional vector ``h~`` is fed back, not the context; the first layer's input is wider by it.
    The product with ``E y`` is computed before the loop, for all steps at once.
    Parameters: ``stack`` (the recurrent layers), ``look`` (the attention), ``attentional`` (``W_c``).
    Source: Luong et al. 2015, section 3.3 (arXiv:1508.04025).
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        width = config.hidden
        self.stack = Stack(
            CELLS[config.cell], config.embed, width, extra_dim=width, layers=config.layers, dropout=config.dropout
        )
        self.look = SourceAttention(config.attention, width, annotation_dim)
        self.attentional = Attentional(annotation_dim, width, width)
        self.readout = nn.Identity()
        self.output_dim = width

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> Memory:
        """The annotations, with keys projected once."""
        return self.look.project(annotations, keep)

    def start(self, source: Source) -> FeedingState:
        """The state before the first step."""
        layers = self.stack.begin(source.state)
        return FeedingState(layers, torch.zeros_like(layers[-1][0]), first_step(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T H"]:
        """``h~_t`` of all steps."""
        # Steps first, so that what the loop reads of each step is contiguous.
        bases = self.stack.project(embedded.transpose(0, 1)).unbind(0)
        layers = self.stack.begin(source.state)
        fed = torch.zeros_like(layers[-1][0])
        vectors = []
        for t, base in enumerate(bases):
            layers = self.stack(base, fed, layers)
            context = self.look(layers[-1][0].unsqueeze(1), source.attended, position[:, t : t + 1]).squeeze(1)
            fed = self.attentional(beside(context, layers[-1][0]))
            vectors.append(fed)
        return torch.stack(vectors, dim=1)

    def step(
        self, embedded: Float[Tensor, "B E"], state: FeedingState, source: Source
    ) -> tuple[Float[Tensor, "B H"], FeedingState, Float[Tensor, "B S"]]:
        """``h~_t`` of one step, the state after it, and the attention weights."""
        layers = self.stack(self.stack.project(embedded), state.fed, state.layers)
        context, weights = self.look.attend_step(layers[-1][0], source.attended, state.position)
        fed = self.attentional(beside(context, layers[-1][0]))
        return fed, FeedingState(layers, fed, state.position), weights
