"""What a classifier of pictures reads of a picture: its pixels, or features of another network."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from heedful.axes import Box, Grid
from heedful.data.image import FeatureFolder, FeatureSpec, Picture, PictureInput, PictureReader
from heedful.errors import UserError

Item = Path | Picture
"""A picture: its file, or what has been read of it."""


class Original(NamedTuple):
    """A picture in its own size, and the part of it that the model reads, in its pixels."""

    picture: Picture
    region: Box

    def grid(self, height: int, width: int) -> Grid:
        """The axis of the model's cells, on the original."""
        return Grid(height, width, self.picture.size, crop=self.region, pixels=self.picture.pixels)

    def box(self, fractions: Sequence[float]) -> Box:
        """A box in pixels of the original, from fractions of what the model reads."""
        left, top, right, bottom = self.region
        across, down = right - left, bottom - top
        x0, y0, x1, y1 = fractions
        return left + x0 * across, top + y0 * down, left + x1 * across, top + y1 * down


@runtime_checkable
class Reader(Protocol):
    """How pictures become the input of a model; `grid` is the rows and columns of features, and None for pixels."""

    @property
    def grid(self) -> tuple[int, int] | None: ...
    def original(self, item: Item) -> Original:
        """The picture in its own size.

        Raises: UserError, when it cannot be read.
        """
        ...

    def batch(self, items: Sequence[Item]) -> Float[Tensor, "B ..."]:
        """What the model reads of some pictures.

        Raises: UserError, when one cannot be read.
        """
        ...


class PixelReader:
    """Reads pixels in the size of the model."""

    grid = None

    def __init__(self, reading: PictureInput) -> None:
        self.reading = reading

    def original(self, item: Item) -> Original:
        """The picture in its own size."""
        picture = item if isinstance(item, Picture) else self.reading.open(item)
        return Original(picture, self.reading.fitting(picture).region)

    def batch(self, items: Sequence[Item]) -> Float[Tensor, "B 3 H W"]:
        """Normalised pixels."""
        pictures = (item if isinstance(item, Picture) else self.reading.open(item) for item in items)
        return self.reading.stacked([self.reading.fitting(picture) for picture in pictures])


class FeatureReader:
    """Reads precomputed features, which are found by the picture's file.

    Raises: UserError, when the folder holds features of another network or shape than `spec`.
    """

    def __init__(self, folder: Path, spec: FeatureSpec) -> None:
        self.features = FeatureFolder(folder)
        spec.check(self.features.spec, where=str(folder))
        self.grid = (spec.height, spec.width)
        self._input, self._reader = spec.input, PictureReader()

    def original(self, item: Item) -> Original:
        """The picture in its own size; the cells divide what the network was given, or else the whole picture."""
        picture = self._reader.read(_file(item))
        width, height = picture.size
        whole = (0.0, 0.0, float(width), float(height))
        return Original(picture, whole if self._input is None else self._input.fitting(picture).region)

    def batch(self, items: Sequence[Item]) -> Float[Tensor, "B S D"]:
        """The features of some pictures."""
        return self.features.batch([_file(item) for item in items])


def _file(item: Item) -> Path:
    if isinstance(item, Picture):
        hint = "pass the name of a picture whose features are in the folder of data.features"
        raise UserError("this run reads features, which are found by the picture's file", hint=hint)
    return item


def as_item(value: object, name: str) -> Item:
    """A picture that was passed to `predict`: a path, or pixels.

    Pixels are uint8 ``[height, width]`` or ``[height, width, 3]``. `name` is what errors call it.
    Raises: UserError, for anything else.
    """
    if isinstance(value, str | Path):
        return Path(value)
    if isinstance(value, Picture):
        return value
    pixels = value.numpy() if isinstance(value, torch.Tensor) else value
    hint = "pass a path, or pixels as uint8 [height, width, 3]"
    if not isinstance(pixels, np.ndarray):
        raise UserError(f"expected a picture, but {name} is {value!r:.40} ({type(value).__name__})", hint=hint)
    colours = pixels.ndim == 3 and pixels.shape[2] == 3
    if pixels.dtype != np.uint8 or not (colours or pixels.ndim == 2) or 0 in pixels.shape:
        raise UserError(f"{name} is {pixels.dtype}{list(pixels.shape)}", hint=hint)
    return Picture(np.ascontiguousarray(pixels if colours else np.repeat(pixels[:, :, None], 3, axis=2)))
