"""Maps read back from the files that `save_maps` wrote: .npz, exact, or .jsonl, rounded to five digits."""

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from heedful.axes import Axis, Grid, Words
from heedful.errors import UserError, did_you_mean
from heedful.watch.axis_json import axis_from_json
from heedful.watch.map import Map
from heedful.watch.mark_json import overlay_from_json


def load_maps(path: str | Path) -> list[Map]:
    """The maps of a .npz or .jsonl file, with their axes; of these two only .npz holds layers and pictures.

    Raises: UserError, when the suffix is not one of these, or the file is missing or holds no maps.
    """
    path = Path(path)
    if path.suffix.lower() not in _READERS:
        suffix = path.suffix or path.name
        raise UserError(f"maps are not read from {suffix!r}", hint=did_you_mean(suffix, _READERS))
    try:
        return _READERS[path.suffix.lower()](path)
    except OSError as error:
        raise UserError(f"cannot read this file: {error.strerror or error}", where=str(path)) from error
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        raise UserError(f"this file holds no maps: {message}", where=str(path)) from error


def _from_arrays(path: Path) -> list[Map]:
    # Opened here: numpy leaves the file open when it turns out to be no archive.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    count = sum(name.endswith("/weights") and "/layers/" not in name for name in arrays)
    return [_map(arrays, str(i), where=f"{path}:{i}") for i in range(count)]


def _map(arrays: Mapping[str, np.ndarray], i: str, *, where: str) -> Map:
    rows, columns = (_axis(arrays, f"{i}/{side}", where=where) for side in ("rows", "columns"))
    head = f"{i}/layers/"
    layers = {name.removeprefix(head): torch.from_numpy(arrays[name]) for name in arrays if name.startswith(head)}
    title = str(arrays.get(f"{i}/title", ""))  # files of the first release have none
    heading = str(arrays.get(f"{i}/heading", ""))
    described = json.loads(str(arrays.get(f"{i}/overlay", "{}")))
    overlay = overlay_from_json(described, where=where)
    return Map(torch.from_numpy(arrays[f"{i}/weights"]), rows, columns, title, layers, heading, overlay)


def _axis(arrays: Mapping[str, np.ndarray], name: str, *, where: str) -> Axis:
    if f"{name}/axis" not in arrays:
        tokens = arrays.get(f"{name}/tokens")
        return Words([str(label) for label in arrays[name]], None if tokens is None else tokens.tolist())
    axis = axis_from_json(json.loads(str(arrays[f"{name}/axis"])), where=where)
    pixels = arrays.get(f"{name}/pixels")
    return replace(axis, pixels=pixels) if isinstance(axis, Grid) and pixels is not None else axis


def _from_lines(path: Path) -> list[Map]:
    # Not `splitlines`: a label may hold one of the other line separators of Unicode.
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [_from_line(json.loads(line), where=f"{path}:{number}") for number, line in enumerate(lines, 1)]


def _from_line(line: Mapping[str, Any], *, where: str) -> Map:
    rows, columns = (axis_from_json(line[side], where=where) for side in ("rows", "columns"))
    numbers = [[float("nan") if weight is None else weight for weight in row] for row in line["weights"]]
    # A map without rows is an empty list, which does not tell its number of columns.
    weights = np.array(numbers, dtype=np.float32).reshape(len(rows), len(columns))
    if isinstance(columns, Words):
        columns = replace(columns, tokens=line.get("column_tokens"))
    overlay = overlay_from_json(line, where=where)
    heading = line.get("heading", "")
    return Map(torch.from_numpy(weights), rows, columns, line["title"], heading=heading, overlay=overlay)


_READERS: dict[str, Callable[[Path], list[Map]]] = {".npz": _from_arrays, ".jsonl": _from_lines}
