"""Where people looked: fixations from .tsv and .csv tables and from MATLAB's .mat files, by the name of the picture.

| columns or variables | x and y are |
|---|---|
| `image`, `x_frac`, `y_frac` | shares of the picture's width and height |
| `image`, `x`, `y` | pixels of the picture file, from its upper left corner |
| `image`, `x`, `y`, `width`, `height` | pixels of the picture as it was shown in this size |

Other columns are left alone.
"""

import importlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from heedful.data.columns import Columns
from heedful.data.table import has_header, read_rows
from heedful.data.text import format_suffix, nearby
from heedful.errors import UserError
from heedful.installed import pip_install

_SIZE = ("width", "height")
_RENAME = "name the columns image, x and y, or image, x_frac and y_frac"
_SHARES = Columns(("image", "x_frac", "y_frac"), needs_header=True, rename_hint=_RENAME)
_PIXELS = Columns(("image", "x", "y"), _SIZE, needs_header=True, rename_hint=_RENAME)
_FORMATS = ".tsv, .csv and .mat"


@dataclass(frozen=True, eq=False)
class Fixations:
    """The fixations of a picture: x and y ``[N, 2]``, and the size ``[N, 2]`` (width, height) that they are in.

    A size of 1 × 1 stands for shares; NaN for pixels of the picture file.
    """

    points: np.ndarray
    sizes: np.ndarray

    def shares(self, width: int, height: int) -> np.ndarray:
        """X and y as shares of the width and the height ``[N, 2]``, for a picture file of this size in pixels."""
        return self.points / np.where(np.isnan(self.sizes), (width, height), self.sizes)


def read_fixations(path: Path | str) -> dict[str, Fixations]:
    """The fixations of each picture, by the name that the file gives it.

    Rows whose x or y is NaN, as eye trackers write during a blink, are left out.
    Raises: UserError with the file, and the line of a table, for a wrong format or header, or what is no number.
    """
    path = Path(path)
    suffix = format_suffix(path)
    if suffix not in (".tsv", ".csv", ".mat"):
        raise UserError(f"fixations are not read from {suffix or path.name!r}", where=str(path), hint=_FORMATS)
    rows = _mat_rows(path) if suffix == ".mat" else _table_rows(path)
    grouped: dict[str, list[tuple[float, ...]]] = {}
    for name, numbers in rows:
        if not any(map(math.isnan, numbers[:2])):
            grouped.setdefault(name, []).append(numbers)
    if not grouped:
        raise UserError("there are no fixations in this file", where=str(path))
    arrays = {name: np.array(numbers, float) for name, numbers in grouped.items()}
    return {name: Fixations(numbers[:, :2], numbers[:, 2:]) for name, numbers in arrays.items()}


def fixations_of(fixations: Mapping[str, Fixations], picture: Path) -> Fixations | None:
    """The fixations of a picture file, by its name with or without suffix, or by its number; None if none match."""
    for name in (picture.name, picture.stem):
        if name in fixations:
            return fixations[name]
    matching = [each for name, each in fixations.items() if _bare(name) == _bare(picture.name)]
    return matching[0] if len(matching) == 1 else None


def _bare(name: str) -> str:
    """A name without folder and suffix; a number without leading zeros, for MATLAB has 1 where the file is 001.jpg."""
    stem = Path(name).stem
    return str(int(stem)) if stem.isdecimal() else stem


def _table_rows(path: Path) -> Iterable[tuple[str, tuple[float, ...]]]:
    is_shares = has_header(path, _SHARES)
    for row in read_rows(path, _SHARES if is_shares else _PIXELS):
        where = f"{path}:{row.line}"
        x, y = (_number(cell, where) for cell in row.cells[1:3])
        if is_shares:
            yield row.cells[0], (x, y, 1.0, 1.0)
            continue
        size = [_number(cell, where) if cell.strip() else math.nan for cell in row.cells[3:]]
        yield row.cells[0], (x, y, *_checked_size(size, where))


def _number(cell: str, where: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise UserError(f"expected a number, found {cell!r}", where=where) from None


def _checked_size(size: Iterable[float], where: str) -> list[float]:
    """Width and height, both NaN where there is neither."""
    numbers = list(size)
    if sum(map(math.isnan, numbers)) == 1 or any(number <= 0 for number in numbers):
        shown = " × ".join(f"{number:g}" for number in numbers)
        raise UserError(f"the size of the picture is {shown}", where=where, hint="give a width and a height above 0")
    return numbers


def _mat_rows(path: Path) -> Iterable[tuple[str, tuple[float, ...]]]:
    variables = _variables(path)
    names = _SHARES.names if "x_frac" in variables else _PIXELS.names
    missing = [name for name in names if name not in variables]
    if missing:
        found = ", ".join(sorted(variables)) or "none"
        raise UserError(
            f"expected the variables {', '.join(names)}, found {found}",
            where=str(path),
            hint="save vectors of one length with these names, or one struct with these fields",
        )
    images = [_text(name) for name in np.atleast_1d(variables["image"]).ravel().tolist()]
    chosen = [*names[1:], *(name for name in _SIZE if name in variables and names is _PIXELS.names)]
    columns = [_vector(variables[name], name, len(images), str(path)) for name in chosen]
    for image, *numbers in zip(images, *columns, strict=True):
        if names is _SHARES.names:
            yield image, (*numbers, 1.0, 1.0)
        else:
            size = numbers[2:] if len(numbers) == 4 else [math.nan, math.nan]
            yield image, (numbers[0], numbers[1], *_checked_size(size, str(path)))


def _variables(path: Path) -> dict[str, Any]:
    """The variables of a .mat file, or the fields of its only variable if that is a struct."""
    try:
        loadmat = importlib.import_module("scipy.io").loadmat
    except ModuleNotFoundError:
        raise UserError(
            "reading .mat files needs the package 'scipy', which is not installed",
            where=str(path),
            hint=f"{pip_install('scipy')}; or save a table as .csv",
        ) from None
    try:
        content = loadmat(str(path), squeeze_me=True, simplify_cells=True)
    except FileNotFoundError:
        raise UserError("there is no such file", where=str(path), hint=nearby(path)) from None
    except NotImplementedError:
        raise UserError(
            "this is a .mat file of version 7.3, which is not read",
            where=str(path),
            hint="versions 4, 5, 6 and 7 are: in MATLAB, save(name, ..., '-v7')",
        ) from None
    except Exception as error:  # scipy raises many kinds, also for a file that is no .mat file at all
        raise UserError(f"this is no .mat file that can be read: {error}", where=str(path)) from error
    variables = {name: value for name, value in content.items() if not name.startswith("__")}
    only = next(iter(variables.values())) if len(variables) == 1 else None
    return cast("dict[str, Any]", only) if isinstance(only, dict) else variables


def _text(name: object) -> str:
    """A picture's name. MATLAB keeps numbers as doubles, and texts in a matrix of characters padded with blanks."""
    return str(int(name)) if isinstance(name, float) and name.is_integer() else str(name).strip()


def _vector(values: Any, name: str, length: int, where: str) -> list[float]:
    try:
        vector = np.atleast_1d(np.asarray(values, float)).ravel()
    except (TypeError, ValueError):
        raise UserError(f"{name} does not hold numbers", where=where) from None
    if len(vector) != length:
        raise UserError(f"{name} has {len(vector)} values, image has {length}", where=where)
    return vector.tolist()
