"""Luong's attention without input feeding: recurrent layers over the whole target, then one attention call."""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.readout import Attentional, beside
from heedful.layer.recurrent import State
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.look import SourceAttention
from heedful.model.seq2seq.parts import decoder_layers, first_step


class LuongState(NamedTuple):
    """The recurrent state ``[B, L, H]`` each, and the source position, ``[B]``."""

    layers: State
    position: Tensor


class Luong(nn.Module):
    """``h_t = RNN(h_{t-1}, E y_{t-1})``; ``c_t`` from ``h_t``; ``h~_t = tanh(W_c [c_t; h_t])``.

    The query is the top layer AFTER the step (in RNNsearch: before it). The recurrent layers do not read the context,
    so that all steps are computed at once.
    Parameters: ``recurrent``, ``look`` (the attention), ``readout`` (``W_c``).
    Source: Luong et al. 2015, section 3.1-3.2, eq. 5 (arXiv:1508.04025).
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        self.recurrent = decoder_layers(config)
        self.look = SourceAttention(config.attention, config.hidden, annotation_dim)
        self.readout = Attentional(annotation_dim, config.hidden, config.hidden)
        self.output_dim = config.hidden

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> Memory:
        """The annotations, with keys projected once."""
        return self.look.project(annotations, keep)

    def start(self, source: Source) -> LuongState:
        """The state before the first step."""
        return LuongState(source.state, first_step(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T F"]:
        """``[c_t; h_t]`` of all steps."""
        hidden, _ = self.recurrent(embedded, source.state)
        return beside(self.look(hidden, source.attended, position), hidden)

    def step(
        self, embedded: Float[Tensor, "B E"], state: LuongState, source: Source
    ) -> tuple[Float[Tensor, "B F"], LuongState, Float[Tensor, "B S"]]:
        """``[c_t; h_t]`` of one step, the state after it, and the attention weights."""
        hidden, layers = self.recurrent.step(embedded, state.layers)
        context, weights = self.look.attend_step(hidden, source.attended, state.position)
        return beside(context, hidden), LuongState(layers, state.position), weights
