"""One level of a text model: an encoder, and a pooling that makes one vector of its states."""

from jaxtyping import Float, Int
from torch import Tensor, cat, nn

from heedful.layer.pooling import Last
from heedful.model.text.config import TextConfig
from heedful.model.text.encoder import ENCODERS, RnnEncoder
from heedful.model.text.poolings import POOLINGS
from heedful.shapes import keep_from_lengths


class Asker(nn.Module):
    """The query of pooling "asked": a recurrent layer's state after the whole text.

    Source: Er et al. 2016 (Information Sciences 373).
    """

    def __init__(self, config: TextConfig, input_dim: int) -> None:
        super().__init__()
        self.encoder = RnnEncoder(config.model_copy(update={"pooling": "last"}), input_dim)
        self.output_dim = self.encoder.output_dim
        self.pooling = Last(self.output_dim, directions=self.encoder.directions)

    def forward(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B Q"]:
        """The last state of each direction, concatenated."""
        return self.pooling(self.encoder(vectors, lengths), keep_from_lengths(lengths, vectors.shape[1]))


class Level(nn.Module):
    """From a sequence of vectors to one vector: words to a sentence, or sentences to a document.

    With pooling "asked" the query is concatenated with the result. Every row has at least one vector.
    Parameters: ``encoder``, ``pooling``, and ``asker`` with pooling "asked". Attribute: ``output_dim``.
    """

    def __init__(self, config: TextConfig, input_dim: int) -> None:
        super().__init__()
        self.encoder = ENCODERS[config.encoder](config, input_dim)
        self.asker = Asker(config, input_dim) if config.pooling == "asked" else None
        query_dim = 0 if self.asker is None else self.asker.output_dim
        self.pooling = POOLINGS[config.pooling](config, self.encoder, query_dim or None)
        self.output_dim = self.pooling.output_dim + query_dim

    def forward(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B D"]:
        """One vector per row."""
        states, query = self._read(vectors, lengths)
        pooled = self.pooling(states, keep_from_lengths(lengths, vectors.shape[1]), query)
        # Under autocast the two may differ in dtype, and `cat` would take the wider one.
        return pooled if query is None else cat([pooled, query.to(pooled.dtype)], dim=-1)

    def weigh(self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B S"]:
        """The weight of each state in the pooled vector; rows sum to 1."""
        states, query = self._read(vectors, lengths)
        return self.pooling.weigh(states, keep_from_lengths(lengths, vectors.shape[1]), query)

    def _read(self, vectors: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor | None]:
        """The states, and the query if the pooling takes one."""
        return self.encoder(vectors, lengths), None if self.asker is None else self.asker(vectors, lengths)
