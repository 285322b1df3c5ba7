"""Maps whose axes are more than words, laid out as scenes: over a picture, along a scale, over a table.

By default, shades go from 0 to the largest weight of the map, which the key names: over hundreds of cells or frames
even a sharp look is far from 1.
"""

import torch
from torch import Tensor

from heedful.axes import Axis, Cells, Grid, RuledAxis
from heedful.watch.colour import shade
from heedful.watch.layout_cells import cell_tables
from heedful.watch.layout_grid import grid_panels
from heedful.watch.layout_ruled import ruled_matrix
from heedful.watch.mark import NO_OVERLAY, Overlay
from heedful.watch.scale import Scale
from heedful.watch.scene import GREY, MARGIN, SMALL, Rect, Scene, Text
from heedful.watch.words import printable

_SWATCH, _STEPS = 22.0, 6  # a box of the key, and how many


def is_table(columns: Axis) -> bool:
    """Whether a map is drawn as a table with a label for each column."""
    return not isinstance(columns, Grid | Cells | RuledAxis)


def lay_out_map(
    weights: Tensor,
    rows: Axis,
    columns: Axis,
    *,
    title: str = "",
    scale: Scale = "auto",
    overlay: Overlay = NO_OVERLAY,
) -> Scene:
    """A map over a grid, the cells of a table or a scale, as a scene with its key.

    Raises: ValueError, for columns of any other kind, which are drawn as a table; UserError, for an unknown scale;
        ShapeError, for an overlay that does not fit the map.
    """
    overlay.check(len(rows), columns)
    scene = Scene(height=MARGIN)
    if title:
        scene.add(Text(printable(title), MARGIN, scene.height + 10, bold=True))
        scene.height += 14
    size = 1
    match columns:
        case Grid():
            part, shaded = grid_panels(weights, rows, columns, shades=scale, overlay=overlay)
        case Cells():
            part, shaded = cell_tables(weights, overlay.labelled(rows), columns, scale=scale)
        case RuledAxis():
            part, shaded, size = ruled_matrix(weights, overlay.labelled(rows), columns, scale=scale)
        case _:
            raise ValueError(f"columns are {type(columns).__name__}, which is drawn as a table of labels")
    scene.place(part, 0.0, scene.height)
    if overlay.marks and not bool((torch.nan_to_num(weights) > 0).any()):
        return scene  # marks alone: there are no shades to explain
    what = "largest weight" if size == 1 else f"largest sum of {size} neighbouring columns"
    is_largest = not shaded.note and scale in ("auto", "map")
    _key(scene, shaded.top, what if is_largest else shaded.note or f"weights, scale {scale}")
    return scene


def _key(scene: Scene, top: str, meaning: str) -> None:
    """The line that says which shade is which weight."""
    y = scene.height + 26
    zero = Text("0", MARGIN, y)
    x = MARGIN + zero.width + 6
    boxes = (
        Rect(x + _SWATCH * i, y - 11, _SWATCH, 14, fill=shade(i / (_STEPS - 1)), stroke="#cccccc")
        for i in range(_STEPS)
    )
    end = Text(top, x + _SWATCH * _STEPS + 6, y)
    note = Text(meaning, end.x + end.width + 8, y, size=SMALL, colour=GREY)
    scene.add(zero, *boxes, end, note)
