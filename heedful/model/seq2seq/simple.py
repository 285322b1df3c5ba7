"""The decoder that is told the source once a step and never what it said."""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.layer.recurrent import State
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.parts import decoder_layers


class SimpleState(NamedTuple):
    """The recurrent state ``[B, L, H]`` each, and the summary's share of every input ``[B, E]``."""

    layers: State
    glimpse: Tensor


class Simple(nn.Module):
    """``h_t = RNN(h_{t-1}, W C)``: the summary C at every step, and no feedback of the last word.

    Parameters: ``glimpse`` (W, no bias: C to the width of an embedding), ``recurrent``.
    Source: the first of the four models of the Keras library farizrahman4u/seq2seq.
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        self.glimpse = nn.Linear(annotation_dim, config.embed, bias=False)
        self.recurrent = decoder_layers(config)
        self.readout = nn.Identity()
        self.output_dim = config.hidden

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> None:
        """Nothing to look at."""

    def start(self, source: Source) -> SimpleState:
        """The state before the first step."""
        return SimpleState(source.state, self.glimpse(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T H"]:
        """The hidden states of all steps; of `embedded` only the number of steps is read."""
        inputs = self.glimpse(source.summary).unsqueeze(1).expand(-1, embedded.shape[1], -1)
        return self.recurrent(inputs, source.state)[0]

    def step(
        self, embedded: Float[Tensor, "B E"], state: SimpleState, source: Source
    ) -> tuple[Float[Tensor, "B H"], SimpleState, None]:
        """The hidden state of one step."""
        hidden, layers = self.recurrent.step(state.glimpse, state.layers)
        return hidden, SimpleState(layers, state.glimpse), None
