"""A map over the cells of a table: for each row of the map the whole table, its cells shaded."""

from torch import Tensor

from heedful.axes import Axis, Cells
from heedful.watch.colour import shade
from heedful.watch.scale import Scale, Shading, shading
from heedful.watch.scene import SIZE, Rect, Scene, Text
from heedful.watch.words import ems, fit, is_one_wide, printable

_CELL, _LONGEST, _ROOM, _GAP = 24.0, 24, 940.0, 28.0  # pixels a weight; columns of a label; pixels of a line; between
_RISE = 0.8660254  # sine of 60 degrees, by which the column names are turned


def cell_tables(weights: Tensor, rows: Axis, cells: Cells, scale: Scale = "auto") -> tuple[Scene, Shading]:
    """A table for each row of the map, with its label above; and how weights are shaded."""
    shaded = shading(weights, cells, scale)
    parts = shaded.shares.reshape(len(rows), len(cells.rows), len(cells.columns))
    numbers = weights.detach().float().cpu().reshape(parts.shape)
    tables = [
        _table(label, part.tolist(), number.tolist(), cells)
        for label, part, number in zip(rows.labels, parts, numbers, strict=True)
    ]
    scene = Scene()
    scene.flow(tables, room=_ROOM, gap=_GAP)
    return scene, shaded


def _table(label: str, parts: list[list[float]], numbers: list[list[float]], cells: Cells) -> Scene:
    names = [fit(printable(name), _LONGEST) for name in cells.rows]
    heads = [fit(printable(name), _LONGEST) for name in cells.columns]
    table = Scene()
    table.add(Text(fit(printable(label), 2 * _LONGEST), 0, 14, bold=True))
    left = 8 + SIZE * max(map(ems, names), default=0.0)
    top = 32 + _RISE * SIZE * max(map(ems, heads), default=0.0)
    for column, head in enumerate(heads):
        x = left + _CELL * column + _CELL / 2
        if is_one_wide(head):  # a Chinese character is read upright
            table.add(Text(head, x, top - 6, anchor="middle"))
        else:
            table.add(Text(head, x + 3, top - 5, angle=60))
    for i, name in enumerate(names):
        y = top + _CELL * i
        table.add(Text(name, left - 7, y + _CELL / 2 + 5, anchor="end"))
        for column, (share, number) in enumerate(zip(parts[i], numbers[i], strict=True)):
            tip = f"{printable(label)} → {name}, {heads[column]}: {number:.3f}"
            square = (left + _CELL * column + 1, y + 1, _CELL - 2, _CELL - 2)
            table.add(Rect(*square, shade(max(0.0, share) if share == share else share), tip=tip))  # noqa: PLR0124 - NaN
    return table
