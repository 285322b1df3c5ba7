"""The interface of decoders, and the layers that most of them share."""

from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.layer.recurrent import CELLS, Recurrent
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source


@runtime_checkable
class Decoder(Protocol):
    """A decoder family: built from (config, annotation_dim), with equal results for all steps at once or one by one.

    Features F are the input of its `readout`, which gives the softmax's input, `output_dim` wide. The readout is not
    part of the loop, so that it is one product over all steps, without padding.
    If the attention depends on the source position, the state has a field ``position``, which the model updates before
    each step.
    """

    output_dim: int

    @property
    def readout(self) -> nn.Module:
        """The module that turns features into the softmax's input."""
        ...

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> Any:
        """What the decoder attends to: a Memory, several, or None."""
        ...

    def start(self, source: Source) -> Any:
        """The state before the first step."""
        ...

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T F"]:
        """The features of all steps, from the embedded word before each step and each step's source position."""
        ...

    def step(self, embedded: Float[Tensor, "B E"], state: Any, source: Source) -> tuple[Tensor, Any, Tensor | None]:
        """One step's features ``[B, F]``, the next state, and the attention weights, ``[B, S]`` or None."""
        ...


def decoder_layers(config: SeqToSeqConfig) -> Recurrent:
    """The recurrent layers of a decoder whose inputs are all known before the loop."""
    return Recurrent(CELLS[config.cell], config.embed, config.hidden, layers=config.layers, dropout=config.dropout)


def first_step(like: Float[Tensor, "B ..."]) -> Int[Tensor, " B"]:
    """The source position of every row before its first word: 0."""
    return torch.zeros(like.shape[0], dtype=torch.long, device=like.device)
