"""What every decoder is, and the layers that most of them share."""

from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.layer.recurrent import CELLS, Recurrent
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source


@runtime_checkable
class Decoder(Protocol):
    """A decoder family: built from (config, annotation_dim), and run all at once or step by step with equal results.

    Features F are whatever its `readout` turns into the vector that the softmax reads, `output_dim` wide; they are
    apart from the loop so that the readout of all steps, padding left out, is one product.
    A decoder whose attention knows places has the field ``position`` in its state: the source word that it stands at,
    which the model moves before each step.
    """

    output_dim: int

    @property
    def readout(self) -> nn.Module:
        """What turns features into what the softmax reads."""
        ...

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> Any:
        """What it looks at: a Memory, or None."""
        ...

    def start(self, source: Source) -> Any:
        """The state before the first step."""
        ...

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T F"]:
        """The features of all steps, given the embedded words before each and where each step stands."""
        ...

    def step(self, embedded: Float[Tensor, "B E"], state: Any, source: Source) -> tuple[Tensor, Any, Tensor | None]:
        """One step's features ``[B, F]``, the next state, and where it looked, ``[B, S]`` or None."""
        ...


def decoder_layers(config: SeqToSeqConfig) -> Recurrent:
    """The recurrent layers of a decoder whose inputs are all known beforehand."""
    return Recurrent(CELLS[config.cell], config.embed, config.hidden, layers=config.layers, dropout=config.dropout)


def first_step(like: Float[Tensor, "B ..."]) -> Int[Tensor, " B"]:
    """Where every row stands before its first word: at the beginning."""
    return torch.zeros(like.shape[0], dtype=torch.long, device=like.device)
