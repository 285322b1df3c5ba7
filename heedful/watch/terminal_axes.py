"""Maps over tables and scales in the terminal, as coarse as its characters are."""

from collections.abc import Sequence

from rich.text import Text
from torch import Tensor

from heedful.axes import Axis, Cells, RuledAxis
from heedful.watch.palette import Palette
from heedful.watch.raster import pool_columns
from heedful.watch.scale import Scale, shading
from heedful.watch.terminal_table import draw_key, draw_table, labels, left_of
from heedful.watch.words import fit, printable, right, width

_LABEL = 18  # no label is drawn wider, in columns of the terminal
_APART = (4, 6, 8, 12)  # columns from tick to tick of a ruler, the densest that fits


def draw_cells(
    weights: Tensor, rows: Axis, cells: Cells, *, total: int, palette: Palette, scale: Scale = "auto"
) -> Text:
    """The table for each row, below one another, with the row's label above."""
    shaded = shading(weights, cells, scale)
    parts = shaded.shares.reshape(len(rows), len(cells.rows), len(cells.columns))
    drawing = Text(no_wrap=True, overflow="ignore")
    for label, part in zip(rows.labels, parts, strict=True):
        drawing.append(f"{fit(printable(label), total, palette.cut)}\n")
        drawing.append_text(draw_table(part.tolist(), cells.rows, cells.columns, total=total, palette=palette))
    return drawing.append_text(draw_key(left_of(cells.rows, palette) + 1, shaded.key, palette, total=total))


def draw_ruled(
    weights: Tensor, rows: Axis, columns: RuledAxis, *, total: int, palette: Palette, scale: Scale = "auto"
) -> Text:
    """A line for each row and a ruler below; where columns are too many, neighbours are added up."""
    names = labels(rows, palette, _LABEL)
    indent = max(map(width, names)) + 1
    room = max(10, total - indent)
    pooled, size = pool_columns(weights.detach().float().cpu(), room)
    across = max(1, min(2, room // pooled.shape[1]))
    shaded = shading(pooled, columns, scale)
    drawing = Text(no_wrap=True, overflow="ignore")
    for name, row in zip(names, shaded.shares.tolist(), strict=True):
        drawing.append(right(name, indent - 1) + " ")
        drawing.append_text(_marks(row, across, palette)).append("\n")
    ticks = _ticks(columns, across / size)
    drawing.append(" " * indent + _ruler(ticks, across / size, palette.line) + "\n\n")
    for line in columns.legend():
        drawing.append(f"{fit(printable(line), total, palette.cut)}\n")
    if columns.legend():
        drawing.append("\n")
    meaning = shaded.key + (f" (sums of {size} columns)" if size > 1 else "")
    return drawing.append_text(draw_key(indent, meaning, palette, total=total))


def _marks(row: Sequence[float], across: int, palette: Palette) -> Text:
    line = Text()
    for share in row:
        line.append(*palette.mark(share, across))
    return line


def _ticks(axis: RuledAxis, scale: float) -> list[tuple[float, str]]:
    """As many ticks as leave a gap between their texts; `scale` is how many columns a position takes."""
    ticks: list[tuple[float, str]] = []
    for apart in _APART:
        ticks = axis.ticks(max(2, int(len(axis) * scale / apart)))
        widest = max((width(text) for _, text in ticks), default=0)
        if len(ticks) < 2 or (ticks[1][0] - ticks[0][0]) * scale >= widest + 2:
            break
    return ticks


def _ruler(ticks: Sequence[tuple[float, str]], scale: float, mark: str) -> str:
    """One line: a mark where each tick stands, its text behind it; a text without room is left out."""
    line = ""
    for at, text in ticks:
        column = int(at * scale)
        if column >= width(line) + (1 if line else 0):
            line += " " * (column - width(line)) + mark + text
    return line
