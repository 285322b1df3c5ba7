"""A decoder guided along its source: it reads the words where it stands, and looks everywhere before it speaks."""

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
    """The recurrent state ``[B, L, H]`` each, and where it stands, ``[B]``."""

    layers: State
    position: Tensor


class Guided(nn.Module):
    """Two looks a step: a near one before it, where the decoder stands, and the far one after it, as Luong's.

    The near one is asked by the word before, ``n_t = attend(E y_{t-1})`` over `near` words to each side of where the
    decoder stands; ``d_t = RNN(d_{t-1}, [E y_{t-1}; n_t])``; the far one is ``c_t = attend(d_t)``; the readout is
    ``tanh(W [c_t; d_t; n_t])``. Where it stands depends on what was said alone (see `moving` of `SeqToSeq`), so all
    steps run and look at once. Parameters: ``near`` and ``look`` (the attentions), ``recurrent``, ``readout``.
    Source: reading where one stands is the deterministic attention of Ma et al. 2017, section 4 (AAAI), which reads
    the two words at the edge and looks nowhere else; the far look is Luong et al. 2015 (arXiv:1508.04025).
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
        """The annotations, their keys projected once for each look."""
        return self.near.project(annotations, keep), self.look.project(annotations, keep)

    def start(self, source: Source) -> GuidedState:
        """The state before the first step."""
        return GuidedState(source.state, first_step(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T F"]:
        """``[c_t; d_t; n_t]`` of all steps."""
        here, everywhere = cast(tuple[Memory, Memory], source.memory)
        near = self.near(embedded, here, position)
        hidden, _ = self.recurrent(torch.cat([embedded, near], dim=-1), source.state)
        return beside(self.look(hidden, everywhere, position), hidden, near)

    def step(
        self, embedded: Float[Tensor, "B E"], state: GuidedState, source: Source
    ) -> tuple[Float[Tensor, "B F"], GuidedState, Float[Tensor, "B S"]]:
        """``[c_t; d_t; n_t]`` of one step, the state after it, and where the far look went."""
        here, everywhere = cast(tuple[Memory, Memory], source.memory)
        near, _ = self.near.attend_step(embedded, here, state.position)
        hidden, layers = self.recurrent.step(torch.cat([embedded, near], dim=-1), state.layers)
        context, weights = self.look.attend_step(hidden, everywhere, state.position)
        return beside(context, hidden, near), GuidedState(layers, state.position), weights
