"""Maps in files: pictures one a sentence, or all sentences in one .html, .npz or .jsonl. The suffix says which."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import numpy as np
from jaxtyping import Float
from torch import Tensor

from heedful.errors import UserError, did_you_mean, require
from heedful.store import replacing, write_text_atomically
from heedful.watch.picture import save_picture
from heedful.watch.svg import save_svg, shade
from heedful.watch.words import check_words, printable, width


@dataclass(frozen=True)
class Map:
    """Where one sentence looked, with its words: rows looked, columns were looked at.

    `layers` holds the maps of all heads behind it, over the same words, by the name of their module.
    Raises: ShapeError, when there is not one word a row and column.
    """

    weights: Float[Tensor, "T S"]
    rows: Sequence[str]
    columns: Sequence[str]
    title: str = ""
    layers: Mapping[str, Float[Tensor, "_ T S"]] = field(default_factory=dict[str, Tensor])

    def __post_init__(self) -> None:
        check_words(self.weights, self.rows, self.columns)


def check_format(path: Path) -> None:
    """Checks the suffix of a file for maps, and that its extra is there, before the work is done that fills it.

    Raises: UserError, with the suffixes that there are, or the extra to install.
    """
    if path.suffix.lower() not in _WRITERS:
        given = path.suffix or path.name
        raise UserError(f"no format for attention is called {given!r}", hint=did_you_mean(given, _WRITERS))
    if _WRITERS[path.suffix.lower()] is _save_pictures:
        require("matplotlib", extra="plot")


def save_maps(maps: Sequence[Map], path: Path) -> str | None:
    """Writes maps to a file in the format of its suffix; several pictures become ``name-1.png``, ``name-2.png``.

    Returns: a hint for the user where a picture lacks characters, else None.
    Raises: UserError, when the suffix is unknown, its extra is missing, or the file cannot be written.
    """
    check_format(path)
    return _WRITERS[path.suffix.lower()](maps, path)


def _numbered(path: Path, index: int, total: int) -> Path:
    return path if total == 1 else path.with_stem(f"{path.stem}-{index + 1}")


def _save_pictures(maps: Sequence[Map], path: Path) -> str | None:
    hints = [
        save_picture(map_.weights, map_.rows, map_.columns, path=_numbered(path, i, len(maps)), title=map_.title)
        for i, map_ in enumerate(maps)
    ]
    return next((hint for hint in hints if hint), None)


def _save_drawings(maps: Sequence[Map], path: Path) -> None:
    for i, map_ in enumerate(maps):
        save_svg(map_.weights, map_.rows, map_.columns, path=_numbered(path, i, len(maps)), title=map_.title)


def _save_arrays(maps: Sequence[Map], path: Path) -> None:
    """``numpy.load(path)["0/weights"]``, ``"0/rows"``, ``"0/columns"``, ``"0/layers/<name>"``, then 1, 2 ..."""
    arrays: dict[str, np.ndarray] = {}
    for i, map_ in enumerate(maps):
        arrays[f"{i}/weights"] = _array(map_.weights)
        arrays[f"{i}/rows"] = np.array(list(map_.rows), dtype=np.str_)
        arrays[f"{i}/columns"] = np.array(list(map_.columns), dtype=np.str_)
        arrays |= {f"{i}/layers/{name}": _array(layer) for name, layer in map_.layers.items()}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]


def _save_lines(maps: Sequence[Map], path: Path) -> None:
    """One JSON object a sentence: title, rows, columns, weights rounded to five digits."""
    lines = [
        json.dumps(
            {
                "title": map_.title,
                "rows": list(map_.rows),
                "columns": list(map_.columns),
                "weights": _array(map_.weights).astype(float).round(5).tolist(),
            },
            ensure_ascii=False,
        )
        for map_ in maps
    ]
    write_text_atomically(path, "".join(line + "\n" for line in lines))


def _array(weights: Tensor) -> np.ndarray:
    return weights.detach().float().cpu().numpy()


_STEPS = 16  # shades in a page; the exact weight is shown on pointing at it
_STYLE = """
body { font-family: sans-serif; margin: 2em; background: #fff; color: #111; }
table { border-spacing: 2px; margin-bottom: 3em; }
caption { text-align: left; font-weight: bold; padding-bottom: .8em; white-space: nowrap; }
td { min-width: 1.4em; height: 1.4em; }
th { font-weight: normal; white-space: nowrap; }
tbody th { text-align: right; padding-right: .5em; }
thead th { vertical-align: bottom; padding-bottom: .3em; }
thead span { display: inline-block; writing-mode: vertical-rl; }
"""


def _save_page(maps: Sequence[Map], path: Path) -> None:
    """One page with a table a sentence: no script, nothing from elsewhere."""
    shades = "".join(f".w{i} {{ background: {shade(i / _STEPS)}; }}\n" for i in range(_STEPS + 1))
    head = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Where it looks</title>'
    tables = "\n".join(_table(map_) for map_ in maps)
    write_text_atomically(path, f"{head}<style>{_STYLE}{shades}</style></head>\n<body>\n{tables}\n</body></html>\n")


def _table(map_: Map) -> str:
    tops = "".join(f"<th>{_upright(printable(word))}</th>" for word in map_.columns)
    body = "".join(
        f'<tr><th scope="row">{escape(printable(word))}</th>{"".join(map(_cell, row))}</tr>\n'
        for word, row in zip(map_.rows, _array(map_.weights).tolist(), strict=True)
    )
    caption = f"<caption>{escape(printable(map_.title))}</caption>" if map_.title else ""
    return f"<table>{caption}<thead><tr><td></td>{tops}</tr></thead>\n<tbody>{body}</tbody></table>"


def _upright(word: str) -> str:
    """A column's word in little width: letters lie on their side, Chinese characters stand one below the other."""
    if width(word) == 2 * len(word):
        return "<br>".join(map(escape, word))
    return f"<span>{escape(word)}</span>"


def _cell(weight: float) -> str:
    step = round(_STEPS * min(1.0, max(0.0, weight))) if weight == weight else 0  # noqa: PLR0124 - only NaN differs
    return f'<td class="w{step}" title="{weight:.3f}"></td>'


_WRITERS: dict[str, Callable[[Sequence[Map], Path], str | None]] = {
    ".png": _save_pictures,
    ".pdf": _save_pictures,
    ".svg": _save_drawings,
    ".html": _save_page,
    ".npz": _save_arrays,
    ".jsonl": _save_lines,
}
