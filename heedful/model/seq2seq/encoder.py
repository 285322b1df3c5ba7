"""The recurrent encoder of texts, and the ways to make a decoder's first state from its output."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.errors import UserError
from heedful.layer.dropout import Dropout
from heedful.layer.reader import RecurrentReader
from heedful.layer.recurrent import CELLS, Recurrent, State
from heedful.model.encoder import Encoded, KnowsFirst, check_encoder
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.shapes import keep_from_lengths


class Source(NamedTuple):
    """The encoded source as a decoder uses it. Search passes it along unchanged.

    `memory` holds keys and values: None for a decoder without attention, and a tuple for a decoder with several.
    `summary` ``[B, A]`` is the source as one vector, which the literature calls C. `state` is the decoder's first
    state, ``[B, L, H]`` each. `keep` marks the real positions, and `axis` describes them (see `Encoded`).
    """

    memory: Memory | tuple[Memory, ...] | None
    summary: Float[Tensor, "B A"]
    state: State
    keep: Bool[Tensor, "B S"]
    axis: Any = None

    @property
    def attended(self) -> Memory:
        """The memory, for decoders with one attention.

        Raises: ValueError, when this source was encoded for another decoder.
        """
        if not isinstance(self.memory, Memory):
            raise ValueError("this Source was encoded for a decoder without attention: encode with the same model.")
        return self.memory


class RecurrentTextEncoder(nn.Module):
    """Embedding and recurrent layers, in both directions or one.

    `words` maps ids to vectors ``embed`` wide.
    Parameters: ``embedding`` (that module), ``reader`` (`RecurrentReader`).
    Source: Bahdanau et al. 2015, section 3.2 and A.2.1 (arXiv:1409.0473). Unlike the paper's, torch's GRU applies the
    reset gate after the product.
    """

    def __init__(self, config: SeqToSeqConfig, words: nn.Module) -> None:
        super().__init__()
        self.embedding = words
        self.dropout = Dropout(config.dropout)
        recurrent = Recurrent(
            CELLS[config.cell],
            config.embed,
            config.hidden,
            layers=config.layers,
            bidirectional=config.bidirectional,
            dropout=config.dropout,
        )
        self.reader = RecurrentReader(recurrent, config.merge)
        self.output_dim = self.reader.output_dim
        self.first_dim = config.hidden

    def forward(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Encoded:
        """Encode every source up to its length, which is at least 1."""
        reading = self.reader.read(self.dropout(self.embedding(source)), lengths)
        keep = keep_from_lengths(lengths, source.shape[1])
        return Encoded(self.dropout(reading.states), keep, final=reading.final, first=reading.first)


def word_vectors(size: int, width: int) -> nn.Embedding:
    """Vectors of about unit length, so that logits have order 1 when the output shares this matrix.

    They are not scaled up as a Transformer's are: with large inputs recurrent layers learn slowly to count, and
    therefore where to attend (the authors of RNNsearch initialised entries at 0.01).
    """
    embedding = nn.Embedding(size, width)
    nn.init.normal_(embedding.weight, std=width**-0.5)
    return embedding


class FirstWord(nn.Module):
    """``s_0 = tanh(W_s hb_1)``, from the backward state at the first word; one such state for each layer and part.

    For an encoder without such a state, for example of pictures, `Encoded.summary` takes its place: the mean of the
    states (Xu et al. 2015, section 3.1.2, arXiv:1502.03044).
    Source: Bahdanau et al. 2015, section A.2.2 (arXiv:1409.0473).
    """

    def __init__(self, config: SeqToSeqConfig, encoder: nn.Module) -> None:
        super().__init__()
        self.shape = (CELLS[config.cell].parts, config.layers, config.hidden)
        width = encoder.first_dim if isinstance(encoder, KnowsFirst) else check_encoder(encoder)
        self.projection = nn.Linear(width, self.shape[0] * config.layers * config.hidden)
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, encoded: Encoded) -> State:
        """The state of every decoder layer, ``[B, L, H]`` each."""
        first = encoded.summary() if encoded.first is None else encoded.first
        return torch.tanh(self.projection(first)).unflatten(-1, self.shape).unbind(1)


class Final(nn.Module):
    """The encoder's final states, layer by layer.

    Raises: UserError, when they are not as wide as the decoder's, or, in `forward`, when the encoder returns none.
    Source: Sutskever et al. 2014, section 2 (arXiv:1409.3215); Luong et al. 2015, section 3 (arXiv:1508.04025).
    """

    def __init__(self, config: SeqToSeqConfig, encoder: nn.Module) -> None:
        super().__init__()
        if check_encoder(encoder) != config.hidden:
            raise UserError(
                f"start 'final' copies the encoder's state to the decoder, but they are {check_encoder(encoder)} and "
                f"{config.hidden} wide",
                hint="set merge to 'sum' or bidirectional to false, or choose start 'first-word'",
            )

    def forward(self, encoded: Encoded) -> State:
        """The state of every decoder layer, ``[B, L, H]`` each."""
        if encoded.final is None:
            raise UserError(
                "start 'final' copies the encoder's final state to the decoder, but this encoder gives none",
                hint="choose start 'first-word' or 'zero'",
            )
        return encoded.final


class Zero(nn.Module):
    """Zeros: the decoder then reads the source by attention only."""

    def __init__(self, config: SeqToSeqConfig, encoder: nn.Module) -> None:
        super().__init__()
        self.parts, self.layers, self.width = CELLS[config.cell].parts, config.layers, config.hidden

    def forward(self, encoded: Encoded) -> State:
        """The state of every decoder layer, ``[B, L, H]`` each."""
        zeros = encoded.states.new_zeros(encoded.states.shape[0], self.layers, self.width)
        return (zeros,) * self.parts


STARTS: dict[str, type[FirstWord] | type[Final] | type[Zero]] = {"first-word": FirstWord, "final": Final, "zero": Zero}
