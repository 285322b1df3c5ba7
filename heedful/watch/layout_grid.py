"""A map over the cells of a picture: for each row a small picture with its cells shaded, in lines of panels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from heedful.axes import Axis, Grid
from heedful.watch.colour import MISSING, shade
from heedful.watch.layout_mark import lay_out_marks, legend_texts
from heedful.watch.mark import NO_OVERLAY, Mark, Overlay, ScanPath
from heedful.watch.raster import colours, faded, thumbnail, translucent
from heedful.watch.scale import Scale, Shading, shading
from heedful.watch.scene import GREY, PEAK, SMALL, Image, Length, Rect, Scene, Text
from heedful.watch.words import fit, printable

_SIDE, _LEAST = 168.0, 24.0  # pixels of a panel: its longer side, and what a very narrow picture is widened to
_MARKED, _ALONE = 240.0, 400.0  # pixels of a panel with marks, which need room; of one that is the only row
_ROOM, _GAP, _LONGEST = 940.0, 16.0, 24  # pixels of a line of panels, between them; columns of a label
_COVER = 0.9  # how much of the picture the heaviest cell hides
_RECTANGLES = 2000  # cells of a map; more are drawn as a picture a row: as shapes they would make a page of megabytes


def grid_panels(
    weights: Tensor, rows: Axis, grid: Grid, *, shades: Scale = "auto", overlay: Overlay = NO_OVERLAY
) -> tuple[Scene, Shading]:
    """A panel a row: its label, the picture with the weight of each cell over it, the row's largest weight.

    Marks of the overlay lie over the picture, and what explains them stands below it.
    Returns: the panels, and how weights are shaded.
    """
    shaded = shading(weights, grid, shades)
    parts, values = shaded.shares.numpy(), weights.detach().float().cpu().tolist()
    paper = _Paper.of(grid, side=_SIDE if not overlay.marks else _ALONE if len(rows) == 1 else _MARKED, rows=len(rows))
    panels = [
        paper.panel(label, row, numbers, note=overlay.note(index), marks=overlay.of(index))
        for index, (label, row, numbers) in enumerate(zip(rows.labels, parts, values, strict=True))
    ]
    scene = Scene()
    scene.flow(panels, room=_ROOM, gap=_GAP)
    return scene, shaded


@dataclass(frozen=True)
class _Paper:
    """What all panels of a map share: the size of the picture on them, and the picture, faded and in its colours."""

    grid: Grid
    size: tuple[Length, Length]
    below: np.ndarray | None
    coloured: np.ndarray | None
    has_shapes: bool

    @classmethod
    def of(cls, grid: Grid, *, side: Length, rows: int) -> "_Paper":
        scale = side / max(grid.picture)
        size = max(_LEAST, grid.picture[0] * scale), max(_LEAST, grid.picture[1] * scale)
        left, top, right, bottom = grid.region
        is_inside = left >= 0 and top >= 0 and right <= grid.picture[0] and bottom <= grid.picture[1]
        # Padding is cut off cell by cell.
        has_shapes = rows * len(grid) <= _RECTANGLES or not is_inside
        if grid.pixels is None:
            return cls(grid, size, None, None, has_shapes)
        # Twice the size on paper, for screens with small dots and for zooming in.
        coloured = thumbnail(grid.pixels, round(2 * side))
        return cls(grid, size, faded(coloured), coloured, has_shapes)

    def panel(
        self, label: str, row: np.ndarray, numbers: list[float], *, note: str, marks: Sequence[Mark | ScanPath]
    ) -> Scene:
        """One row: its label and note, the picture with cells and marks, and what stands below."""
        panel = Scene()
        word = Text(fit(printable(label), _LONGEST), 0, 14)
        beside = Text(fit(printable(note), _LONGEST), 0, 14, size=SMALL, colour=GREY) if note else None
        heading = word.width + (beside.width + 8 if beside else 0)
        is_plain = bool(marks) and not any(number > 0 or math.isnan(number) for number in numbers)
        most = _most(self.grid, numbers)
        across = max(self.size[0], heading, 0 if is_plain else most.width)
        left = (across - self.size[0]) / 2
        if beside is None:
            panel.add(Text(word.text, across / 2, 14, anchor="middle"))
        else:
            start = (across - heading) / 2
            panel.add(replace(word, x=start), replace(beside, x=start + word.width + 8))
        panel.width = across
        pixels = self.coloured if is_plain else self.below
        if pixels is not None:
            panel.add(Image(left, 22, *self.size, pixels))
        if is_plain:
            panel.add(Rect(left, 22, *self.size, stroke="#bbbbbb"))
        else:
            drawn = _cells if self.has_shapes else _image
            panel.add(*drawn(self.grid, row, numbers, origin=(left, 22), size=self.size, label=word.text))
            panel.add(replace(most, x=across / 2, y=22 + self.size[1] + 15))
        if marks:
            found = lay_out_marks(marks, self.grid, (left, 22, *self.size))
            panel.add(*found.shapes)
            below = 22 + self.size[1] + (15 if is_plain else 32)
            panel.add(*legend_texts(found.legend, left=left, top=below, width=max(self.size[0], 120)))
        return panel


def _cells(
    grid: Grid,
    row: np.ndarray,
    numbers: list[float],
    *,
    origin: tuple[Length, Length],
    size: tuple[Length, Length],
    label: str,
) -> list[Rect]:
    """The cells of one panel as shapes with a tooltip each, its frame, and an outline around the heaviest."""
    scale = size[0] / grid.picture[0], size[1] / grid.picture[1]
    cells: list[Rect] = []
    for index, (share, number) in enumerate(zip(row.tolist(), numbers, strict=True)):
        left, top, right, bottom = grid.box(index)
        if right <= left or bottom <= top:
            continue  # this cell covers padding only
        at = origin[0] + left * scale[0], origin[1] + top * scale[1]
        tip = f"{label} → {grid.label(index)}: {number:.3f}"
        colour, opacity = _paint(share, over_picture=grid.pixels is not None)
        cells.append(Rect(*at, (right - left) * scale[0], (bottom - top) * scale[1], colour, opacity, tip=tip))
    return [*cells, *_frames(grid, numbers, origin=origin, size=size)]


def _image(
    grid: Grid,
    row: np.ndarray,
    numbers: list[float],
    *,
    origin: tuple[Length, Length],
    size: tuple[Length, Length],
    label: str,
) -> list[Rect | Image]:
    """The cells of one panel as pixels, which have no tooltip but that of the heaviest."""
    scale = size[0] / grid.picture[0], size[1] / grid.picture[1]
    left, top, right, bottom = grid.region
    at = origin[0] + left * scale[0], origin[1] + top * scale[1]
    shares = row.reshape(grid.height, grid.width)
    painted = translucent(shares, _COVER) if grid.pixels is not None else colours(shares)
    pixels = Image(*at, (right - left) * scale[0], (bottom - top) * scale[1], painted)
    best = _heaviest(numbers)
    tip = "" if best is None else f"{label} → most at {grid.label(best)}: {numbers[best]:.3f}"
    return [
        pixels,
        *_frames(grid, numbers, origin=origin, size=size),
        *([Rect(*origin, *size, tip=tip)] if tip else []),
    ]


def _frames(
    grid: Grid, numbers: list[float], *, origin: tuple[Length, Length], size: tuple[Length, Length]
) -> list[Rect]:
    """The frame of one panel, and an outline around its heaviest cell."""
    scale = size[0] / grid.picture[0], size[1] / grid.picture[1]
    frame = Rect(*origin, *size, stroke="#bbbbbb")
    best = _heaviest(numbers)
    left, top, right, bottom = (0.0,) * 4 if best is None else grid.box(best)
    if right <= left or bottom <= top:
        return [frame]
    at = origin[0] + left * scale[0], origin[1] + top * scale[1]
    return [frame, Rect(*at, (right - left) * scale[0], (bottom - top) * scale[1], stroke=PEAK)]


def _paint(share: float, *, over_picture: bool) -> tuple[str, float]:
    """The colour of a cell and its opacity: over a picture, lighter weights let more of it through."""
    if math.isnan(share):
        return MISSING, 1.0
    return (shade(1.0), _COVER * max(0.0, share)) if over_picture else (shade(max(0.0, share)), 1.0)


def _heaviest(numbers: list[float]) -> int | None:
    """The cell with the largest weight; None where several share it, or nothing is above 0."""
    finite = [number if math.isfinite(number) else -math.inf for number in numbers]
    best = max(finite)
    return finite.index(best) if best > 0.0 and finite.count(best) == 1 else None


def _most(grid: Grid, numbers: list[float]) -> Text:
    """What stands below a panel: its largest weight, and whether that lies beside the picture."""
    finite = [number for number in numbers if math.isfinite(number)]
    text = f"max {max(finite):.2g}" if finite else "no finite weight"
    best = _heaviest(numbers)
    if best is not None:
        left, top, right, bottom = grid.box(best)
        text += ", on padding" if right <= left or bottom <= top else ""
    return Text(text, 0.0, 0.0, anchor="middle", size=SMALL, colour=GREY)
