"""RNNsearch: a decoder whose attention queries with the state before the step."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.readout import Maxout, beside
from heedful.layer.recurrent import CELLS, Layers, Stack
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.look import SourceAttention
from heedful.model.seq2seq.parts import first_step


class BahdanauState(NamedTuple):
    """``s_{i-1}`` of every layer, a tuple of ``[B, H]`` each, and the source position, ``[B]``."""

    layers: Layers
    position: Tensor


class Bahdanau(nn.Module):
    """A step attends, then outputs a word, then updates the state.

    ``c_i`` from ``s_{i-1}``; the word from ``(s_{i-1}, E y_{i-1}, c_i)``; then ``s_i = f(s_{i-1}, E y_{i-1}, c_i)``.

    The query and the readout use the state BEFORE the step (the authors' code shifts the states by one). ``c_i`` enters
    both gates and the candidate. The readout is maxout over pairs, as wide as the state. With several layers, the first
    one reads ``c_i`` and the top one gives the query. An LSTM's query is its hidden state.
    Parameters: ``look`` (the attention), ``stack`` (the recurrent layers), ``readout``.
    Source: Bahdanau et al. 2015, section A.1-A.2 (arXiv:1409.0473).
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        self.look = SourceAttention(config.attention, config.hidden, annotation_dim)
        self.stack = Stack(
            CELLS[config.cell],
            config.embed,
            config.hidden,
            extra_dim=annotation_dim,
            layers=config.layers,
            dropout=config.dropout,
        )
        self.readout = Maxout(config.hidden + config.embed + annotation_dim, config.hidden)
        self.output_dim = config.hidden

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> Memory:
        """The annotations, with ``U_a h_j`` computed once."""
        return self.look.project(annotations, keep)

    def start(self, source: Source) -> BahdanauState:
        """The state before the first step."""
        return BahdanauState(self.stack.begin(source.state), first_step(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T F"]:
        """The readout's input, ``[s_{i-1} ; E y_{i-1} ; c_i]``, of all steps."""
        # Only what depends on the state is computed in the loop. The product with E y is one product of all steps.
        bases = self.stack.project(embedded.transpose(0, 1)).unbind(0)
        layers = self.stack.begin(source.state)
        states, contexts = [], []
        for i, base in enumerate(bases):
            states.append(layers[-1][0])
            context = self.look(states[-1].unsqueeze(1), source.attended, position[:, i : i + 1]).squeeze(1)
            contexts.append(context)
            # No word is read out of the state after the last step.
            if i + 1 < len(bases):
                layers = self.stack(base, context, layers)
        return beside(torch.stack(states, dim=1), embedded, torch.stack(contexts, dim=1))

    def step(
        self, embedded: Float[Tensor, "B E"], state: BahdanauState, source: Source
    ) -> tuple[Float[Tensor, "B F"], BahdanauState, Float[Tensor, "B S"]]:
        """The readout's input at one step, the state after it, and the attention weights."""
        top = state.layers[-1][0]
        context, weights = self.look.attend_step(top, source.attended, state.position)
        layers = self.stack(self.stack.project(embedded), context, state.layers)
        return beside(top, embedded, context), BahdanauState(layers, state.position), weights
