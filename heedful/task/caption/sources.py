"""What a captioner reads of a picture: its pixels, or features of its cells that another network has computed."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor, nn

from heedful.axes import Grid
from heedful.data.image import Fitted, Picture, PictureReader
from heedful.data.image.input import PictureInput
from heedful.errors import UserError

Item = Path | Picture | np.ndarray
"""A picture: its file, what has been read of it, or features of its cells."""

L = TypeVar("L")

SUFFIX = ".npy"


@runtime_checkable
class Source(Protocol):
    """How pictures become the input of an encoder."""

    def load(self, item: Item) -> Any:
        """What is read of a picture; a file that was read before may come from memory."""
        ...

    def stack(self, loaded: Sequence[Any]) -> tuple[Shaped[Tensor, "B ..."], Int64[Tensor, " B"]]:
        """A batch for an encoder, and how many cells of each picture are real, where that differs."""
        ...

    def grid(self, item: Item, loaded: Any, cells: tuple[int, int]) -> Grid:
        """The axis of the cells on the original picture."""
        ...


class Kept(Generic[L]):
    """Pictures that have been read, up to a number of bytes; those beyond it are read again each time."""

    def __init__(self, read: Callable[[Item], L], size: Callable[[L], int], most: int) -> None:
        self._read, self._size, self._left = read, size, most
        self._kept: dict[Path, L] = {}

    def __call__(self, item: Item) -> L:
        """The picture, from memory or from its file."""
        if not isinstance(item, Path):
            return self._read(item)
        found = self._kept.get(item)
        if found is None:
            found = self._read(item)
            size = self._size(found)
            if size <= self._left:
                self._kept[item] = found
                self._left -= size
        return found


class Pixels:
    """Pictures as `PictureInput` fits and normalises them; at most `most` bytes of them are kept in memory."""

    def __init__(self, reading: PictureInput, most: int) -> None:
        self.reading = reading
        self.load = Kept(self._load, lambda fitted: fitted.pixels.numel(), most)

    def _load(self, item: Item) -> Fitted:
        if isinstance(item, np.ndarray):
            raise UserError(f"this run reads pictures, and {_described(item)} is no picture", hint="expected uint8 RGB")
        return self.reading.fitting(item if isinstance(item, Picture) else self.reading.open(item))

    def stack(self, loaded: Sequence[Fitted]) -> tuple[Float[Tensor, "B 3 H W"], Int64[Tensor, " B"]]:
        """Normalised pixels; all cells of a picture are real."""
        return self.reading.stacked(loaded), torch.ones(len(loaded), dtype=torch.int64)

    def grid(self, item: Item, loaded: Fitted, cells: tuple[int, int]) -> Grid:
        """The cells on the original picture."""
        picture = item if isinstance(item, Picture) else self.reading.open(_path(item))
        return loaded.grid(*cells, picture)


class CellFeatures(NamedTuple):
    """The features of a picture's cells, row by row, and the rows and columns of cells, if the file tells."""

    values: Float[Tensor, "S D"]
    cells: tuple[int, int] | None


class Features:
    """Features from .npy files in a folder, of width `width`; at most `most` bytes of them are kept in memory.

    The features of the picture ``a.jpg`` are in ``a.npy``: ``[h, w, D]``, or ``[S, D]``.
    """

    def __init__(self, folder: Path, width: int | None, most: int) -> None:
        self.folder, self.width = folder, width
        self.load = Kept(self._load, lambda found: found.values.numel() * 4, most)

    def _load(self, item: Item) -> CellFeatures:
        if isinstance(item, Picture):
            raise UserError(
                "this run reads features, not pixels",
                where=item.where or None,
                hint="pass the name of a picture whose features are in data.features, or an array [h, w, D]",
            )
        if isinstance(item, np.ndarray):
            return self._checked(item, "an array")
        path = item if item.suffix.lower() == SUFFIX else self.folder / f"{item.stem}{SUFFIX}"
        return self._checked(_read_array(path), str(path))

    def _checked(self, values: np.ndarray, where: str) -> CellFeatures:
        if values.ndim not in (2, 3) or not np.issubdtype(values.dtype, np.floating) or 0 in values.shape:
            raise UserError(
                f"features are {_described(values)}", where=where, hint="expected numbers of cells [h, w, D] or [S, D]"
            )
        if self.width is not None and values.shape[-1] != self.width:
            raise UserError(
                f"features are {values.shape[-1]} wide, but this run was trained on {self.width}",
                where=where,
                hint="compute them with the network and the layer that the training features come from",
            )
        if not np.isfinite(values).all():
            raise UserError("features hold NaN or infinity", where=where, hint="compute them again")
        cells = (values.shape[0], values.shape[1]) if values.ndim == 3 else None
        return CellFeatures(torch.from_numpy(values.reshape(-1, values.shape[-1]).astype(np.float32)), cells)

    def stack(self, loaded: Sequence[CellFeatures]) -> tuple[Float[Tensor, "B S D"], Int64[Tensor, " B"]]:
        """Features padded with zeros to the most cells, and the number of cells of each picture."""
        lengths = torch.tensor([len(found.values) for found in loaded], dtype=torch.int64)
        return nn.utils.rnn.pad_sequence([found.values for found in loaded], batch_first=True), lengths

    def grid(self, item: Item, loaded: CellFeatures, cells: tuple[int, int]) -> Grid:
        """The cells on the whole original, or, where there is none, on a picture of one pixel a cell."""
        height, width = loaded.cells or cells
        if isinstance(item, Path) and item.suffix.lower() != SUFFIX and item.is_file():
            picture = PictureReader().read(item)
            return Grid(height, width, picture.size, pixels=picture.pixels)
        return Grid(height, width, (width, height))


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
    if not isinstance(array, np.ndarray):
        raise UserError(
            f"expected a picture, but {name} is {_described(value)}",
            hint="pass a path, or pixels as uint8 [height, width, 3]",
        )
    if array.dtype != np.uint8:
        if np.issubdtype(array.dtype, np.floating) and array.ndim in (2, 3):
            return array
        raise UserError(f"{name} is {_described(array)}", hint="expected pixels as uint8 [height, width, 3]")
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise UserError(f"{name} is {_described(array)}", hint="expected pixels as uint8 [height, width, 3]")
    return Picture(np.ascontiguousarray(array))


def _read_array(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except FileNotFoundError:
        hint = "compute them for this picture, too, or take it out of the table"
        raise UserError("there are no features of this picture", where=str(path), hint=hint) from None
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"cannot read these features: {error}", where=str(path), hint="expected a .npy file") from None


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    return f"{value!r:.40} ({type(value).__name__})"


def _path(item: Item) -> Path:
    assert isinstance(item, Path)
    return item

