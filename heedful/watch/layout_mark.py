"""Marks over a picture as shapes: boxes, numbered stops joined by arrows, labels that keep clear of one another."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from heedful.axes import Grid
from heedful.watch.mark import Mark, ScanPath, Signed, signed
from heedful.watch.scene import GREY, SMALL, Line, Polygon, Rect, Shape, Text
from heedful.watch.words import fit, printable

MARK, CASING = "#c2185b", "#ffffff"
"""The colour of marks, and of the line around them: one of the two is seen on every picture and shade."""

Length = float | int
_LONGEST = 24  # columns of a label on the picture
_RADIUS, _HEAD = 8.0, 8.0  # pixels of a number's disc, and of an arrow's head
_LINE, _AROUND = 2.0, 4.0  # pixels of a line, and of the casing below it
_CORNERS = 24  # of a disc
_BESIDE = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))

_Area = tuple[Length, Length, Length, Length]


@dataclass
class Marked:
    """The shapes of a row's marks, and the lines below the picture that explain them."""

    shapes: list[Shape] = field(default_factory=list[Shape])
    legend: list[str] = field(default_factory=list[str])


def lay_out_marks(marks: Sequence[Mark | ScanPath], grid: Grid, area: _Area) -> Marked:
    """The marks of a row over its picture, which fills `area`: left, top, width and height on the paper."""
    paper = _Paper(grid, area)
    all_signed, found = signed(marks), Marked()
    # Boxes lie lowest and numbers on top, whichever mark they belong to: nothing that is read may be covered.
    for each in all_signed:
        found.shapes += paper.boxes(each.mark)
    discs = {each.sign: paper.free_centre(each.mark) for each in all_signed if each.path is not None}
    for before, after in pairwise(all_signed):
        if before.path is not None and before.path == after.path:
            found.shapes += _arrow(discs[before.sign], discs[after.sign])
    for each in all_signed:
        label = printable(each.mark.label) if each.mark.label else ""
        if each.path is not None:
            found.shapes += _disc(discs[each.sign], each.sign)
            found.legend += [f"{each.sign}: {label}"] if label else []
        else:
            _add_alone(found, each, paper, label=label)
    return found


def _add_alone(found: Marked, each: Signed, paper: "_Paper", *, label: str) -> None:
    """Adds a mark that belongs to no path: its dot, and its label beside it."""
    found.shapes += [] if each.mark.boxes else _dot(paper.centre(each.mark))
    text = paper.free_label(each.mark, fit(label, _LONGEST)) if label else []
    if text is None:  # no room beside its box: a letter on the picture, and the label below
        found.shapes += _disc(paper.free_centre(each.mark), each.sign)
        found.legend.append(f"{each.sign}: {label}")
    else:
        found.shapes += text


def legend_texts(legend: Sequence[str], *, left: Length, top: Length, width: Length) -> list[Text]:
    """The legend in lines of at most `width`, unless an entry by itself is wider."""
    lines: list[str] = []
    for entry in legend:
        joined = f"{lines[-1]}   {entry}" if lines else entry
        if lines and Text(joined, 0, 0, size=SMALL).width <= width:
            lines[-1] = joined
        else:
            lines.append(entry)
    return [Text(line, left, top + 15 * number, size=SMALL, colour=GREY) for number, line in enumerate(lines)]


class _Paper:
    """Where the picture's pixels lie on the paper, and which parts of it discs and labels have taken."""

    def __init__(self, grid: Grid, area: _Area) -> None:
        self._picture = grid.picture
        self._left, self._top, self._width, self._height = area
        self._discs: list[tuple[Length, Length]] = []
        self._labels: list[_Area] = []

    def _at(self, x: Length, y: Length) -> tuple[Length, Length]:
        """A pixel of the picture on the paper; what lies beyond the picture is moved to its edge."""
        across, down = min(max(x / self._picture[0], 0), 1), min(max(y / self._picture[1], 0), 1)
        return self._left + across * self._width, self._top + down * self._height

    def centre(self, mark: Mark) -> tuple[Length, Length]:
        """Where a mark lies on the paper."""
        return self._at(mark.x, mark.y)

    def boxes(self, mark: Mark) -> Iterator[Rect]:
        """The outlines of a mark, as far as they lie on the picture."""
        for left, top, right, bottom in mark.boxes:
            (x0, y0), (x1, y1) = self._at(left, top), self._at(right, bottom)
            size = (max(x1 - x0, 1.0), max(y1 - y0, 1.0))
            tip = printable(mark.label) if mark.label else ""
            yield Rect(x0, y0, *size, stroke=CASING, thickness=_AROUND)
            yield Rect(x0, y0, *size, stroke=MARK, thickness=_LINE, tip=tip)

    def free_centre(self, mark: Mark) -> tuple[Length, Length]:
        """The centre of a mark's disc, moved aside where another disc lies already."""
        x, y = self.centre(mark)
        for ring in range(1, 6):
            for right, below in _BESIDE:
                at = x + right * ring * 1.7 * _RADIUS, y + below * ring * 1.7 * _RADIUS
                if self._inside(at) and all(math.dist(at, other) >= 1.6 * _RADIUS for other in self._discs):
                    self._discs.append(at)
                    return at
        self._discs.append((x, y))
        return x, y

    def _inside(self, at: tuple[Length, Length]) -> bool:
        # At the edge itself a disc may reach beyond the picture: a mark there keeps its place.
        return (
            self._left <= at[0] <= self._left + self._width and self._top <= at[1] <= self._top + self._height
        )  # fmt: skip

    def free_label(self, mark: Mark, label: str) -> list[Shape] | None:
        """The label at a side of the mark where no other lies; None if there is no such side."""
        left, top, right, bottom = self._outline(mark)
        wide, high = Text(label, 0, 0, size=SMALL, bold=True).width + 6, SMALL + 4
        sides = (left, top - high - 1), (left, bottom + 1), (right + 2, top), (left - wide - 2, top), (left + 2, top + 2)
        for at in sides:
            area = (at[0], at[1], wide, high)
            if self._holds(area) and not any(_overlap(area, other) for other in self._labels):
                self._labels.append(area)
                return [
                    Rect(*area, fill=CASING, opacity=0.8),
                    Text(label, at[0] + 3, at[1] + high - 4, size=SMALL, colour=MARK, bold=True),
                ]
        return None

    def _outline(self, mark: Mark) -> _Area:
        """Left, top, right and bottom of all boxes of a mark, or of its dot, on the paper."""
        x, y = self.centre(mark)
        dot = [(x - _RADIUS / 2, y - _RADIUS / 2), (x + _RADIUS / 2, y + _RADIUS / 2)]
        corners = [self._at(*corner) for box in mark.boxes for corner in (box[:2], box[2:])] or dot
        across, down = [x for x, _ in corners], [y for _, y in corners]
        return min(across), min(down), max(across), max(down)

    def _holds(self, area: _Area) -> bool:
        left, top, wide, high = area
        return (
            left >= self._left
            and top >= self._top
            and left + wide <= self._left + self._width
            and top + high <= self._top + self._height
        )


def _overlap(one: _Area, other: _Area) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _disc(centre: tuple[Length, Length], sign: str) -> list[Shape]:
    """A number or letter, white on a disc."""
    x, y = centre
    radius = _RADIUS + (2 if len(sign) > 1 else 0)
    return [
        _circle(centre, radius),
        Text(sign, x, y + 4, anchor="middle", size=SMALL, colour=CASING, bold=True),
    ]


def _dot(centre: tuple[Length, Length]) -> list[Shape]:
    return [_circle(centre, _RADIUS / 2)]


def _circle(centre: tuple[Length, Length], radius: Length) -> Polygon:
    angles = (2 * math.pi * corner / _CORNERS for corner in range(_CORNERS))
    corners = [(centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)) for angle in angles]
    return Polygon(corners, MARK, CASING)


def _arrow(start: tuple[Length, Length], end: tuple[Length, Length]) -> list[Shape]:
    """An arrow from the edge of a disc to that of the next; none where they all but touch."""
    length = math.dist(start, end)
    if length < 2 * _RADIUS + _HEAD:
        return []
    across, down = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    tail = start[0] + across * _RADIUS, start[1] + down * _RADIUS
    tip = end[0] - across * _RADIUS, end[1] - down * _RADIUS
    neck = tip[0] - across * _HEAD, tip[1] - down * _HEAD
    half = _HEAD / 2
    head = [tip, (neck[0] - down * half, neck[1] + across * half), (neck[0] + down * half, neck[1] - across * half)]
    return [
        Line(*tail, *neck, colour=CASING, thickness=_AROUND),
        Line(*tail, *neck, colour=MARK, thickness=_LINE),
        Polygon(head, MARK, CASING),
    ]
