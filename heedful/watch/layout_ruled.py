"""A map along a scale, such as time: narrow columns without gaps, and a ruler below them."""

import numpy as np
import torch
from torch import Tensor

from heedful.axes import Axis, RuledAxis
from heedful.watch.raster import colours, pool_columns
from heedful.watch.scale import Scale, Shading, shading
from heedful.watch.scene import GREY, MARGIN, SIZE, SMALL, Image, Length, Line, Rect, Scene, Text
from heedful.watch.words import ems, fit, printable

_WIDE, _CELL, _TALL = 900, 24, 600  # pixels: of all columns; a column or row at most; all rows of a long scale
_LONGEST, _APART = 24, (24, 40, 64, 96)  # columns of a label; pixels from tick to tick, the densest that fits
_LABELLED = 40  # rows; more of them, on a scale, get a ruler instead of a label each
_POINTED, _GRIDDED = 6, 12  # pixels of a cell that can be pointed at by itself; of one that is set apart


def ruled_matrix(
    weights: Tensor, rows: Axis, columns: RuledAxis, *, scale: Scale = "auto"
) -> tuple[Scene, Shading, int]:
    """The weights as one picture, with labels or a ruler at the left, and a ruler and legend below.

    Returns: the drawing, how weights are shaded, and how many columns were added up to each one drawn.
    """
    pooled, size = pool_columns(weights.detach().float().cpu(), _WIDE)
    shaded = shading(pooled, columns, scale)
    across = max(1, min(_CELL, _WIDE // max(1, pooled.shape[1])))
    ruler = rows if isinstance(rows, RuledAxis) and len(rows) > _LABELLED else None
    down = max(1, min(_CELL, _TALL // len(rows))) if ruler else _CELL
    labels = [fit(printable(label), _LONGEST) for label in rows.labels]
    marks = ruler.ticks(max(2, len(rows) * down // 40)) if ruler else []
    named = [text for _, text in marks] if ruler else labels
    left = MARGIN + SIZE * max(map(ems, named), default=0.0) + 10
    scene, top = Scene(), 8.0
    right, bottom = left + across * pooled.shape[1], top + down * len(rows)
    if pooled.numel():
        image = _image(shaded.shares.numpy(), across, down)
        scene.add(Image(left, top, right - left, bottom - top, image))
    scene.add(Rect(left, top, right - left, bottom - top, stroke="#bbbbbb"))
    for i, label in enumerate(() if ruler else labels):
        scene.add(Text(label, left - 7, top + down * i + down / 2 + 5, anchor="end"))
    for at, text in marks:
        scene.add(Line(left - 5, top + down * at, left, top + down * at))
        scene.add(Text(text, left - 8, top + down * at + 4, anchor="end", size=SMALL, colour=GREY))
    scene.add(*_tips(weights, rows, columns, corner=(left, top), cell=(across / size, down)))
    for at, text in _ticks(columns, right - left):
        x = left + at * across / size
        scene.add(Line(x, bottom, x, bottom + 5))
        scene.add(Text(text, x, bottom + 17, anchor="middle", size=SMALL, colour=GREY))
    for line in columns.legend():
        scene.add(Text(fit(printable(line), 100), left, scene.height + 16, size=SMALL, colour=GREY))
    return scene, shaded, size


def _ticks(axis: RuledAxis, length: Length) -> list[tuple[float, str]]:
    """As many ticks along so many pixels as leave a gap between their texts."""
    ticks: list[tuple[float, str]] = []
    for apart in _APART:
        ticks = axis.ticks(max(2, int(length / apart)))
        if max((SMALL * ems(text) for _, text in ticks), default=0.0) < apart - 9:
            break
    return ticks


def _image(parts: np.ndarray, across: int, down: int) -> np.ndarray:
    """Each share as a block of pixels, so that no viewer has to scale it; large blocks are set apart by white."""
    pixels = colours(parts).repeat(down, axis=0).repeat(across, axis=1)
    if down >= _GRIDDED:
        pixels[down - 1 :: down] = 255
    if across >= _GRIDDED:
        pixels[:, across - 1 :: across] = 255
    return pixels


def _tips(
    weights: Tensor, rows: Axis, columns: RuledAxis, *, corner: tuple[Length, Length], cell: tuple[Length, Length]
) -> list[Rect]:
    """Tooltips: one for each weight if its cell is wide enough, else one per row with its largest weight."""
    numbers = weights.detach().float().cpu()
    if not numbers.numel():
        return []
    (left, top), (across, down) = corner, cell
    tips: list[Rect] = []
    for t, row in enumerate(numbers):
        if across >= _POINTED:
            tips += [
                Rect(left + across * s, top + down * t, across, down, tip=f"{rows[t]} → {columns[s]}: {weight:.3f}")
                for s, weight in enumerate(row.tolist())
            ]
            continue
        # `argmax` alone would take a NaN for the largest.
        s = int(torch.nan_to_num(row, nan=-torch.inf).argmax())
        tip = f"{rows[t]} → most at {columns[s]}: {float(row[s]):.3f}"
        tips.append(Rect(left, top + down * t, across * len(columns), down, tip=tip))
    return tips
