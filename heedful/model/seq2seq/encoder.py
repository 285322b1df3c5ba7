"""The encoder that all decoders share, and the ways to make a decoder's first state of what was read."""

from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.errors import UserError
from heedful.layer.dropout import Dropout
from heedful.layer.reader import Reader, Reading
from heedful.layer.recurrent import CELLS, Recurrent, State
from heedful.model.seq2seq.config import SeqToSeqConfig


class Source(NamedTuple):
    """What a decoder knows of the source; the memory that search keeps beside its hypotheses.

    `memory` is what it can look at: None for a decoder that does not look, and one for each attention where there are
    several. `summary` ``[B, A]`` is the top layer's final state, which the literature calls C, and `state` the
    decoder's first state, ``[B, L, H]`` each.
    """

    memory: Memory | tuple[Memory, ...] | None
    summary: Tensor
    state: State

    @property
    def seen(self) -> Memory:
        """The memory, for decoders that look."""
        if not isinstance(self.memory, Memory):
            raise ValueError("this Source was encoded for a decoder that does not look: encode with the same model.")
        return self.memory


class Encoder(nn.Module):
    """Embedding and recurrent layers, in both directions or one.

    Parameters: ``embedding``, ``reader`` (`Reader`). Attribute: ``annotation_dim``, A, the width of what a decoder
    looks at.
    Source: Bahdanau et al. 2015, section 3.2 and A.2.1 (arXiv:1409.0473); layers run by torch, whose GRU applies
    the reset gate after the product.
    """

    def __init__(self, config: SeqToSeqConfig, embedding: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding
        self.dropout = Dropout(config.dropout)
        recurrent = Recurrent(
            CELLS[config.cell],
            config.embed,
            config.hidden,
            layers=config.layers,
            bidirectional=config.bidirectional,
            dropout=config.dropout,
        )
        self.reader = Reader(recurrent, config.merge)
        self.annotation_dim = self.reader.output_dim

    def forward(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Reading:
        """Read every source up to its length."""
        reading = self.reader.read(self.dropout(self.embedding(source)), lengths)
        return reading._replace(states=self.dropout(reading.states))


def word_vectors(size: int, width: int) -> nn.Embedding:
    """Vectors of about unit length: small entries, and logits of order 1 as output weights.

    Not scaled up as a Transformer's are: recurrent layers that read large inputs are slow to learn to count, and so
    where to look (the authors of RNNsearch began at 0.01 an entry).
    """
    embedding = nn.Embedding(size, width)
    nn.init.normal_(embedding.weight, std=width**-0.5)
    return embedding


class FirstWord(nn.Module):
    """``s_0 = tanh(W_s hb_1)``, from the backward state at the first word; one such state for each layer and part.

    Source: Bahdanau et al. 2015, section A.2.2 (arXiv:1409.0473).
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        self.shape = (CELLS[config.cell].parts, config.layers, config.hidden)
        self.projection = nn.Linear(config.hidden, self.shape[0] * config.layers * config.hidden)
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, reading: Reading) -> State:
        """The state of every decoder layer, ``[B, L, H]`` each."""
        return torch.tanh(self.projection(reading.first)).unflatten(-1, self.shape).unbind(1)


class Final(nn.Module):
    """The encoder's final states as they are, layer by layer.

    Source: Sutskever et al. 2014, section 2 (arXiv:1409.3215); Luong et al. 2015, section 3 (arXiv:1508.04025).
    """

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        if annotation_dim != config.hidden:
            raise UserError(
                f"start 'final' hands the encoder's state to the decoder, but they are {annotation_dim} and "
                f"{config.hidden} wide",
                hint="set merge to 'sum' or bidirectional to false, or choose start 'first-word'",
            )

    def forward(self, reading: Reading) -> State:
        """The state of every decoder layer, ``[B, L, H]`` each."""
        return reading.final


class Zero(nn.Module):
    """Zeros: a starved decoder, which knows of the source only what it looks at."""

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        self.parts, self.layers, self.width = CELLS[config.cell].parts, config.layers, config.hidden

    def forward(self, reading: Reading) -> State:
        """The state of every decoder layer, ``[B, L, H]`` each."""
        zeros = reading.first.new_zeros(reading.first.shape[0], self.layers, self.width)
        return (zeros,) * self.parts


STARTS: dict[str, type[FirstWord] | type[Final] | type[Zero]] = {"first-word": FirstWord, "final": Final, "zero": Zero}
