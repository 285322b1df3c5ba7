"""Where a command writes: results to standard output, everything else to standard error."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from heedful.machine import keep_large_buffers
from heedful.task import task_named
from heedful.watch import Map, draw, highlight, palette_for

if TYPE_CHECKING:
    from heedful.task.base import Predictor, Shown, Task


def results() -> Console:
    """The console for what a command is run for; nothing else goes there, so that it can be piped on."""
    return Console(highlight=False, soft_wrap=True)


def notes() -> Console:
    """The console for progress, hints and questions of form."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def drawn_map(console: Console, seen: Map) -> Text:
    """A map drawn for a console: its width, its colours, plain ASCII where it is no terminal; one row as text."""
    palette = palette_for(console.color_system, console.is_terminal, console.encoding)
    if len(seen.rows) == 1:
        return highlight(seen.weights, seen.rows[0], seen.columns, width=console.width, palette=palette)
    return draw(seen.weights, list(seen.rows), list(seen.columns), width=console.width, palette=palette)


def shown_training() -> "Shown":
    """How training is watched from a command: lines, and a map after each validation, on standard error."""
    from heedful.task.base import Shown

    console = notes()
    return Shown(say=tell, draw=lambda seen: drawn_map(console, seen))


def result_lines(found: Mapping[str, Any]) -> str:
    """Results by name, one a line; what has rows and columns of its own as a table below."""
    tables = {name: value for name, value in found.items() if isinstance(value, Mapping)}
    plain = {name: value for name, value in found.items() if name not in tables}
    widest = max(map(len, plain), default=0)
    lines = [f"{name:<{widest}}  {_shown(value)}" for name, value in plain.items()]
    for name, rows in tables.items():
        lines += ["", *_table(name, cast(Mapping[str, Mapping[str, Any]], rows))]
    return "\n".join(lines)


def _table(name: str, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Rows by name of cells by name, in columns."""
    heads = list(next(iter(rows.values()), {}))
    cells = [[name, *heads], *([row, *map(_shown, values.values())] for row, values in rows.items())]
    widths = [max(cell_len(line[place]) for line in cells) for place in range(len(heads) + 1)]
    padded = [[set_cell_size(cell, size) for cell, size in zip(line, widths, strict=True)] for line in cells]
    return ["  ".join(line).rstrip() for line in padded]


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def load_run(folder: Path, words: Sequence[str] | None = None) -> "tuple[Task, Predictor]":
    """A run folder's task and predictor, on the GPU if there is one; `words` are settings of how it answers."""
    from heedful.task.folder import task_of
    from heedful.task.settings import parse_settings

    keep_large_buffers()
    task = task_named(task_of(folder))
    return task, task.load(folder, "cuda" if torch.cuda.is_available() else "cpu", parse_settings(words or []))


def tell(text: str) -> None:
    """One line on standard error, as it is."""
    print(text, file=sys.stderr)
