"""Saves maps in the format of the file's suffix: one picture per map, or all maps in one .html, .npz or .jsonl."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from heedful.axes import Grid, as_axis
from heedful.errors import UserError, did_you_mean, require
from heedful.store import replacing, strict_json, write_text_atomically
from heedful.watch.axis_json import axis_to_json
from heedful.watch.map import Map
from heedful.watch.page import page
from heedful.watch.passage import is_text, passages
from heedful.watch.picture import save_picture
from heedful.watch.picture_text import save_highlight
from heedful.watch.svg import save_svg
from heedful.watch.svg_text import highlight_svg


def check_format(path: Path) -> None:
    """Checks before a long computation that its maps can be saved: a known suffix, and the extra that it needs.

    Raises: UserError, which lists the known suffixes or names the extra to install.
    """
    if path.suffix.lower() not in _WRITERS:
        suffix = path.suffix or path.name
        raise UserError(f"maps cannot be saved as {suffix!r}", hint=did_you_mean(suffix, _WRITERS))
    if _WRITERS[path.suffix.lower()] is _save_pictures:
        require("matplotlib", extra="plot")


def save_maps(maps: Sequence[Map], path: Path) -> str | None:
    """Writes maps to a file in the format of its suffix; several pictures become ``name-1.png``, ``name-2.png``.

    A map of one row over words is drawn as running text, its words shaded by their weight. Maps of one row without a
    title that follow it are further sentences of that text and are drawn in the same picture. All other maps are drawn
    by the axis of their columns.
    Returns: a hint for the user if a picture lacks characters, else None.
    Raises: UserError, when the suffix is unknown, its extra is missing, or the file cannot be written.
    """
    check_format(path)
    return _WRITERS[path.suffix.lower()](maps, path)


def _save_pictures(maps: Sequence[Map], path: Path) -> str | None:
    hints = [_save_picture(passage, file) for passage, file in _numbered(maps, path)]
    return next((hint for hint in hints if hint), None)


def _save_picture(passage: Sequence[Map], path: Path) -> str | None:
    if is_text(passage[0]):
        return save_highlight(passage, path=path)
    return save_picture(passage[0].weights, passage[0].rows, passage[0].columns, path=path, title=passage[0].title)


def _save_drawings(maps: Sequence[Map], path: Path) -> None:
    for passage, file in _numbered(maps, path):
        if is_text(passage[0]):
            write_text_atomically(file, highlight_svg(passage))
        else:
            save_svg(passage[0].weights, passage[0].rows, passage[0].columns, path=file, title=passage[0].title)


def _numbered(maps: Sequence[Map], path: Path) -> Iterator[tuple[list[Map], Path]]:
    """The maps of each picture, with the file to write."""
    drawings = list(passages(maps))
    for i, passage in enumerate(drawings):
        yield passage, path if len(drawings) == 1 else path.with_stem(f"{path.stem}-{i + 1}")


def _save_arrays(maps: Sequence[Map], path: Path) -> None:
    """``numpy.load(path)["0/weights"]``, ``"0/title"``, ``"0/layers/<name>"`` and the axes, then 1, 2 ..."""
    arrays: dict[str, np.ndarray] = {}
    for i, map_ in enumerate(maps):
        arrays[f"{i}/weights"] = _array(map_.weights)
        arrays[f"{i}/title"] = np.array(map_.title, dtype=np.str_)
        arrays |= _axis_arrays(f"{i}/rows", map_.rows) | _axis_arrays(f"{i}/columns", map_.columns)
        arrays |= {f"{i}/layers/{name}": _array(layer) for name, layer in map_.layers.items()}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]


def _save_lines(maps: Sequence[Map], path: Path) -> None:
    """One JSON object a map: title, rows, columns, weights rounded to five digits; NaN and infinity are null.

    Rows and columns are lists of words, or objects such as ``{"axis": "Seconds", "start": 0.0, "step": 0.04, ...}``.
    """
    lines = [
        strict_json(
            {
                "title": map_.title,
                "rows": axis_to_json(as_axis(map_.rows)),
                "columns": axis_to_json(as_axis(map_.columns)),
                "weights": _array(map_.weights).astype(float).round(5).tolist(),
            }
        )
        for map_ in maps
    ]
    write_text_atomically(path, "".join(line + "\n" for line in lines))


def _axis_arrays(name: str, names: Sequence[str]) -> dict[str, np.ndarray]:
    """``name``: the labels; for other axes than words also ``name/axis``: its JSON, and ``name/pixels`` of a grid."""
    axis = as_axis(names)
    arrays = {name: np.array(axis.labels, dtype=np.str_)}
    described = axis_to_json(axis)
    if not isinstance(described, list):
        arrays[f"{name}/axis"] = np.array(strict_json(described), dtype=np.str_)
    if isinstance(axis, Grid) and axis.pixels is not None:
        arrays[f"{name}/pixels"] = axis.pixels
    return arrays


def _save_page(maps: Sequence[Map], path: Path) -> None:
    write_text_atomically(path, page(maps))


def _array(weights: Tensor) -> np.ndarray:
    return weights.detach().float().cpu().numpy()


_WRITERS: dict[str, Callable[[Sequence[Map], Path], str | None]] = {
    ".png": _save_pictures,
    ".pdf": _save_pictures,
    ".svg": _save_drawings,
    ".html": _save_page,
    ".npz": _save_arrays,
    ".jsonl": _save_lines,
}
