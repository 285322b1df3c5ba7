"""Rows of weights as running text: each word with its shade, for models that look once at a whole text.

A map of one row drawn as a table would be a mile wide; as text it is read like what it is about.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from heedful.shapes import ShapeError
from heedful.watch.files import Map
from heedful.watch.terminal import Palette
from heedful.watch.words import fit, printable, width

_LABEL = 18  # no row's name is drawn wider, in columns of the terminal
_LEAST = 20  # columns that words get, however narrow the terminal is


def highlight(maps: Sequence[Map], *, width: int = 80, palette: Palette) -> Text:
    """Maps of one row each as text, at most `width` columns wide: the row's name in front, its words in their order.

    With colours the words stand on their shade; without, a line of shades stands below each line of words. Shades go
    from 0 to the largest weight of the map, for over a hundred words even a sharp look is far from 1; the last line
    gives that weight where there is one map, as of a text; of several, such as its sentences, each has its own.
    Raises: ShapeError, for a map of another number of rows than one.
    """
    lines = [_Line.of(seen, palette.cut) for seen in maps]
    indent = max((_width_of(line.name) + 2 for line in lines if line.name), default=0)
    room = max(_LEAST, width - indent)
    drawing = Text(no_wrap=True, overflow="ignore")
    for line in lines:
        line.cut(room, palette.cut).draw(drawing, indent, room, palette)
    if all(not line.words for line in lines):
        return Text("(nothing was looked at: the text is empty)")
    largest = f"{lines[0].largest:.2g}" if len(lines) == 1 else "the heaviest of each"
    return drawing.append_text(_key(indent, largest, palette))


@dataclass(frozen=True)
class _Line:
    """A row's name, its words as they may be printed, their weights, and the largest of those that are numbers."""

    name: str
    words: Sequence[str]
    weights: Sequence[float]
    largest: float

    @classmethod
    def of(cls, seen: Map, mark: str) -> "_Line":
        if len(seen.rows) != 1:
            raise ShapeError(f"a map of {len(seen.rows)} rows is no running text: give one row, or use draw.")
        weights: list[float] = seen.weights[0].detach().float().cpu().tolist()
        largest = max((weight for weight in weights if math.isfinite(weight)), default=0.0)
        name = fit(printable(seen.rows[0]), _LABEL, mark) if seen.rows[0] else ""
        return cls(name, [printable(word) for word in seen.columns], weights, largest)

    def cut(self, room: int, mark: str) -> "_Line":
        """The same with words that are too wide for a line cut there."""
        words = [fit(word, room - 1, mark) for word in self.words]
        return _Line(self.name, words, self.weights, self.largest)

    def draw(self, drawing: Text, indent: int, room: int, palette: Palette) -> None:
        """Append the words, line by line."""
        colourful = any(style for _, style in palette.shades)
        front = self.name + " " * (indent - _width_of(self.name)) if self.name else " " * indent
        for line in _lines(self.words, room):
            drawing.append(front)
            front, below = " " * indent, " " * indent
            for index in line:
                word, columns = self.words[index], _width_of(self.words[index])
                sign, style = palette.mark(self._share(index), columns)
                drawing.append(word, style)
                drawing.append(" " * (columns - width(word) + 1))
                below += f"{sign} "
            drawing.append("\n" if colourful else f"\n{below.rstrip()}\n")

    def _share(self, index: int) -> float:
        """A weight as a part of the largest; NaN stays what it is."""
        weight = self.weights[index]
        if math.isnan(weight):
            return weight
        return weight / self.largest if self.largest > 0 else 0.0


def _lines(words: Sequence[str], room: int) -> Iterator[list[int]]:
    """The numbers of the words that stand in each line."""
    line: list[int] = []
    taken = 0
    for index, word in enumerate(words):
        needed = _width_of(word) + 1
        if line and taken + needed > room:
            yield line
            line, taken = [], 0
        line.append(index)
        taken += needed
    if line:
        yield line


def _width_of(word: str) -> int:
    """Columns of a word and of its shade: one at least, also for an accent that has no letter."""
    return max(1, width(word))


def _key(indent: int, largest: str, palette: Palette) -> Text:
    key = Text(" " * indent + "0 ", no_wrap=True, overflow="ignore")
    for sign, style in palette.shades:
        key.append(sign, style)
    return key.append(f" {largest}\n")
