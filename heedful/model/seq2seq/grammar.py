"""The decoder of "Grammar as a Foreign Language": the softmax and the next step read both state and context."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.readout import beside
from heedful.layer.recurrent import CELLS, Layers, Stack
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.look import SourceAttention
from heedful.model.seq2seq.parts import first_step


class GrammarState(NamedTuple):
    """Every layer's state, a tuple of ``[B, H]`` each, the last ``[d; d']``, and the source position, ``[B]``."""

    layers: Layers
    fed: Tensor
    position: Tensor


class Grammar(nn.Module):
    """The softmax and the next step's first layer read state and context side by side, ``[d; d']``.

    ``d_t = RNN(d_{t-1}, [E y_{t-1}; d_{t-1}; d'_{t-1}])``, and ``d'_t`` from ``d_t``; the first step is fed zeros. As
    in Luong's decoder the query is the top layer AFTER the step. Unlike there, no layer combines state and context
    before the softmax.
    Parameters: ``stack`` (the recurrent layers), ``look`` (the attention).
    Source: Vinyals et al. 2015, section 2.1, eq. 3-5 (arXiv:1412.7449).
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        width = config.hidden
        self.stack = Stack(
            CELLS[config.cell],
            config.embed,
            width,
            extra_dim=width + annotation_dim,
            layers=config.layers,
            dropout=config.dropout,
        )
        self.look = SourceAttention(config.attention, width, annotation_dim)
        self.readout = nn.Identity()
        self.output_dim = width + annotation_dim

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> Memory:
        """The annotations, with ``W'_1 h_i`` computed once."""
        return self.look.project(annotations, keep)

    def start(self, source: Source) -> GrammarState:
        """The state before the first step."""
        layers = self.stack.begin(source.state)
        return GrammarState(layers, self._zeros(layers), first_step(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T F"]:
        """``[d_t; d'_t]`` of all steps."""
        # Steps first, so that what the loop reads of each step is contiguous.
        bases = self.stack.project(embedded.transpose(0, 1)).unbind(0)
        layers = self.stack.begin(source.state)
        fed = self._zeros(layers)
        vectors: list[Tensor] = []
        for t, base in enumerate(bases):
            layers = self.stack(base, fed, layers)
            context = self.look(layers[-1][0].unsqueeze(1), source.attended, position[:, t : t + 1]).squeeze(1)
            fed = beside(layers[-1][0], context)
            vectors.append(fed)
        return torch.stack(vectors, dim=1)

    def step(
        self, embedded: Float[Tensor, "B E"], state: GrammarState, source: Source
    ) -> tuple[Float[Tensor, "B F"], GrammarState, Float[Tensor, "B S"]]:
        """``[d_t; d'_t]`` of one step, the state after it, and the attention weights."""
        layers = self.stack(self.stack.project(embedded), state.fed, state.layers)
        context, weights = self.look.attend_step(layers[-1][0], source.attended, state.position)
        fed = beside(layers[-1][0], context)
        return fed, GrammarState(layers, fed, state.position), weights

    def _zeros(self, layers: Layers) -> Float[Tensor, "B F"]:
        """The ``[d; d']`` that the first step reads."""
        top = layers[-1][0]
        return top.new_zeros(top.shape[0], self.output_dim)
