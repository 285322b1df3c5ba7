"""Maps of one row as running text: which maps belong together, the weight of each word, where lines break.

As a table, a map of one row would be far too wide. The terminal, pages and pictures share this file; each measures
words in a unit of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from heedful.axes import Words, as_axis
from heedful.shapes import ShapeError
from heedful.watch.map import Map
from heedful.watch.scale import Scale, shading
from heedful.watch.words import fit, is_right_to_left, printable

_LABEL = 18  # the widest label of a sentence, in columns of the terminal

EMPTY = "(nothing was looked at: the text is empty)"


def passages(maps: Iterable[Map]) -> Iterator[list[Map]]:
    """Groups maps that are drawn together: a map, or a map of one row and those without a title that follow it."""
    passage: list[Map] = []
    for map_ in maps:
        begins = map_.title or map_.heading != passage[0].heading if passage else False
        if passage and (begins or not is_text(map_) or not is_text(passage[0])):
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
    """A row's label, its printable words, their weights and shares of the darkest shade, and what that stands for."""

    name: str
    words: Sequence[str]
    weights: Sequence[float]
    shares: Sequence[float]
    key: str

    @classmethod
    def of(cls, map_: Map, mark: str = "…", *, scale: Scale = "auto") -> "Sentence":
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
        # A map of one row: the largest weight of the row is that of the map.
        shaded = shading(map_.weights, as_axis(map_.columns), "map" if scale == "row" else scale, is_text=True)
        label = map_.labelled_rows[0]
        name = fit(printable(label), _LABEL, mark) if label else ""
        words = [printable(word) for word in map_.columns]
        return cls(name, words, weights, shaded.shares[0].tolist(), shaded.key)

    @property
    def is_right_to_left(self) -> bool:
        """Whether most words are of a script that is written from the right."""
        return 2 * sum(map(is_right_to_left, self.words)) > len(self.words)


def top_of_scale(sentences: Sequence[Sentence], scale: Scale = "auto") -> str:
    """What the darkest shade stands for. By most scales that differs between several sentences."""
    if len(sentences) == 1 or not isinstance(scale, str) or scale == "one":
        return sentences[0].key
    return "the heaviest of each" + (", at least 3 times its mean weight" if scale == "auto" else "")


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
