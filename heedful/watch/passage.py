"""Maps of one row as running text: which maps belong together, the weight of each word, where lines break.

As a table, a map of one row would be far too wide. The terminal, pages and pictures share this file; each measures
words in a unit of its own.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from heedful.axes import Words
from heedful.shapes import ShapeError
from heedful.watch.map import Map
from heedful.watch.words import fit, printable

_LABEL = 18  # the widest label of a sentence, in columns of the terminal

EMPTY = "(nothing was looked at: the text is empty)"


def passages(maps: Iterable[Map]) -> Iterator[list[Map]]:
    """Groups maps that are drawn together: a map, or a map of one row and those without a title that follow it."""
    passage: list[Map] = []
    for map_ in maps:
        if passage and (map_.title or not is_text(map_) or not is_text(passage[0])):
            yield passage
            passage = []
        passage.append(map_)
    if passage:
        yield passage


def is_text(map_: Map) -> bool:
    """Whether a map is drawn as running text: one row over words."""
    return len(map_.rows) == 1 and isinstance(map_.columns, Words)


@dataclass(frozen=True)
class Sentence:
    """A row's label, its printable words, their weights, and the largest finite weight."""

    name: str
    words: Sequence[str]
    weights: Sequence[float]
    largest: float

    @classmethod
    def of(cls, map_: Map, mark: str = "…") -> "Sentence":
        """The only row of a map; a label that is too long is cut with `mark`.

        Raises: ShapeError, for a map that is not one row over words.
        """
        if not is_text(map_):
            kind = type(map_.columns).__name__
            raise ShapeError(
                f"a map of {len(map_.rows)} rows and columns of {kind} is no running text: "
                "give one row over words, or use draw."
            )
        weights: list[float] = map_.weights[0].detach().float().cpu().tolist()
        largest = max((weight for weight in weights if math.isfinite(weight)), default=0.0)
        name = fit(printable(map_.rows[0]), _LABEL, mark) if map_.rows[0] else ""
        return cls(name, [printable(word) for word in map_.columns], weights, largest)

    def share(self, index: int) -> float:
        """A weight divided by the largest; NaN stays NaN."""
        weight = self.weights[index]
        if math.isnan(weight):
            return weight
        return weight / self.largest if self.largest > 0 else 0.0


def top_of_scale(sentences: Sequence[Sentence]) -> str:
    """What the darkest shade stands for: the largest weight, which differs between several sentences."""
    return f"{sentences[0].largest:.2g}" if len(sentences) == 1 else "the heaviest of each"


def wrap(widths: Sequence[float | int], room: float | int) -> Iterator[range]:
    """The indices of the words of each line; a word wider than the line has a line of its own."""
    first, taken = 0, 0.0
    for index, needed in enumerate(widths):
        if index > first and taken + needed > room:
            yield range(first, index)
            first, taken = index, 0.0
        taken += needed
    if first < len(widths):
        yield range(first, len(widths))
