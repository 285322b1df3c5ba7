"""The decoder that is told the source once, and then only what it said."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.layer.recurrent import State
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.parts import decoder_layers


class FeedbackState(NamedTuple):
    """The recurrent state, ``[B, L, H]`` each, and what of the summary is still to be told, ``[B, E]``."""

    layers: State
    pending: Tensor


class Feedback(nn.Module):
    """``h_1 = RNN(h_0, E y_0 + W C)``, then ``h_t = RNN(h_{t-1}, E y_{t-1})``.

    Parameters: ``glimpse`` (W, no bias: C to the width of an embedding), ``recurrent``.
    Source: Sutskever et al. 2014, section 2 (arXiv:1409.3215); C as the first input after the Keras library
    farizrahman4u/seq2seq.
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        self.glimpse = nn.Linear(annotation_dim, config.embed, bias=False)
        self.recurrent = decoder_layers(config)
        self.readout = nn.Identity()
        self.output_dim = config.hidden

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> None:
        """Nothing to look at."""

    def start(self, source: Source) -> FeedbackState:
        """The state before the first step."""
        return FeedbackState(source.state, self.glimpse(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T H"]:
        """The hidden states of all steps."""
        told = embedded[:, :1] + self.glimpse(source.summary).unsqueeze(1)
        return self.recurrent(torch.cat([told, embedded[:, 1:]], dim=1), source.state)[0]

    def step(
        self, embedded: Float[Tensor, "B E"], state: FeedbackState, source: Source
    ) -> tuple[Float[Tensor, "B H"], FeedbackState, None]:
        """The hidden state of one step; the summary is pending in the first only."""
        hidden, layers = self.recurrent.step(embedded + state.pending, state.layers)
        return hidden, FeedbackState(layers, torch.zeros_like(state.pending)), None
