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
        covered = _coverage(size, placed)
        picture += covered[:, :, None] * (np.array(placed.rgb) - picture)
        rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
        boxes.append((float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)))
    return picture.round().clip(0, 255).astype(np.uint8), boxes


def _coverage(size: int, placed: Placed) -> np.ndarray:
    """The share of each pixel that a shape covers, ``[size, size]``."""
    points = (np.arange(size * _FINE) + 0.5) / _FINE
    x, y = (points[None, :] - placed.x) / placed.radius, (points[:, None] - placed.y) / placed.radius
    inside = np.broadcast_to(SHAPES[placed.shape](x, y), (size * _FINE, size * _FINE))
    return inside.reshape(size, _FINE, size, _FINE).mean((1, 3))
