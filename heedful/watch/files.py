"""Saves maps in the format of the file's suffix: one picture per map, or all maps in one .html, .npz or .jsonl."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from heedful.axes import Grid, Words, as_axis
from heedful.errors import UserError, did_you_mean, require
from heedful.store import replacing, strict_json, write_text_atomically
from heedful.watch.axis_json import axis_to_json
from heedful.watch.map import Map
from heedful.watch.mark import NO_OVERLAY
from heedful.watch.mark_json import overlay_to_json
from heedful.watch.page import page
from heedful.watch.passage import is_text, passages
from heedful.watch.picture import save_picture
from heedful.watch.picture_text import save_highlight
from heedful.watch.scale import Scale, check_scale, largest_of
from heedful.watch.svg import save_svg
from heedful.watch.svg_text import highlight_svg

Progress = Callable[[int, int], None]
"""What is told while pictures are drawn: how many there are by now, and how many there will be."""


@dataclass(frozen=True)
class _Drawing:
    """How maps are drawn into files."""

    scale: Scale = "auto"
    progress: Progress = field(default=lambda done, total: None)


def check_format(path: str | Path) -> None:
    """Checks before a long computation that its maps can be saved: a known suffix, and the extra that it needs.

    Raises: UserError, which lists the known suffixes or names the extra to install.
    """
    path = Path(path)
    if path.suffix.lower() not in _WRITERS:
        suffix = path.suffix or path.name
        raise UserError(f"maps cannot be saved as {suffix!r}", hint=did_you_mean(suffix, _WRITERS))
    if _WRITERS[path.suffix.lower()] is _save_pictures:
        require("matplotlib", extra="plot")


def is_picture(path: str | Path) -> bool:
    """Whether the format has one file for each map: .png, .pdf and .svg."""
    return _WRITERS.get(Path(path).suffix.lower()) in (_save_pictures, _save_drawings)


def save_maps(
    maps: Sequence[Map], path: str | Path, *, scale: Scale = "auto", progress: Progress | None = None
) -> str | None:
    """Writes maps to a file in the format of its suffix; several pictures become ``name-1.png``, ``name-2.png``.

    A map of one row over words is drawn as running text, its words shaded by their weight. Maps of one row without a
    title that follow it are further sentences of that text and are drawn in the same picture. All other maps are drawn
    by the axis of their columns. `scale` says what the darkest shade stands for (see `heedful.watch.scale`), and
    `progress` is called after each picture of several.
    Returns: a hint for the user if a picture lacks characters, else None.
    Raises: UserError, when the suffix or the scale is unknown, its extra is missing, or the file cannot be written.
    """
    path = Path(path)
    check_format(path)
    if check_scale(scale) == "global":
        scale = largest_of([(map_.weights, as_axis(map_.columns)) for map_ in maps])
    drawing = _Drawing(scale) if progress is None else _Drawing(scale, progress)
    return _WRITERS[path.suffix.lower()](maps, path, drawing)


def _save_pictures(maps: Sequence[Map], path: Path, drawing: _Drawing) -> str | None:
    hints = [_save_picture(passage, file, drawing.scale) for passage, file in _numbered(maps, path, drawing)]
    return next((hint for hint in hints if hint), None)


def _save_picture(passage: Sequence[Map], path: Path, scale: Scale) -> str | None:
    if is_text(passage[0]):
        return save_highlight(passage, path=path, scale=scale)
    first = passage[0]
    return save_picture(
        first.weights,
        first.rows,
        first.columns,
        path=path,
        title=first.caption,
        scale=scale,
        overlay=first.overlay,
    )


def _save_drawings(maps: Sequence[Map], path: Path, drawing: _Drawing) -> None:
    for passage, file in _numbered(maps, path, drawing):
        first = passage[0]
        if is_text(first):
            write_text_atomically(file, highlight_svg(passage, scale=drawing.scale))
        else:
            save_svg(
                first.weights,
                first.rows,
                first.columns,
                path=file,
                title=first.caption,
                scale=drawing.scale,
                overlay=first.overlay,
            )


def _numbered(maps: Sequence[Map], path: Path, drawing: _Drawing) -> Iterator[tuple[list[Map], Path]]:
    """The maps of each picture, with the file to write; reports progress after each."""
    drawings = list(passages(maps))
    for i, passage in enumerate(drawings):
        yield passage, path if len(drawings) == 1 else path.with_stem(f"{path.stem}-{i + 1}")
        drawing.progress(i + 1, len(drawings))


def _save_arrays(maps: Sequence[Map], path: Path, drawing: _Drawing) -> None:
    """``numpy.load(path)["0/weights"]``, ``"0/title"``, ``"0/layers/<name>"`` and the axes, then 1, 2 ..."""
    arrays: dict[str, np.ndarray] = {}
    for i, map_ in enumerate(maps):
        arrays[f"{i}/weights"] = _array(map_.weights)
        arrays[f"{i}/title"] = np.array(map_.title, dtype=np.str_)
        if map_.heading:
            arrays[f"{i}/heading"] = np.array(map_.heading, dtype=np.str_)
        if map_.overlay != NO_OVERLAY:
            arrays[f"{i}/overlay"] = np.array(strict_json(overlay_to_json(map_.overlay)), dtype=np.str_)
        arrays |= _axis_arrays(f"{i}/rows", map_.rows) | _axis_arrays(f"{i}/columns", map_.columns)
        arrays |= {f"{i}/layers/{name}": _array(layer) for name, layer in map_.layers.items()}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]


def _save_lines(maps: Sequence[Map], path: Path, drawing: _Drawing) -> None:
    """One JSON object a map: title, rows, columns, weights rounded to five digits; NaN and infinity are null.

    Rows and columns are lists of words, or objects such as ``{"axis": "Seconds", "start": 0.0, "step": 0.04, ...}``.
    A map with a heading has it, and ``column_tokens`` is there where a word of the columns has several tokens.
    ``notes`` and ``marks`` are there where the map has an overlay.
    """
    write_text_atomically(path, "".join(strict_json(_line(map_)) + "\n" for map_ in maps))


def _line(map_: Map) -> dict[str, Any]:
    columns = as_axis(map_.columns)
    line: dict[str, Any] = {"heading": map_.heading} if map_.heading else {}
    line |= {"title": map_.title, "rows": axis_to_json(as_axis(map_.rows)), "columns": axis_to_json(columns)}
    if isinstance(columns, Words) and columns.tokens is not None:
        line["column_tokens"] = columns.tokens
    line |= overlay_to_json(map_.overlay)
    return line | {"weights": _array(map_.weights).astype(float).round(5).tolist()}


def _axis_arrays(name: str, names: Sequence[str]) -> dict[str, np.ndarray]:
    """``name``: the labels; for other axes than words also ``name/axis``: its JSON, and ``name/pixels`` of a grid."""
    axis = as_axis(names)
    arrays = {name: np.array(axis.labels, dtype=np.str_)}
    described = axis_to_json(axis)
    if not isinstance(described, list):
        arrays[f"{name}/axis"] = np.array(strict_json(described), dtype=np.str_)
    if isinstance(axis, Grid) and axis.pixels is not None:
        arrays[f"{name}/pixels"] = axis.pixels
    if isinstance(axis, Words) and axis.tokens is not None:
        arrays[f"{name}/tokens"] = np.array(axis.tokens)
    return arrays


def _save_page(maps: Sequence[Map], path: Path, drawing: _Drawing) -> None:
    write_text_atomically(path, page(maps, scale=drawing.scale))


def _array(weights: Tensor) -> np.ndarray:
    return weights.detach().float().cpu().numpy()


_WRITERS: dict[str, Callable[[Sequence[Map], Path, _Drawing], str | None]] = {
    ".png": _save_pictures,
    ".pdf": _save_pictures,
    ".svg": _save_drawings,
    ".html": _save_page,
    ".npz": _save_arrays,
    ".jsonl": _save_lines,
}
