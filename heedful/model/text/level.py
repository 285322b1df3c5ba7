"""One level of reading: an encoder, and a pooling that makes one vector of its states."""

from jaxtyping import Float, Int
from torch import Tensor, cat, nn

from heedful.layer.pooling import Last
from heedful.model.text.config import TextConfig
from heedful.model.text.encoder import ENCODERS, RnnEncoder
from heedful.model.text.poolings import POOLINGS
from heedful.shapes import keep_from_lengths


class Asker(nn.Module):
    """What a recurrent layer has in mind after a whole text: the query of pooling "asked".

    Source: Er et al. 2016 (Information Sciences 373).
    """

    def __init__(self, config: TextConfig, input_dim: int) -> None:
        super().__init__()
        self.encoder = RnnEncoder(config.model_copy(update={"pooling": "last"}), input_dim)
        self.output_dim = self.encoder.output_dim
        self.pooling = Last(self.output_dim, directions=self.encoder.directions)

    def forward(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B Q"]:
        """The last state, of each direction at its own end."""
        return self.pooling(self.encoder(vectors, lengths), keep_from_lengths(lengths, vectors.shape[1]))


class Level(nn.Module):
    """From vectors in a row to one vector: words to a sentence, or sentences to a document.

    With pooling "asked" the state that asks stands beside what it saw. Every row has at least one vector.
    Parameters: ``encoder``, ``pooling``, and ``asker`` with pooling "asked". Attribute: ``output_dim``.
    """

    def __init__(self, config: TextConfig, input_dim: int) -> None:
        super().__init__()
        self.encoder = ENCODERS[config.encoder](config, input_dim)
        self.asker = Asker(config, input_dim) if config.pooling == "asked" else None
        asked = 0 if self.asker is None else self.asker.output_dim
        self.pooling = POOLINGS[config.pooling](config, self.encoder, asked or None)
        self.output_dim = self.pooling.output_dim + asked  # the query stands beside what it saw

    def forward(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B D"]:
        """One vector a row."""
        states, query = self._read(vectors, lengths)
        pooled = self.pooling(states, keep_from_lengths(lengths, vectors.shape[1]), query)
        return pooled if query is None else cat([pooled, query.to(pooled.dtype)], dim=-1)

    def weigh(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B S"]:
        """How much of each state the pooling took: rows that sum to 1."""
        states, query = self._read(vectors, lengths)
        return self.pooling.weigh(states, keep_from_lengths(lengths, vectors.shape[1]), query)

    def _read(self, vectors: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor | None]:
        """The states, and the query where there is one that asks."""
        return self.encoder(vectors, lengths), None if self.asker is None else self.asker(vectors, lengths)
