"""A decoder with two attentions: a window around the current source position before a step, the whole source after."""

from typing import NamedTuple, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.readout import Attentional, beside
from heedful.layer.recurrent import CELLS, Recurrent, State
from heedful.model.attention_config import AttentionConfig
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.look import SourceAttention
from heedful.model.seq2seq.parts import first_step


class GuidedState(NamedTuple):
    """The recurrent state ``[B, L, H]`` each, and the source position, ``[B]``."""

    layers: State
    position: Tensor


class Guided(nn.Module):
    """Two attentions per step: a local one before it, around the current source position, and Luong's after it.

    The local one's query is the previous word: ``n_t = attend(E y_{t-1})`` over `near` source words to each side;
    ``d_t = RNN(d_{t-1}, [E y_{t-1}; n_t])``. The global one is ``c_t = attend(d_t)``, and the readout is
    ``tanh(W [c_t; d_t; n_t])``. The source position depends only on the target words before it (see `advances` of
    `SeqToSeq`), so that all steps are computed at once.
    Parameters: ``near`` and ``look`` (the attentions), ``recurrent``, ``readout``.
    Source: the local one follows the deterministic attention of Ma et al. 2017, section 4 (AAAI), which reads only the
    two source words at the current position; the global one is Luong et al. 2015 (arXiv:1508.04025).
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        near = AttentionConfig(score="general", region="window", radius=config.near)
        self.near = SourceAttention(near, config.embed, annotation_dim)
        self.recurrent = Recurrent(
            CELLS[config.cell],
            config.embed + annotation_dim,
            config.hidden,
            layers=config.layers,
            dropout=config.dropout,
        )
        self.look = SourceAttention(config.attention, config.hidden, annotation_dim)
        self.readout = Attentional(annotation_dim, config.hidden + annotation_dim, config.hidden)
        self.output_dim = config.hidden

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> tuple[Memory, Memory]:
        """The annotations, with keys projected once for each attention."""
        return self.near.project(annotations, keep), self.look.project(annotations, keep)

    def start(self, source: Source) -> GuidedState:
        """The state before the first step."""
        return GuidedState(source.state, first_step(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T F"]:
        """``[c_t; d_t; n_t]`` of all steps."""
        near_memory, memory = cast(tuple[Memory, Memory], source.memory)
        near = self.near(embedded, near_memory, position)
        hidden, _ = self.recurrent(torch.cat([embedded, near], dim=-1), source.state)
        return beside(self.look(hidden, memory, position), hidden, near)

    def step(
        self, embedded: Float[Tensor, "B E"], state: GuidedState, source: Source
    ) -> tuple[Float[Tensor, "B F"], GuidedState, Float[Tensor, "B S"]]:
        """``[c_t; d_t; n_t]`` of one step, the state after it, and the weights of the global attention."""
        near_memory, memory = cast(tuple[Memory, Memory], source.memory)
        near, _ = self.near.attend_step(embedded, near_memory, state.position)
        hidden, layers = self.recurrent.step(torch.cat([embedded, near], dim=-1), state.layers)
        context, weights = self.look.attend_step(hidden, memory, state.position)
        return beside(context, hidden, near), GuidedState(layers, state.position), weights
