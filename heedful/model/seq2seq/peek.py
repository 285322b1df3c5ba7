"""The decoder that is told the source and its last word at every step."""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.layer.recurrent import State
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.parts import decoder_layers


class PeekState(NamedTuple):
    """The recurrent state ``[B, L, H]`` each, and the summary's share of every input ``[B, E]``."""

    layers: State
    glimpse: Tensor


class Peek(nn.Module):
    """``h_t = RNN(h_{t-1}, E y_{t-1} + W C)``: the summary C peeps into every step.

    Parameters: ``glimpse`` (W, no bias: C to the width of an embedding), ``recurrent``. With C = 0 it is `Feedback`.
    Source: Cho et al. 2014, section 2.2 (arXiv:1406.1078), whose readout sees C and the last word as well; here
    as in the Keras library farizrahman4u/seq2seq.
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        self.glimpse = nn.Linear(annotation_dim, config.embed, bias=False)
        self.recurrent = decoder_layers(config)
        self.readout = nn.Identity()
        self.output_dim = config.hidden

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> None:
        """Nothing to look at."""

    def start(self, source: Source) -> PeekState:
        """The state before the first step."""
        return PeekState(source.state, self.glimpse(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T H"]:
        """The hidden states of all steps."""
        return self.recurrent(embedded + self.glimpse(source.summary).unsqueeze(1), source.state)[0]

    def step(
        self, embedded: Float[Tensor, "B E"], state: PeekState, source: Source
    ) -> tuple[Float[Tensor, "B H"], PeekState, None]:
        """The hidden state of one step."""
        hidden, layers = self.recurrent.step(embedded + state.glimpse, state.layers)
        return hidden, PeekState(layers, state.glimpse), None
