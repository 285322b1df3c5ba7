"""Show, Attend and Tell: an LSTM decoder whose gate says how much of the context each word takes."""

from collections.abc import Callable
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

Take = Callable[[Float[Tensor, "B 1 S"]], Float[Tensor, "B 1 S"]]
"""What is taken of the values, given a step's weights: the weights themselves, or a sampled one-hot row."""

Attend = Callable[[Tensor, Memory, Tensor], Tensor]
"""The contexts ``[B, 1, A]`` of queries ``[B, 1, H]`` over a memory, at source positions ``[B, 1]``."""


class GatedState(NamedTuple):
    """``h_{t-1}`` and its cell of every layer, a tuple of ``[B, H]`` each, and the source position, ``[B]``."""

    layers: Layers
    position: Tensor


class Looks(NamedTuple):
    """Where a decoder attended at all steps: its weights, and what was taken of the values; ``[B, T, S]`` both."""

    weights: Float[Tensor, "B T S"]
    taken: Float[Tensor, "B T S"]


class ShowAttendTell(nn.Module):
    """A step attends with the state before it, updates the state, then outputs a word.

    ``z_t = beta_t sum_i alpha_ti a_i`` with the query ``h_{t-1}`` and the scalar gate ``beta_t = sig(f(h_{t-1}))``;
    ``h_t`` from ``[E y_{t-1}; z_t]``; the word from ``tanh(E y_{t-1} + L_h h_t + L_z z_t)``.

    The gate and the query use the state BEFORE the step, the word the state after it. With several layers, the first
    one reads ``z_t`` and the top one gives the query.
    Parameters: ``look`` (the attention), ``gate`` (Linear to one number), ``stack``, ``readout``.
    Source: Xu et al. 2015, eq. 1-7 and section 4.2.1 (arXiv:1502.03044); the tanh of the readout and the scalar gate
    are those of the authors' code.
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        self.look = SourceAttention(config.attention, config.hidden, annotation_dim)
        self.gate = nn.Linear(config.hidden, 1)
        nn.init.xavier_uniform_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)
        self.stack = Stack(
            CELLS[config.cell],
            config.embed,
            config.hidden,
            extra_dim=annotation_dim,
            layers=config.layers,
            dropout=config.dropout,
        )
        self.readout = DeepOutput(config.embed, config.hidden + annotation_dim)
        self.output_dim = config.embed

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> Memory:
        """The annotations, with keys projected once."""
        return self.look.project(annotations, keep)

    def start(self, source: Source) -> GatedState:
        """The state before the first step."""
        return GatedState(self.stack.begin(source.state), first_step(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T F"]:
        """The readout's input, ``[E y_{t-1} ; h_t ; z_t]``, of all steps."""
        return self._unroll(embedded, source, position, attend=self.look)

    def unroll_looks(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"], *, take: Take
    ) -> tuple[Float[Tensor, "B T F"], Looks]:
        """As `unroll`, with the weights of every step; the context is what `take` takes of the values."""
        weights, taken = list[Tensor](), list[Tensor]()

        def attend(query: Tensor, memory: Memory, at: Tensor) -> Tensor:
            weights.append(self.look.weights(query, memory, at))
            taken.append(take(weights[-1]))
            return taken[-1].to(memory.value.dtype) @ memory.value

        features = self._unroll(embedded, source, position, attend=attend)
        return features, Looks(torch.cat(weights, dim=1), torch.cat(taken, dim=1))

    def step(
        self, embedded: Float[Tensor, "B E"], state: GatedState, source: Source
    ) -> tuple[Float[Tensor, "B F"], GatedState, Float[Tensor, "B S"]]:
        """The readout's input at one step, the state after it, and the attention weights."""
        query = state.layers[-1][0]
        context, weights = self.look.attend_step(query, source.attended, state.position)
        context = context * self._beta(query)
        layers = self.stack(self.stack.project(embedded), context, state.layers)
        return beside(embedded, layers[-1][0], context), GatedState(layers, state.position), weights

    def _unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"], *, attend: Attend
    ) -> Float[Tensor, "B T F"]:
        """The readout's input of all steps, with contexts from `attend`."""
        bases = self.stack.project(embedded.transpose(0, 1)).unbind(0)
        layers, rows = self.stack.begin(source.state), []
        for t, base in enumerate(bases):
            query = layers[-1][0]
            context = attend(query.unsqueeze(1), source.attended, position[:, t : t + 1]).squeeze(1)
            context = context * self._beta(query)
            layers = self.stack(base, context, layers)
            # Joined step by step, and not once at the end: the order in which gradients are added up, and so the last
            # bits of trained weights, depend on it.
            rows.append(beside(layers[-1][0], context))
        return beside(embedded, torch.stack(rows, dim=1))

    def _beta(self, query: Float[Tensor, "B H"]) -> Float[Tensor, "B 1"]:
        return torch.sigmoid(self.gate(query))


class DeepOutput(nn.Module):
    """``tanh(E y + L [h; z])``: the word before, added as it is, and a projection of state and context.

    Parameters: ``projection`` (Linear, with bias).
    Source: Xu et al. 2015, eq. 7 (arXiv:1502.03044), after the deep output of Pascanu et al. 2014.
    """

    def __init__(self, embed: int, features: int) -> None:
        super().__init__()
        self.embed = embed
        self.projection = nn.Linear(features, embed)
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, features: Float[Tensor, "... F"]) -> Float[Tensor, "... E"]:
        """The softmax's input, from the embedded word, the state and the context joined by `beside`."""
        return torch.tanh(features[..., : self.embed] + self.projection(features[..., self.embed :]))
