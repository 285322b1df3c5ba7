"""A map: weights with the words that looked and the words that were looked at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

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

    def of_heads(self) -> Iterator["Map"]:
        """The map of every layer and head behind this one, as a map of its own."""
        for name, heads in self.layers.items():
            for number, weights in enumerate(heads):
                title = name if len(heads) == 1 else f"{name}, head {number}"
                yield replace(self, weights=weights, title=title, layers={})
