"""An attention map in the terminal: target words as rows, source words as columns, weight as colour or shade.

Column labels stand above the map like a flight of stairs, each with a line down to its column, so that words are
read from left to right. A map wider than the terminal is folded into panels.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from rich.text import Text
from torch import Tensor

from heedful.watch.words import check_words, fit, printable, right, width

_ROW_LABEL, _COLUMN_LABEL = 18, 18  # no label is drawn wider, in columns of the terminal


@dataclass(frozen=True)
class Palette:
    """How weights look: `shades` from 0 to 1, each a (character, rich style), and what lines are drawn with."""

    shades: tuple[tuple[str, str], ...]
    line: str
    cut: str

    def mark(self, weight: float, columns: int) -> tuple[str, str]:
        """One weight as text of a width, and its style; question marks for NaN.

        The first shade, nothing or nearly, is one small sign in the middle, so that the eye finds the others.
        """
        if math.isnan(weight):
            return "?" * columns, ""
        step = round(min(1.0, max(0.0, weight)) * (len(self.shades) - 1))
        sign, style = self.shades[step]
        return (sign * columns if step else sign.center(columns)), style


COLOURS = Palette(
    (
        *((" ", f"color(255) on color({colour})") for colour in (233, 17, 18, 19, 25)),
        *((" ", f"color(16) on color({colour})") for colour in (31, 37, 43, 79, 115, 151, 187, 229, 230)),
    ),
    line="│",
    cut="…",
)
"""256 colours, from black over blue and green to pale yellow, and letters that are read on each: white, then black."""
BLOCKS = Palette(tuple((block, "") for block in "·░▒▓█"), line="│", cut="…")
"""Block characters, for a terminal without colours and for text files in UTF-8."""
ASCII = Palette(tuple((sign, "") for sign in ".:-=+*#%@"), line="|", cut="~")
"""Plain ASCII, for anything that is not a terminal."""


def palette_for(colour_system: str | None, is_terminal: bool, encoding: str = "utf-8") -> Palette:
    """The palette for an output: what ``rich.console.Console`` says of itself is all that is asked."""
    if not is_terminal or not encoding.lower().startswith("utf"):
        return ASCII
    return COLOURS if colour_system in ("256", "truecolor") else BLOCKS


def draw(
    weights: Float[Tensor, "T S"],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    width: int = 80,
    palette: Palette = BLOCKS,
) -> Text:
    """An attention map as text, at most `width` columns of the terminal wide where labels allow it.

    `rows` are the words that look (target), `columns` the words that are looked at (source); Chinese characters
    take two columns and stay aligned. ``str(draw(...))`` is plain text; a rich console prints it with its colours.
    Raises: ShapeError, when there is not one word a row and column.
    """
    check_words(weights, rows, columns)
    if not rows or not columns:
        return Text("(nothing was looked at: the map is empty)")
    values: list[list[float]] = weights.detach().float().cpu().tolist()
    lefts = _labels(rows, palette, _ROW_LABEL)
    tops = _labels(columns, palette, _COLUMN_LABEL)
    layout = _Layout.choose(lefts, tops, width)
    drawing = Text(no_wrap=True, overflow="ignore")
    for first in range(0, len(columns), layout.columns):
        panel = slice(first, first + layout.columns)
        _draw_panel(drawing, [row[panel] for row in values], lefts, tops[panel], layout=layout, palette=palette)
        drawing.append("\n")
    drawing.append_text(_key(layout, palette))
    return drawing


@dataclass(frozen=True)
class _Layout:
    """Widths: of the row labels, of one weight (with the gap after it), and how many columns a panel holds."""

    left: int
    cell: int
    columns: int

    @classmethod
    def choose(cls, lefts: Sequence[str], tops: Sequence[str], total: int) -> "_Layout":
        """The widest cells that need no fold, else the narrow ones and several panels of about the same size."""
        left = max(map(width, lefts))
        room = max(10, total - left - 1)
        for cell in (4, 3):
            if _reach(tops, cell) <= room:
                return cls(left, cell, len(tops))
        tail = max(0, max(map(width, tops)) - 3)  # the last label of a panel sticks out
        most = max(3, (room - tail) // 3)
        panels = -(-len(tops) // most)
        return cls(left, 3, -(-len(tops) // panels))


def _reach(tops: Sequence[str], cell: int) -> int:
    return max(i * cell + max(cell, width(label)) for i, label in enumerate(tops))


def _labels(words: Sequence[str], palette: Palette, most: int) -> list[str]:
    return [fit(printable(word), most, palette.cut) for word in words]


def _draw_panel(
    drawing: Text,
    values: list[list[float]],
    lefts: Sequence[str],
    tops: Sequence[str],
    *,
    layout: _Layout,
    palette: Palette,
) -> None:
    """Append one panel: the stairs of labels, then a line a row."""
    for line in _stairs(tops, layout.cell, palette.line):
        drawing.append(" " * (layout.left + 1) + line + "\n")
    for label, row in zip(lefts, values, strict=True):
        drawing.append(right(label, layout.left) + " ")
        for weight in row:
            drawing.append(*palette.mark(weight, layout.cell - 1))
            drawing.append(" ")
        drawing.append("\n")


def _stairs(labels: Sequence[str], cell: int, line: str) -> Iterator[str]:
    """The lines of text above a map: each label begins above its column, and a line leads down to it.

    A label stands above all labels to its right that it would run into, and no higher.
    """
    heights = [0] * len(labels)
    for i in reversed(range(len(labels))):
        end = i * cell + width(labels[i]) + 1
        heights[i] = 1 + max((heights[j] for j in range(i + 1, len(labels)) if j * cell < end), default=0)
    for height in range(max(heights), 0, -1):
        text = ""
        for i, label in enumerate(labels):
            mark = label if heights[i] == height else line if heights[i] > height else ""
            if mark:
                text += " " * (i * cell - width(text)) + mark
        yield text


def _key(layout: _Layout, palette: Palette) -> Text:
    """The line below a map that says which shade is which weight."""
    key = Text(" " * (layout.left + 1) + "0 ", no_wrap=True, overflow="ignore")
    for sign, style in palette.shades:
        key.append(sign, style)
    return key.append(" 1\n")
