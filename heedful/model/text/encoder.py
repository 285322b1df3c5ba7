"""The encoders of texts: from the vectors of a text's words to a state for each of them.

An encoder is built from (config, input_dim). Rows depend neither on each other nor on padding; every row has at least
one word.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.attention.memory import zero_unseen
from heedful.layer.block import LayerSizes, plain_encoder_layer
from heedful.layer.context import Contexts
from heedful.layer.dropout import Dropout
from heedful.layer.ngram import NGrams
from heedful.layer.position import Sinusoidal
from heedful.layer.precision import for_products
from heedful.layer.reader import RecurrentReader
from heedful.layer.recurrent import CELLS, Recurrent
from heedful.layer.residual import PostNorm, PreNorm
from heedful.model.encoder import Encoded
from heedful.model.text.config import TextConfig
from heedful.model.text.vectors import WordVectors
from heedful.shapes import keep_from_lengths

NORMS: dict[str, type[PreNorm] | type[PostNorm]] = {"pre": PreNorm, "post": PostNorm}


@runtime_checkable
class Encoder(Protocol):
    """The interface of encoders; a state is `output_dim` wide, the concatenation of `directions` equal parts."""

    output_dim: int
    directions: int

    def __call__(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B S D"]:
        """A state for every word."""
        ...


class WordsEncoder(nn.Module):
    """The word vectors themselves: together with a pooling a bag of words."""

    directions = 1

    def __init__(self, config: TextConfig, input_dim: int) -> None:
        super().__init__()
        self.output_dim = input_dim

    def forward(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B S I"]:
        """The vectors, unchanged."""
        return vectors


class CnnEncoder(nn.Module):
    """The n-grams around every word.

    Source: Kim 2014 (arXiv:1408.5882).
    """

    directions = 1

    def __init__(self, config: TextConfig, input_dim: int) -> None:
        super().__init__()
        self.ngrams = NGrams(input_dim, config.maps, config.widths)
        self.output_dim = self.ngrams.output_dim

    def forward(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B S D"]:
        """The n-grams of all widths, concatenated."""
        return self.ngrams(vectors, keep_from_lengths(lengths, vectors.shape[1]))


class RnnEncoder(RecurrentReader):
    """Recurrent layers in one direction or both, as configured."""

    def __init__(self, config: TextConfig, input_dim: int) -> None:
        recurrent = Recurrent(
            CELLS[config.cell],
            input_dim,
            config.hidden,
            layers=config.layers,
            bidirectional=config.bidirectional,
            dropout=config.dropout,
            forget=config.forget,
        )
        # Pooling "last" takes each direction's state at its last step, so that the two must not be summed before.
        super().__init__(recurrent, "concat" if config.pooling == "last" else config.merge)


class RcnnEncoder(nn.Module):
    """Each word with its left and right context: ``tanh(W [c_l ; e ; c_r] + b)``.

    The output and the contexts are `hidden` wide. Source: Lai et al. 2015, eq. 1-4 (AAAI).
    """

    directions = 1

    def __init__(self, config: TextConfig, input_dim: int) -> None:
        super().__init__()
        self.contexts = Contexts(input_dim, config.hidden)
        self.output_dim = config.hidden
        self.projection = nn.Linear(2 * config.hidden + input_dim, config.hidden)
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B S D"]:
        """One vector per word, of the word and both contexts."""
        left, right = self.contexts(vectors, lengths)
        return torch.tanh(self.projection(torch.cat([left, vectors.to(left.dtype), right], dim=-1)))


class TransformerEncoder(nn.Module):
    """Layers of self-attention, `hidden` wide, over words and positions.

    The input is normalised first, so that its scale does not matter relative to the positions (ours; the paper scales
    word vectors instead), and projected if it has another width.
    Source: Vaswani et al. 2017, section 3.1 (arXiv:1706.03762).
    """

    directions = 1

    def __init__(self, config: TextConfig, input_dim: int) -> None:
        super().__init__()
        self.output_dim = config.hidden
        self.norm = nn.LayerNorm(input_dim)
        self.entry = nn.Identity() if input_dim == config.hidden else nn.Linear(input_dim, config.hidden, bias=False)
        if isinstance(self.entry, nn.Linear):
            nn.init.xavier_uniform_(self.entry.weight)
        self.position, self.dropout = Sinusoidal(), Dropout(config.dropout)
        attention = config.attention.self.build
        sizes = LayerSizes(config.hidden, config.heads, config.feedforward, config.dropout, self_attention=attention)
        residual = NORMS[config.norm]
        self.layers = nn.ModuleList(plain_encoder_layer(sizes, residual) for _ in range(config.layers))
        self.last = residual.end(config.hidden)

    def forward(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B S D"]:
        """The top layer's output."""
        keep = keep_from_lengths(lengths, vectors.shape[1])
        # Padding is zeroed before the first product: a NaN there would reach the gradients of weights.
        stream = self.dropout(self.position(self.entry(self.norm(zero_unseen(vectors, keep)))))
        for layer in self.layers.children():
            stream = layer(stream, keep)
        return for_products(self.last(stream))


ENCODERS: dict[str, Callable[[TextConfig, int], Encoder]] = {
    "words": WordsEncoder,
    "cnn": CnnEncoder,
    "rnn": RnnEncoder,
    "rcnn": RcnnEncoder,
    "transformer": TransformerEncoder,
}


def text_vectors(config: TextConfig, size: int) -> WordVectors:
    """The word vectors of a vocabulary, with the width and dropout of `config`."""
    return WordVectors(size, config.embed, dropout=config.embed_dropout, word_dropout=config.word_dropout)


class TextEncoder(nn.Module):
    """Tokens to states: word vectors and one of the encoders, for a model that attends to words.

    Parameters: ``vectors`` (`WordVectors`), ``encoder``. Attribute: ``output_dim``, the width of a state.
    """

    def __init__(self, config: TextConfig, size: int) -> None:
        super().__init__()
        self.vectors = text_vectors(config, size)
        self.encoder = ENCODERS[config.encoder](config, config.embed)
        self.output_dim = self.encoder.output_dim

    def forward(self, tokens: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Encoded:
        """A state for every word; tokens beyond a text's length are not read."""
        keep = keep_from_lengths(lengths, tokens.shape[1])
        return Encoded(self.encoder(self.vectors(tokens), lengths), keep)
