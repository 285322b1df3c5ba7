"""Static attention: the context is computed once, before the first step, and used in all steps."""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.recurrent import State
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.look import SourceAttention
from heedful.model.seq2seq.parts import decoder_layers, first_step


class StaticState(NamedTuple):
    """The recurrent state ``[B, L, H]`` each, the projected context ``[B, E]``, and the attention weights."""

    layers: State
    glimpse: Tensor
    attention: Tensor


class Static(nn.Module):
    """``c = sum_j softmax_j(score(C, h_j)) h_j`` once, then ``h_t = RNN(h_{t-1}, E y_{t-1} + W c)``.

    The query is the summary C for the whole output, so that the weights are the same at all steps; `Bahdanau` and
    `Luong` have a query per step. Otherwise it is the decoder "peek" (see `SummaryDecoder`), with an attended context
    in place of C.
    Parameters: ``look`` (the attention), ``glimpse`` (W, no bias), ``recurrent``.
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        self.look = SourceAttention(config.attention, annotation_dim, annotation_dim)
        self.glimpse = nn.Linear(annotation_dim, config.embed, bias=False)
        self.recurrent = decoder_layers(config)
        self.readout = nn.Identity()
        self.output_dim = config.hidden

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> Memory:
        """The annotations, with keys projected once."""
        return self.look.project(annotations, keep)

    def start(self, source: Source) -> StaticState:
        """The state before the first step, with the context of all steps."""
        context, weights = self.look.attend_step(source.summary, source.attended, first_step(source.summary))
        return StaticState(source.state, self.glimpse(context), weights)

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T H"]:
        """The hidden states of all steps."""
        context = self.look(source.summary.unsqueeze(1), source.attended, first_step(source.summary).unsqueeze(1))
        return self.recurrent(embedded + self.glimpse(context), source.state)[0]

    def step(
        self, embedded: Float[Tensor, "B E"], state: StaticState, source: Source
    ) -> tuple[Float[Tensor, "B H"], StaticState, Float[Tensor, "B S"]]:
        """The hidden state of one step, the state after it, and the weights computed in `start`."""
        hidden, layers = self.recurrent.step(embedded + state.glimpse, state.layers)
        return hidden, StaticState(layers, state.glimpse, state.attention), state.attention
