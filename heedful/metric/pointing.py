"""Where a model looked against where it should have: points in boxes, and points near named parts."""

import math
from collections.abc import Mapping, Sequence

from heedful.axes import Box

Point = tuple[float, float]
"""x and y in pixels."""

NEAR = 0.15
"""The distance, in diagonals of the box, within which a point counts as being on a part."""


def in_box(point: Point, box: Box) -> bool:
    """Whether a point lies in a box (left, top, right, bottom); on its edge it does.

    Source: Zhang et al. 2016, section 4.1, the pointing game (arXiv:1608.00507).
    """
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def on_part(point: Point, part: Point, box: Box) -> bool:
    """Whether a point lies within `NEAR` diagonals of the box from a part."""
    diagonal = math.hypot(box[2] - box[0], box[3] - box[1])
    return math.dist(point, part) <= NEAR * diagonal


def hit_rates(points: Sequence[Mapping[str, Point]], boxes: Sequence[Box | None]) -> dict[str, float]:
    """For each thing that points, the share of its points that lie in the box, of the pictures that have a box."""
    found: dict[str, list[bool]] = {}
    for of_picture, box in zip(points, boxes, strict=True):
        for name, point in of_picture.items() if box is not None else ():
            found.setdefault(name, []).append(in_box(point, box))  # pyright: ignore[reportArgumentType]
    return {name: sum(hits) / len(hits) for name, hits in found.items()}


def part_rates(
    points: Sequence[Mapping[str, Point]], boxes: Sequence[Box | None], parts: Sequence[Mapping[str, Point]]
) -> dict[str, dict[str, float]]:
    """For each part and each thing that points, the share of pictures in which it points at the part.

    Only pictures that have a box and show the part count.
    """
    found: dict[str, dict[str, list[bool]]] = {}
    for of_picture, box, of_parts in zip(points, boxes, parts, strict=True):
        for part, place in of_parts.items() if box is not None else ():
            for name, point in of_picture.items():
                hit = on_part(point, place, box)  # pyright: ignore[reportArgumentType]
                found.setdefault(part, {}).setdefault(name, []).append(hit)
    return {
        part: {name: sum(hits) / len(hits) for name, hits in sorted(of_part.items())}
        for part, of_part in sorted(found.items())
    }
