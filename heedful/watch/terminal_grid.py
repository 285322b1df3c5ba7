"""Maps over pictures in the terminal: a small picture for each row, with the numbers and letters of its marks."""

from collections.abc import Mapping, Sequence

import torch
from rich.text import Text
from torch import Tensor

from heedful.axes import Axis, Grid
from heedful.watch.mark import NO_OVERLAY, Mark, Overlay, ScanPath, signed
from heedful.watch.palette import Palette
from heedful.watch.scale import Scale, shading
from heedful.watch.terminal_table import draw_key, labels
from heedful.watch.words import fit, printable, width

_LABEL = 18  # no label is drawn wider than this or its picture, in columns of the terminal
_CELLS, _GAP = 20, 3  # cells that a picture has at most, either way; columns between pictures
_MARKED = 12  # cells along the longer side that a picture with marks has at least, to tell them apart

_Cell = tuple[int, int]


def draw_grid(
    weights: Tensor,
    rows: Axis,
    grid: Grid,
    *,
    total: int,
    palette: Palette,
    scale: Scale = "auto",
    overlay: Overlay = NO_OVERLAY,
) -> Text:
    """A small picture for each row, beside one another: two characters a cell, about as wide as high.

    A path's stops are numbers in their cells, a box is its letter in the cells of its corners, and both are explained
    below the pictures.
    """
    cells = _Cells.of(grid, most=min(_CELLS, max(1, total // 2)), is_marked=bool(overlay.marks))
    pooled = cells.pool(weights.detach().float().cpu())
    shaded = shading(pooled.flatten(1), grid, scale)
    parts, size = shaded.shares.reshape(pooled.shape), (2 * pooled.shape[2], pooled.shape[1])
    names = _names(rows, overlay, palette, max(_LABEL, size[0]))
    across = max(size[0], *map(width, names))
    count = max(1, (total + _GAP) // (across + _GAP))
    drawing = Text(no_wrap=True, overflow="ignore")
    for first in range(0, len(rows), count):
        chosen = range(first, min(first + count, len(rows)))
        _append_lines(drawing, [[_padded(Text(names[t]), across)] for t in chosen])
        signs = {t: cells.signs(overlay.of(t)) for t in chosen}
        blocks = [
            [_padded(_line(row, at, signs[t], palette), across) for at, row in enumerate(parts[t].tolist())]
            for t in chosen
        ]
        _append_lines(drawing, blocks)
        drawing.append("\n")
        for t in chosen:
            name = f"{names[t]}  " if len(rows) > 1 else ""
            _append_legend(drawing, name, cells.legend(overlay.of(t)), total=total)
    if overlay.marks and not bool((torch.nan_to_num(pooled) > 0).any()):
        return drawing  # marks alone: there are no shades to explain
    return drawing.append_text(draw_key(0, shaded.key, palette, total=total))


class _Cells:
    """The cells of the terminal's picture: several of the grid's made one, or one of the grid's made several."""

    def __init__(self, grid: Grid, *, pooled: int, times: _Cell) -> None:
        self._grid, self._pooled, self._times = grid, pooled, times

    @classmethod
    def of(cls, grid: Grid, *, most: int, is_marked: bool) -> "_Cells":
        """At most `most` cells a side; with marks, not much fewer than they need."""
        sides = grid.height, grid.width
        pooled = -(-max(sides) // most)
        if not is_marked or pooled > 1:
            return cls(grid, pooled=pooled, times=(1, 1))
        picture = grid.picture[1], grid.picture[0]
        wanted = [min(most, _MARKED) * side / max(picture) for side in picture]
        down, across = (max(1, round(want / side)) for want, side in zip(wanted, sides, strict=True))
        return cls(grid, pooled=1, times=(down, across))

    def pool(self, weights: Tensor) -> Tensor:
        """Weights as ``[T, height, width]``: blocks of cells added up, or cells repeated."""
        grid, size = self._grid, self._pooled
        cells = weights.unflatten(1, (grid.height, grid.width))
        padded = torch.nn.functional.pad(cells, (0, -grid.width % size, 0, -grid.height % size))
        pooled = padded.unflatten(2, (-1, size)).unflatten(1, (-1, size)).sum(dim=(2, 4))
        return pooled.repeat_interleave(self._times[0], 1).repeat_interleave(self._times[1], 2)

    def signs(self, marks: Sequence[Mark | ScanPath]) -> Mapping[_Cell, str]:
        """The sign in each cell that has one: of several marks in a cell the first."""
        signs: dict[_Cell, str] = {}
        for sign, mark, path in signed(marks):
            for at in self._covered(mark, is_stop=path is not None):
                signs.setdefault(at, sign)
        return signs

    def legend(self, marks: Sequence[Mark | ScanPath]) -> list[str]:
        """What the signs stand for; a mark that lies where another does says so."""
        signs, entries = self.signs(marks), list[str]()
        for sign, mark, _ in signed(marks):
            taken = signs.get(self._cell(mark.x, mark.y), sign)
            where = f"at {taken}" if sign not in signs.values() else ""
            words = " ".join(part for part in (printable(mark.label) if mark.label else "", where) if part)
            entries += [f"{sign}: {words}"] if words else []
        return entries

    def _covered(self, mark: Mark, *, is_stop: bool) -> list[_Cell]:
        if is_stop or not mark.boxes:
            return [self._cell(mark.x, mark.y)]
        left, top, right, bottom = mark.boxes[0]
        return [self._cell(x, y) for y in (top, bottom) for x in (left, right)]

    def _cell(self, x: float | int, y: float | int) -> _Cell:
        """The row and column of a pixel of the picture; at the edge for one beyond it."""
        left, top, right, bottom = self._grid.region
        down = self._along((y - top) / (bottom - top), self._grid.height * self._times[0])
        return down, self._along((x - left) / (right - left), self._grid.width * self._times[1])

    def _along(self, share: float, count: int) -> int:
        return max(0, min(int(share * count), count - 1)) // self._pooled


def _names(rows: Axis, overlay: Overlay, palette: Palette, most: int) -> list[str]:
    """Labels with their notes; where both are too wide the label is cut, not the note."""
    if not overlay.notes:
        return labels(rows, palette, most)
    names: list[str] = []
    for label, note in zip(rows.labels, overlay.notes, strict=True):
        room = most - width(printable(note)) - 2 if note else most
        names += [*labels([label], palette, max(4, room))]
        names[-1] += f"  {printable(note)}" if note else ""
    return names


def _line(row: Sequence[float], at: int, signs: Mapping[_Cell, str], palette: Palette) -> Text:
    """A line of cells, each its shade, or its sign on its shade."""
    line = Text()
    for column, share in enumerate(row):
        shown, style = palette.mark(share, 2)
        sign = signs.get((at, column))
        line.append(shown if sign is None else f"{sign[:2]:<2}", style)
    return line


def _append_legend(drawing: Text, name: str, entries: Sequence[str], *, total: int) -> None:
    """Appends lines with as many entries as fit, then a blank line."""
    line = name
    for entry in entries:
        if line.strip() != name.strip() and width(line) + width(entry) > total:
            drawing.append(f"{line.rstrip()}\n")
            line = " " * width(name)
        line += f"{fit(entry, total)}   "
    if entries:
        drawing.append(f"{line.rstrip()}\n\n")


def _padded(line: Text, columns: int) -> Text:
    return line.append(" " * (columns - width(line.plain)))


def _append_lines(drawing: Text, blocks: Sequence[Sequence[Text]]) -> None:
    """Appends blocks of lines beside one another."""
    for line in zip(*blocks, strict=True):
        drawing.append_text(Text(" " * _GAP).join(line)).append("\n")
