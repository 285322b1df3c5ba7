"""Rows of weights as running text: which maps are read together, how heavy each word is, where a line ends.

A map of one row drawn as a table would be a mile wide. What the terminal, pages and pictures share is here; each
measures words in its own unit.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from heedful.axes import Words
from heedful.shapes import ShapeError
from heedful.watch.map import Map
from heedful.watch.words import fit, printable

_LABEL = 18  # no sentence's name is drawn wider, in columns of the terminal

EMPTY = "(nothing was looked at: the text is empty)"


def passages(maps: Iterable[Map]) -> Iterator[list[Map]]:
    """Maps as they are drawn: one alone, or those of one row that follow a titled one, a text's sentences, with it."""
    own: list[Map] = []
    for seen in maps:
        if own and (seen.title or not is_text(seen) or not is_text(own[0])):
            yield own
            own = []
        own.append(seen)
    if own:
        yield own


def is_text(seen: Map) -> bool:
    """Whether a map is drawn as running text: one look at many words."""
    return len(seen.rows) == 1 and isinstance(seen.columns, Words)


@dataclass(frozen=True)
class Sentence:
    """A row's name, its words as they may be printed, their weights, and the largest of those that are numbers."""

    name: str
    words: Sequence[str]
    weights: Sequence[float]
    largest: float

    @classmethod
    def of(cls, seen: Map, mark: str = "…") -> "Sentence":
        """A map's only row; a name that is too long is cut with `mark`.

        Raises: ShapeError, for a map of another number of rows than one.
        """
        if not is_text(seen):
            kind = type(seen.columns).__name__
            raise ShapeError(
                f"a map of {len(seen.rows)} rows and columns of {kind} is no running text: "
                "give one row over words, or use draw."
            )
        weights: list[float] = seen.weights[0].detach().float().cpu().tolist()
        largest = max((weight for weight in weights if math.isfinite(weight)), default=0.0)
        name = fit(printable(seen.rows[0]), _LABEL, mark) if seen.rows[0] else ""
        return cls(name, [printable(word) for word in seen.columns], weights, largest)

    def share(self, index: int) -> float:
        """A weight as a part of the largest; NaN stays what it is."""
        weight = self.weights[index]
        if math.isnan(weight):
            return weight
        return weight / self.largest if self.largest > 0 else 0.0


def top_of_scale(sentences: Sequence[Sentence]) -> str:
    """What the darkest shade stands for: a weight where there is one sentence; of several, each has its own."""
    return f"{sentences[0].largest:.2g}" if len(sentences) == 1 else "the heaviest of each"


def wrap(widths: Sequence[float | int], room: float | int) -> Iterator[range]:
    """The numbers of the words that stand in each line; a word that is wider than the room has a line of its own."""
    first, taken = 0, 0.0
    for index, needed in enumerate(widths):
        if index > first and taken + needed > room:
            yield range(first, index)
            first, taken = index, 0.0
        taken += needed
    if first < len(widths):
        yield range(first, len(widths))
