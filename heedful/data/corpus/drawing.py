"""Draws coloured shapes on an even background, with NumPy alone."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from heedful.axes import Box

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (215, 45, 40),
    "green": (45, 160, 65),
    "blue": (45, 85, 215),
    "yellow": (235, 205, 45),
    "purple": (150, 60, 185),
    "black": (35, 35, 35),
}

Inside = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Whether points lie in a shape: x to the right and y down, from -1 to 1 across the shape."""

SHAPES: dict[str, Inside] = {
    "circle": lambda x, y: x**2 + y**2 <= 1,
    "square": lambda x, y: np.maximum(np.abs(x), np.abs(y)) <= 0.85,
    "triangle": lambda x, y: (y <= 0.8) & (np.abs(x) <= (y + 1) * 0.55),
    "cross": lambda x, y: (np.minimum(np.abs(x), np.abs(y)) <= 0.3) & (np.maximum(np.abs(x), np.abs(y)) <= 1),
    "ring": lambda x, y: (x**2 + y**2 <= 1) & (x**2 + y**2 >= 0.3),
}

_FINE = 4
"""Points a pixel in each direction, from which the share that a shape covers is counted."""


class Placed(NamedTuple):
    """A shape with its centre and radius in pixels, and its colour as RGB from 0 to 255."""

    shape: str
    x: float
    y: float
    radius: float
    rgb: tuple[float, float, float]


def draw(size: int, background: float, shapes: list[Placed]) -> tuple[np.ndarray, list[Box]]:
    """A square picture of shapes, uint8 ``[size, size, 3]``, and the box of each shape in pixels.

    `background` is a grey level from 0 to 255. Edges are blended by the share of a pixel that the shape covers.
    """
    picture = np.full((size, size, 3), float(background))
    boxes: list[Box] = []
    for placed in shapes:
        # Only the pixels around the shape are looked at.
        left, top = (max(int(middle - placed.radius), 0) for middle in (placed.x, placed.y))
        right, bottom = (min(int(middle + placed.radius) + 1, size) for middle in (placed.x, placed.y))
        covered = _coverage(placed, np.arange(left, right), np.arange(top, bottom))
        around = picture[top:bottom, left:right]
        around += covered[:, :, None] * (np.array(placed.rgb) - around)
        rows, columns = top + np.flatnonzero(covered.any(1)), left + np.flatnonzero(covered.any(0))
        boxes.append((float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)))
    return picture.round().clip(0, 255).astype(np.uint8), boxes


def _coverage(placed: Placed, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The share of each pixel that a shape covers, ``[rows, columns]``."""
    fine = (np.arange(_FINE) + 0.5) / _FINE
    x = ((columns[:, None] + fine).reshape(1, -1) - placed.x) / placed.radius
    y = ((rows[:, None] + fine).reshape(-1, 1) - placed.y) / placed.radius
    return SHAPES[placed.shape](x, y).reshape(len(rows), _FINE, len(columns), _FINE).mean((1, 3))
