"""A folder of grid features: written by `compute_features`, or .npy files of the user's.

A folder that was computed has `features.json`, which says what the features are, and a file for each picture, named
after the hash of the picture's bytes and the checksum of the features: ``3f/3f09….a1b2c3d4.npy``. So a picture that is
renamed or copied is found, one that is changed is not, and damage is noticed. A folder of the user's has ``photo.npy``
for ``photo.jpg``.
"""

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.image.spec import UNNAMED, FeatureSpec, load_feature_spec
from heedful.errors import UserError
from heedful.store import is_folder, list_folder, reading, replacing

SPEC = "features"
"""The name of the file that says what features a folder holds, without its suffix."""


class FeatureFolder:
    """Features of pictures in a folder; `spec` says what they are.

    Raises: UserError, when the folder is missing or holds no features.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        # Hashing a file takes longer than reading its features, and every epoch asks for them.
        self._digests: dict[Path, str] = {}
        self._pictures: dict[Path, Path] = {}  # by the user's array that was taken for it
        entries = list_folder(self.folder)
        self._is_cache = any(entry.name == f"{SPEC}.json" for entry in entries)
        if self._is_cache:
            self.spec = load_feature_spec(self.folder, SPEC)
            files = (file for entry in entries if is_folder(entry) for file in list_folder(entry))
            self._files = {file.name.partition(".")[0]: file for file in files if file.suffix == ".npy"}
        else:
            arrays = sorted(self.folder.rglob("*.npy"))
            self._files = {_name(array.relative_to(self.folder)): array for array in arrays}
            self.spec = self._spec_of(next(iter(arrays), None))

    def _spec_of(self, first: Path | None) -> FeatureSpec:
        if first is None:
            hint = "expected photo.npy for photo.jpg, or a folder written by compute_features"
            raise UserError("this folder holds no features", where=str(self.folder), hint=hint)
        height, width, dim = _grid(_load(first), first).shape
        return FeatureSpec(UNNAMED, height, width, dim=dim)

    def file(self, picture: Path) -> Path | None:
        """The file with a picture's features; None if there is none.

        Raises: UserError, when the picture cannot be read, or another picture has the same name as this one.
        """
        if not self._is_cache:
            return self._named(picture)
        if picture not in self._digests:
            self._digests[picture] = digest(picture)
        return self._files.get(self._digests[picture])

    def _named(self, picture: Path) -> Path | None:
        """The user's array for a picture: of as many folders above it as are in the name of one."""
        parts = Path(_name(picture)).parts
        names = ("/".join(parts[start:]) for start in range(len(parts)))
        path = next((self._files[name] for name in names if name in self._files), None)
        if path is None:
            return None
        # Data sets with a folder for each label have many pictures of one name, 1.jpg.
        other = self._pictures.setdefault(path, picture)
        if other != picture:
            message = f"these features would be those of {str(other)!r} and of {str(picture)!r}"
            hint = f"put features into folders as the pictures are: {picture.parent.name}/{picture.stem}.npy"
            raise UserError(message, where=str(path), hint=hint)
        return path

    def read(self, picture: Path) -> Float[Tensor, "S D"]:
        """The features of a picture, cell by cell.

        Raises: UserError, when there are none, and when they are damaged, not finite or of another shape than the rest.
        """
        path = self.file(picture)
        if path is None:
            hint = f"compute them: heedful.data.image.compute_features(network, [...], {str(self.folder)!r})"
            if not self._is_cache:
                hint = f"expected {picture.stem}.npy"
            message = f"there are no features of this picture in {str(self.folder)!r}"
            raise UserError(message, where=str(picture), hint=hint)
        return self._checked(path)

    def _checked(self, path: Path) -> Float[Tensor, "S D"]:
        array = _load(path)
        if self._is_cache and path.name.split(".")[1:2] != [_checksum(array)]:
            raise UserError("these features are damaged", where=str(path), hint="delete the file, and compute it again")
        grid = _grid(array, path)
        height, width, dim = grid.shape
        self.spec.check(FeatureSpec(self.spec.network, height, width, dim=dim, input=self.spec.input), where=str(path))
        if not np.isfinite(grid).all():
            raise UserError("these features hold NaN or infinity", where=str(path), hint="compute them again")
        return torch.from_numpy(grid.astype(np.float32).reshape(self.spec.cells, dim))

    def batch(self, pictures: Sequence[Path]) -> Float[Tensor, "B S D"]:
        """The features of some pictures.

        Raises: UserError, as `read` does.
        """
        if not pictures:
            return torch.zeros(0, self.spec.cells, self.spec.dim)
        return torch.stack([self.read(picture) for picture in pictures])

    def has(self, picture: Path) -> bool:
        """Whether undamaged features of a picture are there.

        Raises: UserError, when the picture cannot be read.
        """
        path = self.file(picture)
        if path is None:
            return False
        try:
            self._checked(path)
        except UserError:
            return False
        return True

    def write(self, picture: Path, features: Float[Tensor, "C h w"]) -> None:
        """Writes the features of a picture, in place of those that are there.

        Raises: UserError, when the picture cannot be read or the file cannot be written.
        """
        array = np.ascontiguousarray(features.permute(1, 2, 0).float().cpu().numpy())
        key = digest(picture)
        # In folders by the first two digits: writing a file safely looks through its folder, which must stay small.
        path = self.folder / key[:2] / f"{key}.{_checksum(array)}.npy"
        with replacing(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)
        damaged = self._files.get(key, path)
        if damaged != path:
            damaged.unlink(missing_ok=True)
        self._files[key] = path


def _name(path: Path) -> str:
    """A path without its suffix, with a slash between folders on every system."""
    return path.with_suffix("").as_posix()


def digest(picture: Path) -> str:
    """The hash of a file's bytes, which names its features.

    Raises: UserError, when the file cannot be read.
    """
    with reading(picture), picture.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:32]


def _checksum(array: np.ndarray) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(array).tobytes()):08x}"


def _load(path: Path) -> np.ndarray:
    try:
        with reading(path):
            array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:  # objects of Python, which could run code, too
        raise UserError(
            f"this is no array of numbers: {error}", where=str(path), hint="write it by numpy.save"
        ) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise UserError("this is no array of numbers", where=str(path), hint="write it by numpy.save")
    return array


def _grid(array: np.ndarray, path: Path) -> np.ndarray:
    """Features as ``[h, w, D]``, from that or from ``[S, D]`` of a square grid."""
    expected = "expected [h, w, D], or [h · h, D] for a square grid"
    if array.ndim == 2:
        side = round(array.shape[0] ** 0.5)
        if side and side * side == array.shape[0]:
            return array.reshape(side, side, -1)
    if array.ndim != 3 or not array.size:
        raise UserError(f"these features are {list(array.shape)}", where=str(path), hint=expected)
    if array.shape[0] > max(array.shape[1:]):
        # More rows than columns and than numbers a cell: torch's order, in which channels come first.
        hint = f"{expected}; if these are [D, h, w]: array.transpose(1, 2, 0)"
        raise UserError(f"these features are {list(array.shape)}", where=str(path), hint=hint)
    return array
