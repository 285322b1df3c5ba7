"""Displays of visual search: bars of which one differs, by colour, by orientation, or by both taken together.

People find a bar of another colour or orientation at once, however many others there are: it pops out. A conjunction,
such as the red horizontal bar among red vertical and green horizontal ones, has to be searched for.

Source: Treisman and Gelade 1980 (10.1016/0010-0285(80)90005-5); Itti et al. 1998 (10.1109/34.730558), section 3.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from heedful.errors import UserError, did_you_mean

Kind = Literal["colour", "orientation", "conjunction"]
KINDS: tuple[str, ...] = get_args(Kind)
"""How the target differs from the others."""

_COLOURS = ((255, 0, 0), (0, 255, 0))
"""Red and green, as in the paper, of one intensity (r + g + b) / 3: nothing but the hue tells them apart."""
_SIZES = ((640, 480), (480, 640), (512, 512), (320, 240), (200, 200))
_GROUNDS = (0, 40, 80, 255)
_ANGLES = (0, 45, 90, 135)

Colour = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Display:
    """A display: RGB `pixels`, uint8 ``[height, width, 3]``, and the `centres` of its bars.

    `centres` ``[N, 2]`` are x and y in pixels.
    `target` is the index of the bar that differs.
    """

    kind: Kind
    pixels: np.ndarray = field(repr=False)
    centres: np.ndarray = field(repr=False)
    target: int

    def nearest(self, x: float, y: float) -> int:
        """The index of the bar nearest to a point, in pixels: the one that somebody who looks there looks at."""
        return int(np.square(self.centres - (x, y)).sum(1).argmin())


def search_displays(
    kind: str, count: int, *, seed: int, across: int = 7, jitter: float | int = 0.0
) -> Iterator[Display]:
    """Displays of one kind, the same for the same seed.

    They differ in size and proportions, in the number of bars, their density, length, thickness and orientation, in
    which colour is the odd one, and in the grey of the ground. Bars lie on a grid of at most `across` times `across`
    points, 12 to 49 by default; each may lie beside its point by up to the share `jitter` of the gap between bars.
    Raises: UserError, for an unknown kind; ValueError, for fewer than 4 points across or a jitter outside of 0 to 0.5.
    """
    if across < 4 or not 0 <= jitter <= 0.5:
        raise ValueError(f"{across} points across with a jitter of {jitter}: give at least 4, and 0 to 0.5.")
    if kind not in KINDS:
        raise UserError(f"no display is called {kind!r}", hint=did_you_mean(kind, KINDS))
    draw = np.random.default_rng([seed, KINDS.index(kind)])
    return (_display(kind, draw, across, jitter=jitter) for _ in range(count))  # pyright: ignore[reportArgumentType] - checked above


def _display(kind: Kind, draw: np.random.Generator, most: int, *, jitter: float | int) -> Display:
    width, height = _SIZES[draw.integers(len(_SIZES))]
    ground = int(draw.choice(_GROUNDS))
    centres, cell = _centres(width, height, draw, most)
    length = cell * draw.uniform(0.45, 0.75)
    centres += draw.uniform(-1.0, 1.0, centres.shape) * jitter * (cell - length)
    thickness = length * draw.uniform(0.2, 0.35)
    target = int(draw.integers(len(centres)))
    pixels = np.full((height, width, 3), float(ground))
    for centre, (colour, angle) in zip(centres, _bars(kind, len(centres), target, ground, draw), strict=True):
        _draw_bar(pixels, centre, colour, angle=angle, length=length, thickness=thickness)
    return Display(kind, pixels.round().astype(np.uint8), centres, target)


def _centres(width: int, height: int, draw: np.random.Generator, most: int) -> tuple[np.ndarray, float]:
    """The points of a grid, and how far they are apart."""
    across = int(draw.integers(4, most + 1))
    cell = width / across
    down = min(most, max(3, int(height // cell)))
    cell = min(cell, height / down)
    x, y = np.meshgrid((np.arange(across) + 0.5) * width / across, (np.arange(down) + 0.5) * height / down)
    return np.stack([x.ravel(), y.ravel()], axis=1), float(cell)


def _bars(kind: Kind, count: int, target: int, ground: int, draw: np.random.Generator) -> list[tuple[Colour, int]]:
    """The colour of each bar, and its angle in degrees from the horizontal."""
    odd, usual = _COLOURS if draw.random() < 0.5 else _COLOURS[::-1]
    first = int(draw.integers(len(_ANGLES)))
    other = (first + int(draw.integers(1, len(_ANGLES)))) % len(_ANGLES)
    angle, odd_angle = _ANGLES[first], _ANGLES[other]
    if kind == "colour":
        return [(odd if index == target else usual, angle) for index in range(count)]
    if kind == "orientation":
        grey: Colour = (0, 0, 0) if ground > 127 else (255, 255, 255)
        return [(grey, odd_angle if index == target else angle) for index in range(count)]
    # Half of the others have the target's colour, and half its orientation.
    halves = draw.permutation(count) % 2 == 0
    others = [(odd, angle) if half else (usual, odd_angle) for half in halves.tolist()]
    return [(odd, odd_angle) if index == target else bar for index, bar in enumerate(others)]


def _draw_bar(
    pixels: np.ndarray, centre: np.ndarray, colour: Colour, *, angle: int, length: float, thickness: float
) -> None:
    """Draws a bar with smooth edges: a pixel takes as much of the colour as the bar covers of it."""
    reach = int(length) + 2  # only this part of the picture can be covered
    top, left = (max(0, int(at) - reach) for at in (centre[1], centre[0]))
    part = pixels[top : top + 2 * reach + 2, left : left + 2 * reach + 2]
    y, x = np.mgrid[: part.shape[0], : part.shape[1]] + 0.5
    x, y = x + left - centre[0], y + top - centre[1]
    turned = np.radians(angle)
    # Rows grow downwards, so that a bar that rises to the right has a negative slope in them.
    along, across = x * np.cos(turned) - y * np.sin(turned), x * np.sin(turned) + y * np.cos(turned)
    inside = np.clip(length / 2 - np.abs(along) + 0.5, 0, 1) * np.clip(thickness / 2 - np.abs(across) + 0.5, 0, 1)
    part += inside[:, :, None] * (np.array(colour, float) - part)
