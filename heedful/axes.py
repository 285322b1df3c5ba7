"""Axes: what the positions along a side of an attention map are, so that a map can be drawn, saved and read back.

A reader of pictures or sound makes the axis, because only it knows how positions lie on the original; whoever draws
the map needs nothing else. As a sequence, an axis is the labels of its positions.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final, overload

import numpy as np

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels from the upper left corner."""


class Axis(Sequence[str], ABC):
    """What the positions along one side of a map are; subclasses are frozen values."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def label(self, index: int) -> str:
        """The full name of one position, for text, files and tooltips; `index` counts from 0."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of all positions, in order."""
        return tuple(map(self.label, range(len(self))))

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        chosen = range(len(self))[index]  # also counts from the end, and raises IndexError
        return self.label(chosen) if isinstance(chosen, int) else tuple(map(self.label, chosen))


class RuledAxis(Axis):
    """An axis whose positions follow one another on a scale, drawn with ticks instead of a label each."""

    @abstractmethod
    def ticks(self, most: int) -> list[tuple[float, str]]:
        """At most about `most` marks: where each stands, in positions from the start of the axis, and its text."""

    def legend(self) -> Sequence[str]:
        """Lines below a drawing that say what the ticks stand for, if their texts alone do not."""
        return ()


@final
@dataclass(frozen=True)
class Words(Axis):
    """Positions with names of their own: words, heads, layers, labels.

    `tokens` is the number of tokens of each word, for words that a tokeniser has split; None if each is one token. A
    drawing shades a word by its weight per token.
    Raises: ValueError, when there is not one number, of 1 or more, for each word.
    """

    texts: Sequence[str]
    tokens: Sequence[float | int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", tuple(self.texts))  # a list could change, and has no hash
        if self.tokens is None:
            return
        tokens = tuple(map(float, self.tokens))
        if len(tokens) != len(self.texts) or not all(1 <= count < math.inf for count in tokens):
            raise ValueError(
                f"{len(self.texts)} words have tokens {list(self.tokens)}: each needs a number of 1 or more."
            )
        # So that axes are equal whether or not somebody has counted.
        object.__setattr__(self, "tokens", None if set(tokens) <= {1.0} else tokens)

    def __len__(self) -> int:
        return len(self.texts)

    def label(self, index: int) -> str:
        return self.texts[index]


@final
@dataclass(frozen=True)
class Grid(Axis):
    """The cells of a picture, row by row from the upper left.

    `picture` is the width and height of the original in pixels, after its EXIF orientation has been applied. `crop` is
    the part of it that the cells divide evenly, the whole picture by default; it may reach beyond the picture where
    that was padded. `pixels`, the original as uint8 ``[height, width]`` or ``[height, width, 3]``, is drawn below the
    weights and is no part of the axis' identity.

    A cell is where its features stand, not all that they depend on: a convolution's receptive field is larger.
    Raises: ValueError, for a size, crop or pixels that cannot be.
    """

    height: int
    width: int
    picture: tuple[int, int]
    crop: Box | None = None
    pixels: np.ndarray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1 or min(self.picture) < 1:
            raise ValueError(f"{self} has a side of less than 1: cells and picture need a height and a width.")
        left, top, right, bottom = self.region
        if not (math.isfinite(left + top + right + bottom) and left < right and top < bottom):
            raise ValueError(f"the crop {self.crop} is empty: give (left, top, right, bottom) in pixels.")
        if self.pixels is not None:
            self._check_pixels(self.pixels)

    def _check_pixels(self, pixels: np.ndarray) -> None:
        width, height = self.picture
        if pixels.dtype != np.uint8 or tuple(pixels.shape) not in ((height, width), (height, width, 3)):
            raise ValueError(
                f"pixels are {pixels.dtype}{list(pixels.shape)}, expected uint8[{height}, {width}, 3] "
                f"for a picture of {width} × {height}."
            )

    def __len__(self) -> int:
        return self.height * self.width

    def label(self, index: int) -> str:
        row, column = divmod(index, self.width)
        return f"row {row}, column {column}"

    @property
    def region(self) -> Box:
        """The part of the original that the cells divide: `crop`, or all of it."""
        return self.crop or (0.0, 0.0, float(self.picture[0]), float(self.picture[1]))

    def box(self, index: int) -> Box:
        """The part of the original that a cell covers, in its pixels; beyond the picture there is nothing to cover."""
        row, column = divmod(range(len(self))[index], self.width)
        left, top, right, bottom = self.region
        across, down = (right - left) / self.width, (bottom - top) / self.height
        width, height = float(self.picture[0]), float(self.picture[1])
        return (
            min(max(left + across * column, 0.0), width),
            min(max(top + down * row, 0.0), height),
            min(max(left + across * (column + 1), 0.0), width),
            min(max(top + down * (row + 1), 0.0), height),
        )

    def cell_at(self, x: float, y: float) -> int | None:
        """The position whose cell covers a pixel of the original; None outside of the crop."""
        left, top, right, bottom = self.region
        if not (left <= x < right and top <= y < bottom):
            return None
        # Rounding may lift a point just inside the edge to the cell after the last.
        column = min(int((x - left) / (right - left) * self.width), self.width - 1)
        row = min(int((y - top) / (bottom - top) * self.height), self.height - 1)
        return row * self.width + column


@final
@dataclass(frozen=True)
class Seconds(RuledAxis):
    """Frames of a recording: position i lasts from ``start + i * step`` to ``start + (i + 1) * step`` seconds.

    Raises: ValueError, for a step that is not above 0, a start that is not finite or a negative number of frames.
    """

    start: float
    step: float
    length: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and 0.0 < self.step < math.inf and self.length >= 0):
            raise ValueError(f"{self} needs a finite start, a step above 0 and a length of 0 or more.")

    def __len__(self) -> int:
        return self.length

    def span(self, index: int) -> tuple[float, float]:
        """When a position begins and ends."""
        begins = self.start + range(len(self))[index] * self.step
        return begins, begins + self.step

    def label(self, index: int) -> str:
        exact = (digits for digits in range(4) if all(round(x, digits) == x for x in (self.start, self.step)))
        return f"{self.span(index)[0]:.{next(exact, 4)}f} s"

    def ticks(self, most: int) -> list[tuple[float, str]]:
        if not self.length:
            return []
        every = _round_step(self.length * self.step / most)
        digits = max(0, -math.floor(math.log10(every) + 1e-9))
        first, last = self.start / every - 1e-9, (self.start + self.length * self.step) / every + 1e-9
        times = [number * every for number in range(math.ceil(first), math.floor(last) + 1)]
        return [((time - self.start) / self.step, f"{time:.{digits}f} s") for time in times]


@final
@dataclass(frozen=True)
class Slots(RuledAxis):
    """The numbered places of a memory, from 0.

    Raises: ValueError, for a negative number of slots.
    """

    length: int

    def __post_init__(self) -> None:
        if self.length < 0:
            raise ValueError(f"{self} has fewer than 0 slots.")

    def __len__(self) -> int:
        return self.length

    def label(self, index: int) -> str:
        return f"slot {index}"

    def ticks(self, most: int) -> list[tuple[float, str]]:
        every = _whole_step(self.length, most)
        return [(number + 0.5, str(number)) for number in range(0, self.length, every)]


@final
@dataclass(frozen=True)
class Cells(Axis):
    """The cells of a table, row by row, by the names of its rows and columns."""

    rows: Sequence[str]
    columns: Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))
        object.__setattr__(self, "columns", tuple(self.columns))

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    def label(self, index: int) -> str:
        row, column = divmod(index, len(self.columns))
        return f"{self.rows[row]}, {self.columns[column]}"


@final
@dataclass(frozen=True)
class Lines(RuledAxis):
    """The lines of a text, numbered from `first`."""

    texts: Sequence[str]
    first: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", tuple(self.texts))

    def __len__(self) -> int:
        return len(self.texts)

    def label(self, index: int) -> str:
        return f"{self.first + index}: {self.texts[index]}"

    def ticks(self, most: int) -> list[tuple[float, str]]:
        every = _whole_step(len(self.texts), most)
        return [(index + 0.5, str(self.first + index)) for index in range(0, len(self.texts), every)]

    def legend(self) -> Sequence[str]:
        return self.labels


def as_axis(names: Sequence[str]) -> Axis:
    """An axis as it is; any other sequence of names as `Words`."""
    return names if isinstance(names, Axis) else Words(names)


def _whole_step(length: int, most: int) -> int:
    return max(1, math.ceil(_round_step(length / most))) if length else 1


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
