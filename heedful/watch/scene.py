"""A drawing as a value: shapes in pixels from the upper left corner, which SVG and matplotlib then put on paper alike.

Text is measured as in DejaVu Sans, wider than most fonts, so that no label is cut off whatever the viewer has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from heedful.watch.words import ems

SIZE, SMALL = 13.0, 11.0
"""Height of letters, and of those that explain, in pixels."""
INK, GREY, PEAK = "#111111", "#666666", "#d95f02"
"""Colours of words, of what explains, and of the outline around the largest weight."""
MARGIN = 12.0

Length = float | int
"""Pixels."""


@dataclass(frozen=True)
class Rect:
    """A rectangle; `tip` is shown on pointing at it. Without a fill what lies below shows through.

    `thickness` is that of its outline.
    """

    x: Length
    y: Length
    width: Length
    height: Length
    fill: str = ""
    opacity: float = 1.0
    stroke: str = ""
    tip: str = ""
    thickness: Length = 1.0


@dataclass(frozen=True)
class Line:
    """A straight line."""

    x1: Length
    y1: Length
    x2: Length
    y2: Length
    colour: str = GREY
    thickness: Length = 1.0


@dataclass(frozen=True)
class Polygon:
    """A filled shape with straight edges, such as the head of an arrow; `corners` are pairs of x and y."""

    corners: Sequence[tuple[Length, Length]]
    fill: str
    stroke: str = ""


@dataclass(frozen=True)
class Text:
    """A text: its anchor ("start", "middle" or "end") at x, its baseline at y, turned by `angle` degrees upwards."""

    text: str
    x: Length
    y: Length
    anchor: str = "start"
    size: Length = SIZE
    colour: str = INK
    bold: bool = False
    angle: Length = 0.0

    @property
    def width(self) -> Length:
        """How wide the text is before it is turned."""
        return self.size * ems(self.text) * (1.15 if self.bold else 1.0)


@dataclass(frozen=True, eq=False)
class Image:
    """Pixels, uint8 ``[h, w]``, ``[h, w, 3]`` or with opacity ``[h, w, 4]``, drawn with sharp edges."""

    x: Length
    y: Length
    width: Length
    height: Length
    pixels: np.ndarray


Shape = Rect | Line | Polygon | Text | Image


@dataclass
class Scene:
    """Shapes and the size of the paper, which grows with what is put on it."""

    width: Length = 0.0
    height: Length = 0.0
    shapes: list[Shape] = field(default_factory=list[Shape])

    def add(self, *shapes: Shape) -> None:
        """Puts shapes on the paper, later ones over earlier ones."""
        for shape in shapes:
            right, bottom = _reach(shape)
            self.width, self.height = max(self.width, right), max(self.height, bottom)
            self.shapes.append(shape)

    def place(self, part: "Scene", x: Length, y: Length) -> None:
        """Puts another scene on this one, its upper left corner at (x, y)."""
        self.add(*(_moved(shape, x, y) for shape in part.shapes))
        self.width, self.height = max(self.width, x + part.width), max(self.height, y + part.height)

    def flow(self, parts: Sequence["Scene"], *, room: Length, gap: Length) -> None:
        """Puts scenes beside one another in lines of at most `room`, below all that is there; one always fits."""
        x, y, tallest = MARGIN, self.height, 0.0
        for part in parts:
            if x > MARGIN and x + part.width > room:
                x, y, tallest = MARGIN, y + tallest + gap, 0.0
            self.place(part, x, y)
            x, tallest = x + part.width + gap, max(tallest, part.height)


def _reach(shape: Shape) -> tuple[Length, Length]:
    """How far right and down a shape comes."""
    match shape:
        case Line():
            return max(shape.x1, shape.x2), max(shape.y1, shape.y2)
        case Polygon():
            return max(x for x, _ in shape.corners), max(y for _, y in shape.corners)
        case Text():
            # A turned text rises from its anchor: only its foot reaches as far as that, and it is narrower.
            share = {"start": 1.0, "middle": 0.5, "end": 0.0}[shape.anchor] * (0.5 if shape.angle else 1.0)
            return shape.x + shape.width * share + (shape.size if shape.angle else 0.0), shape.y + 4
        case _:
            return shape.x + shape.width, shape.y + shape.height


def _moved(shape: Shape, x: Length, y: Length) -> Shape:
    if isinstance(shape, Line):
        return replace(shape, x1=shape.x1 + x, y1=shape.y1 + y, x2=shape.x2 + x, y2=shape.y2 + y)
    if isinstance(shape, Polygon):
        return replace(shape, corners=[(x + across, y + down) for across, down in shape.corners])
    return replace(shape, x=shape.x + x, y=shape.y + y)
