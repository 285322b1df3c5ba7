"""What a captioner reads of a picture: its pixels, or features of its cells that another network has computed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from heedful.axes import Grid
from heedful.data.image import (
    Augmenter,
    Captioned,
    FeatureFolder,
    FeatureSpec,
    Picture,
    PictureInput,
    PictureReader,
    PictureSet,
    at_row,
    load_pictures,
)
from heedful.errors import UserError

Item = Path | Picture | np.ndarray
"""A picture: its file, what has been read of it, or features of its cells."""


@runtime_checkable
class Inputs(Protocol):
    """The inputs of an encoder for some pictures, by row."""

    def __len__(self) -> int: ...
    def batch(self, rows: Sequence[int], /) -> Shaped[Tensor, "B ..."]:
        """The inputs of some rows."""
        ...


class Loaded(NamedTuple):
    """Examples whose picture can be read, their inputs by row, and lines about the others."""

    examples: list[Captioned]
    inputs: Inputs
    warnings: list[str]


@runtime_checkable
class Source(Protocol):
    """How pictures become the input of an encoder."""

    def load(self, examples: Sequence[Captioned], *, strict: bool) -> Loaded:
        """Reads the pictures of all examples, and leaves out those that cannot be read.

        Raises: UserError with the example's "file:line", for the first such picture if `strict`.
        """
        ...

    def inputs(self, items: Sequence[Item]) -> Inputs:
        """The inputs for pictures to caption.

        Raises: UserError, for one that cannot be read.
        """
        ...

    def grid(self, item: Item, cells: tuple[int, int]) -> Grid:
        """The axis of the cells on the original picture."""
        ...


@dataclass(frozen=True)
class Stacked:
    """Inputs that are in memory."""

    tensor: Shaped[Tensor, "N ..."]

    def __len__(self) -> int:
        return len(self.tensor)

    def batch(self, rows: Sequence[int]) -> Shaped[Tensor, "B ..."]:
        """The inputs of some rows."""
        return self.tensor[list(rows)]


@dataclass(frozen=True)
class First:
    """The first `count` rows of some inputs."""

    inputs: Inputs
    count: int

    def __len__(self) -> int:
        return self.count

    def batch(self, rows: Sequence[int]) -> Shaped[Tensor, "B ..."]:
        """The inputs of some rows."""
        return self.inputs.batch(rows)


@dataclass(frozen=True)
class Augmented:
    """Pictures that are changed at random each time they are read."""

    pictures: PictureSet
    augmenter: Augmenter

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, rows: Sequence[int]) -> Float[Tensor, "B 3 H W"]:
        """The changed pictures of some rows."""
        return self.pictures.batch(rows, self.augmenter)


class Pixels:
    """Pictures as `PictureInput` fits and normalises them; at most `memory` bytes of them are kept."""

    def __init__(self, reading: PictureInput, memory: int) -> None:
        self.reading, self.memory = reading, memory

    def load(self, examples: Sequence[Captioned], *, strict: bool) -> Loaded:
        """Reads the pictures of all examples once."""
        found = load_pictures(examples, self.reading, strict=strict, memory=self.memory)
        return Loaded(found.examples, found.pictures, found.warnings)

    def inputs(self, items: Sequence[Item]) -> Inputs:
        """The normalised pixels of pictures."""
        pictures = [self._picture(item) for item in items]
        return Stacked(self.reading.stacked([self.reading.fitting(picture) for picture in pictures]))

    def grid(self, item: Item, cells: tuple[int, int]) -> Grid:
        """The cells on the original picture."""
        picture = self._picture(item)
        return self.reading.fitting(picture).grid(*cells, picture)

    def _picture(self, item: Item) -> Picture:
        if isinstance(item, np.ndarray):
            message = f"this run reads pictures, and {described(item)} is none"
            raise UserError(message, hint="pass pixels as uint8 [height, width, 3]")
        return item if isinstance(item, Picture) else self.reading.open(item)


class FeatureSet:
    """The features of pictures by row; the first of them are kept, up to `memory` bytes."""

    def __init__(self, folder: FeatureFolder, paths: Sequence[Path], memory: int) -> None:
        self._folder, self._paths = folder, paths
        self._most = memory // (4 * folder.spec.cells * folder.spec.dim)
        self._kept: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def batch(self, rows: Sequence[int]) -> Float[Tensor, "B S D"]:
        """The features of some rows."""
        return torch.stack([self._read(row) for row in rows])

    def _read(self, row: int) -> Float[Tensor, "S D"]:
        found = self._kept.get(row)
        if found is None:
            found = self._folder.read(self._paths[row])
            if len(self._kept) < self._most:
                self._kept[row] = found
        return found


class Features:
    """Features of pictures in a folder; `spec` is what those of training were.

    Raises: UserError, when the folder holds others.
    """

    def __init__(self, folder: str, spec: FeatureSpec, memory: int) -> None:
        self.folder, self.spec, self.memory = FeatureFolder(folder), spec, memory
        spec.check(self.folder.spec, where=folder)

    def load(self, examples: Sequence[Captioned], *, strict: bool) -> Loaded:
        """Reads the features of all examples once."""
        kept: list[Captioned] = []
        skipped: list[UserError] = []
        for example in examples:
            try:
                self.folder.read(example.picture)
            except UserError as error:
                skipped.append(at_row(error, example))
                if strict:
                    raise skipped[-1] from error
                continue
            kept.append(example)
        warnings: list[str] = []
        if skipped:
            count = f"{len(skipped)} of {len(examples)} pictures"
            warnings.append(f"{count} have no features that can be read and are left out; the first is {skipped[0]}")
        return Loaded(kept, FeatureSet(self.folder, [example.picture for example in kept], self.memory), warnings)

    def inputs(self, items: Sequence[Item]) -> Inputs:
        """The features of pictures."""
        found = [self._features(item) for item in items]
        return Stacked(torch.stack(found) if found else torch.zeros(0, self.spec.cells, self.spec.dim))

    def grid(self, item: Item, cells: tuple[int, int]) -> Grid:
        """The cells on the original picture; for an array of features, on a picture of one pixel a cell."""
        height, width = self.spec.height, self.spec.width
        if not isinstance(item, Path):
            return Grid(height, width, (width, height))
        if self.spec.input is not None:
            picture = self.spec.input.open(item)
            return self.spec.input.fitting(picture).grid(height, width, picture)
        picture = PictureReader().read(item)
        return Grid(height, width, picture.size, pixels=picture.pixels)

    def _features(self, item: Item) -> Float[Tensor, "S D"]:
        if isinstance(item, Picture):
            hint = "pass the file of a picture whose features are in data.features, or an array [h, w, D]"
            raise UserError("this run reads features, and got pixels", hint=hint)
        if isinstance(item, Path):
            return self.folder.read(item)
        expected = (self.spec.height, self.spec.width, self.spec.dim)
        if item.shape not in (expected, (self.spec.cells, self.spec.dim)) or not np.isfinite(item).all():
            raise UserError(f"features are {described(item)}", hint=f"expected finite numbers {list(expected)}")
        return torch.from_numpy(item.astype(np.float32).reshape(self.spec.cells, self.spec.dim))


def cells_of(encoder: Any, reading: PictureInput | None, count: int) -> tuple[int, int]:
    """The rows and columns of an encoder's `count` cells: as its method `grid` says, else square, else one row."""
    if reading is not None and callable(getattr(encoder, "grid", None)):
        height, width = encoder.grid(reading.height, reading.width)
        if height * width == count:
            return height, width
    side = math.isqrt(count)
    return (side, side) if side * side == count else (1, count)


def as_item(value: Any, name: str) -> Item:
    """A picture that was passed to `predict`; `name` is what errors call it.

    Raises: UserError, for what is neither a path nor an array of pixels or features.
    """
    if isinstance(value, str | Path):
        return Path(value)
    if isinstance(value, Picture):
        return value
    array = value.numpy() if isinstance(value, Tensor) else value
    hint = "pass a path, or pixels as uint8 [height, width, 3]"
    if not isinstance(array, np.ndarray):
        raise UserError(f"expected a picture, but {name} is {described(value)}", hint=hint)
    if np.issubdtype(array.dtype, np.floating) and array.ndim in (2, 3):
        return array  # features: whether the run reads any is found later
    if array.dtype == np.uint8 and array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise UserError(f"expected a picture, but {name} is {described(array)}", hint=hint)
    return Picture(np.ascontiguousarray(array))


def described(value: Any) -> str:
    """A value as errors quote it."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    return f"{value!r:.40} ({type(value).__name__})"
