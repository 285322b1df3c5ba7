"""Decoders without attention: they read the source as one vector, its summary C, at the first step or at all steps."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.layer.recurrent import State
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.parts import decoder_layers


class SummaryInputs(NamedTuple):
    """The inputs of the recurrent layers at a step.

    `words`: whether they read the last word. `again`: whether they read the summary at steps after the first, too.
    """

    words: bool
    again: bool


SUMMARY_INPUTS: dict[str, SummaryInputs] = {
    "simple": SummaryInputs(words=False, again=True),
    "feedback": SummaryInputs(words=True, again=False),
    "peek": SummaryInputs(words=True, again=True),
}
"""The inputs of the three decoders by name."""


class SummaryState(NamedTuple):
    """The recurrent state ``[B, L, H]`` each, and the projected summary that the next step reads, ``[B, E]``."""

    layers: State
    glimpse: Tensor


class SummaryDecoder(nn.Module):
    """``h_t = RNN(h_{t-1}, x_t)``, of the last word ``E y_{t-1}`` and the summary's projection ``W C``.

    | name | x_1 | x_t after it |
    |---|---|---|
    | simple | ``W C`` | ``W C``: the last word is not read |
    | peek | ``E y_0 + W C`` | ``E y_{t-1} + W C`` |
    | feedback | ``E y_0 + W C`` | ``E y_{t-1}`` |

    Parameters: ``glimpse`` (W, no bias: C to the width of an embedding), ``recurrent``. Without C, peek is feedback.
    Source: peek is Cho et al. 2014, section 2.2 (arXiv:1406.1078), whose readout sees C and the last word as well;
    feedback is Sutskever et al. 2014, section 2 (arXiv:1409.3215); all three, with C as they have it here, are models
    of the Keras library farizrahman4u/seq2seq.
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        self.inputs = SUMMARY_INPUTS[config.decoder]
        self.glimpse = nn.Linear(annotation_dim, config.embed, bias=False)
        self.recurrent = decoder_layers(config)
        self.readout = nn.Identity()
        self.output_dim = config.hidden

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> None:
        """None: there is nothing to attend to."""

    def start(self, source: Source) -> SummaryState:
        """The state before the first step."""
        return SummaryState(source.state, self.glimpse(source.summary))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T H"]:
        """The hidden states of all steps."""
        glimpse = self.glimpse(source.summary).unsqueeze(1)
        if not self.inputs.words:
            # Of the words only their number is used.
            inputs = glimpse.expand(-1, embedded.shape[1], -1)
        elif self.inputs.again:
            inputs = embedded + glimpse
        else:
            inputs = torch.cat([embedded[:, :1] + glimpse, embedded[:, 1:]], dim=1)
        return self.recurrent(inputs, source.state)[0]

    def step(
        self, embedded: Float[Tensor, "B E"], state: SummaryState, source: Source
    ) -> tuple[Float[Tensor, "B H"], SummaryState, None]:
        """The hidden state of one step."""
        inputs = embedded + state.glimpse if self.inputs.words else state.glimpse
        hidden, layers = self.recurrent.step(inputs, state.layers)
        # A summary that is read once is replaced by zeros, so that all steps have the same state and the same sum.
        glimpse = state.glimpse if self.inputs.again else torch.zeros_like(state.glimpse)
        return hidden, SummaryState(layers, glimpse), None
