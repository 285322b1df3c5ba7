"""A map: weights with the words that looked and the words that were looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from heedful.watch.words import check_words


@dataclass(frozen=True)
class Map:
    """Where one sentence looked, with its words: rows looked, columns were looked at.

    `layers` holds the maps of all heads behind it, over the same words, by the name of their module.
    Raises: ShapeError, when there is not one word a row and column.
    """

    weights: Float[Tensor, "T S"]
    rows: Sequence[str]
    columns: Sequence[str]
    title: str = ""
    layers: Mapping[str, Float[Tensor, "_ T S"]] = field(default_factory=dict[str, Tensor])

    def __post_init__(self) -> None:
        check_words(self.weights, self.rows, self.columns)
