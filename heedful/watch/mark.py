"""What is drawn over the picture of a map's row: boxes, points and paths; and the note beside the row's label."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

from heedful.axes import Axis, Grid, Words
from heedful.shapes import ShapeError

Length = float | int
PixelBox = tuple[Length, Length, Length, Length]
"""Left, top, right and bottom, in pixels of the original picture."""


@final
@dataclass(frozen=True)
class Mark:
    """A point of a picture, or boxes around it, with a label.

    `x` and `y` are pixels of the original picture from its upper left corner, after its EXIF orientation has been
    applied, and so are the boxes (left, top, right, bottom). A mark without boxes is drawn as a dot. A glimpse of
    several sizes has several boxes. Parts beyond the picture are cut off.
    Raises: ValueError, for a coordinate that is no finite number or a box without width or height.
    """

    x: Length
    y: Length
    label: str = ""
    boxes: Sequence[PixelBox] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "boxes", tuple(map(tuple, self.boxes)))  # a list could change, and has no hash
        if not all(map(math.isfinite, (self.x, self.y, *(edge for box in self.boxes for edge in box)))):
            raise ValueError(f"{self} has a coordinate that is no finite number.")
        for left, top, right, bottom in self.boxes:
            if left >= right or top >= bottom:
                raise ValueError(f"{self} has an empty box: give (left, top, right, bottom) in pixels.")

    @classmethod
    def around(cls, *boxes: PixelBox, label: str = "") -> "Mark":
        """A mark of one or more boxes, at the centre of the first.

        Raises: ValueError, for no box or one that cannot be.
        """
        if not boxes:
            raise ValueError("a mark needs a box: give (left, top, right, bottom) in pixels.")
        left, top, right, bottom = boxes[0]
        return cls((left + right) / 2, (top + bottom) / 2, label, boxes)


@final
@dataclass(frozen=True)
class ScanPath:
    """Marks in the order in which they were looked at: numbered from 1 and joined by arrows.

    Their labels, such as times, are listed by these numbers below the picture.
    Raises: ValueError, for a path without a mark.
    """

    stops: Sequence[Mark]

    def __post_init__(self) -> None:
        object.__setattr__(self, "stops", tuple(self.stops))
        if not self.stops:
            raise ValueError("a scan path needs at least one mark.")


@final
@dataclass(frozen=True)
class Overlay:
    """What is drawn beside and over the rows of a map, each either empty or with one entry for each row.

    `notes` are short texts that stand next to the rows' labels, such as "β 0.93". `marks` are drawn over the row's
    picture; they need columns that are a `Grid`. A row without any weight above 0 that has marks shows the picture in
    its colours, so that a map of zeros draws marks alone.
    """

    notes: Sequence[str] = ()
    marks: Sequence[Sequence[Mark | ScanPath]] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "marks", tuple(map(tuple, self.marks)))

    def note(self, row: int) -> str:
        """The note of a row; empty if there is none."""
        return self.notes[row] if self.notes else ""

    def of(self, row: int) -> Sequence[Mark | ScanPath]:
        """The marks of a row."""
        return self.marks[row] if self.marks else ()

    def check(self, rows: int, columns: Axis) -> None:
        """Checks that the overlay fits a map.

        Raises: ShapeError, when there is not one entry for each of `rows`, or marks lie over columns without a picture.
        """
        for name, entries in (("notes", self.notes), ("marks", self.marks)):
            if entries and len(entries) != rows:
                raise ShapeError(f"an overlay has {len(entries)} {name} for {rows} rows: give one for each, or none.")
        if self.marks and not isinstance(columns, Grid):
            kind = type(columns).__name__
            raise ShapeError(f"marks lie on a picture, but the columns of this map are {kind}: give a Grid.")

    def labelled(self, rows: Axis) -> Axis:
        """The rows with the notes after their labels, for drawings that have one text for both."""
        if not self.notes:
            return rows
        pairs = zip(rows.labels, self.notes, strict=True)
        return Words([f"{label}  {note}".strip() if note else label for label, note in pairs])


NO_OVERLAY = Overlay()


class Signed(NamedTuple):
    """A mark with the sign that stands for it, and the index of its path; None for a mark by itself."""

    sign: str
    mark: Mark
    path: int | None


def signed(marks: Iterable[Mark | ScanPath]) -> list[Signed]:
    """Every mark with its sign: stops of a path are numbered from 1, marks by themselves have letters from a on.

    A second path goes on counting, so that a sign stands for one mark.
    """
    found: list[Signed] = []
    stops = alone = 0
    for index, mark in enumerate(marks):
        if isinstance(mark, Mark):
            found.append(Signed(letters(alone), mark, None))
            alone += 1
            continue
        found += [Signed(str(stops + number), stop, index) for number, stop in enumerate(mark.stops, start=1)]
        stops += len(mark.stops)
    return found


def letters(number: int) -> str:
    """a to z, then aa, ab, ..."""
    before, last = divmod(number, 26)
    return (letters(before - 1) if before else "") + chr(ord("a") + last)
