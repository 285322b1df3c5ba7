"""An attention map in the terminal as a table: row labels at the left, column labels above, weight as colour or shade.

Column labels stand above the map like a flight of stairs, each with a line down to its column, so that words are
read from left to right. A map wider than the terminal is folded into panels. Of a very wide one, such as that of 200
words, only the columns in which something can be seen are drawn, for a band of rows at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from heedful.watch.palette import Palette
from heedful.watch.words import fit, isolated, printable, right, width

_ROW_LABEL, _COLUMN_LABEL = 18, 18  # the widest labels, in columns of the terminal
_PANELS, _BAND, _NEAR = 4, 16, 5  # panels that are all drawn; else rows of a band, columns between its parts


def draw_table(
    values: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str], *, total: int, palette: Palette
) -> Text:
    """Weights from 0 to 1 with their labels, in at most `total` columns of the terminal where labels allow it."""
    lefts = labels(rows, palette, _ROW_LABEL)
    tops = labels(columns, palette, _COLUMN_LABEL)
    layout = _Layout.choose(lefts, tops, total)
    drawing = Text(no_wrap=True, overflow="ignore")
    panels = [slice(first, first + layout.columns) for first in range(0, len(columns), layout.columns)]
    if len(panels) > _PANELS:
        _draw_bands(drawing, values, lefts, tops, layout=layout, palette=palette)
        return drawing
    for panel in panels:
        _draw_panel(drawing, [row[panel] for row in values], lefts, tops[panel], layout=layout, palette=palette)
        drawing.append("\n")
    return drawing


def _draw_bands(
    drawing: Text,
    values: Sequence[Sequence[float]],
    lefts: Sequence[str],
    tops: Sequence[str],
    *,
    layout: "_Layout",
    palette: Palette,
) -> None:
    """Appends a very wide map: for each band of rows the columns with visible weights, below a line with numbers."""
    drawing.append(f"{len(lefts)} x {len(tops)}; columns without a visible weight are left out\n\n")
    for first in range(0, len(lefts), _BAND):
        rows = values[first : first + _BAND]
        names = lefts[first : first + _BAND]
        for window in _windows(rows, layout.columns, palette):
            span = f"rows {first + 1}-{first + len(rows)}, columns {window.start + 1}-{window.stop}"
            drawing.append(f"{span}\n")
            _draw_panel(drawing, [row[window] for row in rows], names, tops[window], layout=layout, palette=palette)
            drawing.append("\n")


def _windows(rows: Sequence[Sequence[float]], most: int, palette: Palette) -> list[slice]:
    """Ranges of at most so many columns that hold all visible weights of these rows; the heaviest if none is visible.

    Ranges with a small gap between them are one.
    """
    columns = list(zip(*rows, strict=True))
    visible = [i for i, column in enumerate(columns) if any(map(palette.shows, column))]
    windows: list[slice] = []
    for i in visible or [max(range(len(columns)), key=lambda i: max(columns[i]))]:
        last = windows[-1] if windows else None
        if last is not None and i - last.stop < _NEAR and i < last.start + most:
            windows[-1] = slice(last.start, i + 1)
        else:
            windows.append(slice(i, i + 1))
    return windows


def left_of(rows: Sequence[str], palette: Palette) -> int:
    """How many columns of the terminal the row labels of a table take."""
    return max(map(width, labels(rows, palette, _ROW_LABEL)))


def draw_key(indent: int, meaning: str, palette: Palette, *, total: int) -> Text:
    """The line below a map that says what the shades stand for: from 0 to the end of `meaning`.

    It begins at the left, and is cut, where it would be wider than the terminal.
    """
    signs = sum(width(sign) for sign, _ in palette.shades)
    indent = indent if indent + signs + 3 + width(meaning) <= total else 0
    key = Text(" " * indent + "0 ", no_wrap=True, overflow="ignore")
    for sign, style in palette.shades:
        key.append(sign, style)
    return key.append(f" {fit(meaning, max(10, total - indent - signs - 3), palette.cut)}\n")


def labels(words: Sequence[str], palette: Palette, most: int) -> list[str]:
    """Words safe to print, cut to a width, and guarded against being reordered."""
    return [isolated(fit(printable(word), most, palette.cut)) for word in words]


@dataclass(frozen=True)
class _Layout:
    """The width of row labels, the width of a weight with the gap after it, and the number of columns in a panel."""

    left: int
    cell: int
    columns: int

    @classmethod
    def choose(cls, lefts: Sequence[str], tops: Sequence[str], total: int) -> "_Layout":
        """The widest cells that fit; if none do, narrow cells and several panels of about equal size."""
        left = max(map(width, lefts))
        # However narrow the terminal is, something is drawn.
        room = max(10, total - left - 1)
        for cell in (4, 3):
            if _reach(tops, cell) <= room:
                return cls(left, cell, len(tops))
        tail = max(0, max(map(width, tops)) - 3)  # the last label of a panel extends beyond its column
        most = max(3, (room - tail) // 3)
        panels = -(-len(tops) // most)
        return cls(left, 3, -(-len(tops) // panels))


def _reach(tops: Sequence[str], cell: int) -> int:
    return max(i * cell + max(cell, width(label)) for i, label in enumerate(tops))


def _draw_panel(
    drawing: Text,
    values: Sequence[Sequence[float]],
    lefts: Sequence[str],
    tops: Sequence[str],
    *,
    layout: _Layout,
    palette: Palette,
) -> None:
    """Appends one panel: the column labels, then a line for each row."""
    for line in _stairs(tops, layout.cell, palette.line):
        drawing.append(" " * (layout.left + 1) + line + "\n")
    for label, row in zip(lefts, values, strict=True):
        drawing.append(right(label, layout.left) + " ")
        for weight in row:
            drawing.append(*palette.mark(weight, layout.cell - 1))
            drawing.append(" ")
        drawing.append("\n")


def _stairs(labels: Sequence[str], cell: int, line: str) -> Iterator[str]:
    """The lines above a map: each label begins above its column, and a vertical line leads down to it.

    A label is placed just above all labels to its right that it would overlap.
    """
    heights = [0] * len(labels)
    # From the right, because the height of a label depends on those to its right.
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
