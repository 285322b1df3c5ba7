"""Output of commands: results go to standard output, everything else to standard error."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import torch
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from heedful.axes import as_axis
from heedful.machine import keep_large_buffers
from heedful.watch import Map, Scale, draw, highlight, is_text, palette_for, passages
from heedful.watch.scale import largest_of
from heedful.watch.words import right

if TYPE_CHECKING:
    from heedful.task.base import Predictor, Shown, Task


def results() -> Console:
    """The console for results. Nothing else is written to it, so that results can be piped."""
    return Console(highlight=False, soft_wrap=True)


def notes() -> Console:
    """The console for progress, notes and hints."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def drawn_map(console: Console, attention: Map) -> Text:
    """A map drawn for a console's width and colours, in ASCII if it is not a terminal; one row is drawn as text."""
    return _drawn(console, [attention])


def drawn_maps(console: Console, maps: Iterable[Map], *, scale: Scale = "auto") -> Iterator[tuple[Map, Text]]:
    """The drawings of maps, each with the map whose title it has.

    The sentences of one text, which are maps of one row, are drawn together.
    """
    maps = list(maps)
    if scale == "global":
        scale = largest_of([(map_.weights, as_axis(map_.columns)) for map_ in maps])
    for passage in passages(maps):
        yield passage[0], _drawn(console, passage, scale)


def _drawn(console: Console, passage: Sequence[Map], scale: Scale = "auto") -> Text:
    palette = palette_for(console.color_system, console.is_terminal, console.encoding)
    first = passage[0]
    if is_text(first):
        return highlight(passage, width=console.width, palette=palette, scale=scale)
    return draw(
        first.weights,
        first.rows,
        first.columns,
        width=console.width,
        palette=palette,
        scale=scale,
        overlay=first.overlay,
    )


def shown_training() -> "Shown":
    """How commands report training: lines, and a map after each validation, on standard error."""
    from heedful.task.base import Shown
    from heedful.task.option import flag

    console = notes()
    return Shown(say=tell, draw=lambda attention: drawn_map(console, attention), spell=flag)


_TITLES = {
    "confusion": "confusion (rows: gold labels, columns: predicted labels)",
    "confusions": "confusions (the most frequent)",
    "levels": "levels of the tree of labels",
}
_WIDEST = 160  # the widest table that is printed, in terminal columns


def result_lines(results: Mapping[str, Any]) -> str:
    """Results by name, one per line. Nested ones and lists of rows follow as tables, unless they are too wide."""
    tables = {name: _as_rows(value) for name, value in results.items() if isinstance(value, Mapping) or _is_rows(value)}
    plain = {name: value for name, value in results.items() if name not in tables}
    widest = max(map(len, plain), default=0)
    lines = [f"{name:<{widest}}  {_shown(value)}" for name, value in plain.items()]
    for name, rows in tables.items():
        table = _table(rows)
        if max(map(cell_len, table)) > _WIDEST:
            table = [f"too wide to print, {len(rows)} rows; use --json"]
        lines += ["", _TITLES.get(name, name), *(f"  {line}" for line in table)]
    return "\n".join(lines)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in cast(list[Any], value))


def _as_rows(value: Any) -> Mapping[str, Mapping[str, Any]]:
    """A table by the names of its rows; the rows of a list are numbered."""
    return {str(number): row for number, row in enumerate(value, start=1)} if isinstance(value, list) else value


def _table(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A table of rows and columns by name, with cells aligned to the right."""
    heads = list(next(iter(rows.values()), {}))
    cells = [["", *heads], *([row, *map(_shown, values.values())] for row, values in rows.items())]
    widths = [max(cell_len(line[column]) for line in cells) for column in range(len(heads) + 1)]
    padded = ([set_cell_size(line[0], widths[0]), *map(right, line[1:], widths[1:])] for line in cells)
    return ["  ".join(line).rstrip() for line in padded]


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def filled(front: str, items: Iterable[str], width: int) -> str:
    """`front` and then the items, separated by commas and wrapped between items; further lines are indented."""
    indent = " " * cell_len(front)
    lines, line = [], front
    for item in items:
        begun = line not in (front, indent)
        if begun and cell_len(line) + cell_len(item) + 3 > width:
            lines.append(f"{line},")
            line, begun = indent, False
        line += f", {item}" if begun else item
    return "\n".join((*lines, line)).rstrip()


def load_run(folder: Path, words: Sequence[str] | None = None) -> "tuple[Task[Any, Any], Predictor[Any]]":
    """The task and the predictor of a run folder, on the GPU if there is one; `words` are settings from ``--set``."""
    from heedful.task import engine
    from heedful.task.folder import task_of_run
    from heedful.task.settings import parse_settings

    keep_large_buffers()
    task, device = task_of_run(folder), "cuda" if torch.cuda.is_available() else "cpu"
    return task, engine.load(task, folder, device, changes=parse_settings(words or []))


def tell(text: str) -> None:
    """Prints a line on standard error, without markup or wrapping."""
    print(text, file=sys.stderr)


def is_typed() -> bool:
    """Whether a person types standard input, which may also be a pipe, a file, or closed."""
    stream = cast("TextIO | None", sys.stdin)
    return stream is not None and stream.isatty()
