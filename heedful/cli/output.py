"""Where a command writes: results to standard output, everything else to standard error."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from heedful.machine import keep_large_buffers
from heedful.watch import Map, draw, highlight, is_text, palette_for, passages
from heedful.watch.words import right

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
    return _drawn(console, [seen])


def drawn_maps(console: Console, maps: Iterable[Map]) -> Iterator[tuple[str, Text]]:
    """The titles and drawings of maps; maps of one row after a titled one, a text's sentences, are drawn with it."""
    for own in passages(maps):
        yield own[0].title, _drawn(console, own)


def _drawn(console: Console, own: Sequence[Map]) -> Text:
    palette = palette_for(console.color_system, console.is_terminal, console.encoding)
    seen = own[0]
    if is_text(seen):
        return highlight(own, width=console.width, palette=palette)
    return draw(seen.weights, seen.rows, seen.columns, width=console.width, palette=palette)


def shown_training() -> "Shown":
    """How training is watched from a command: lines, and a map after each validation, on standard error."""
    from heedful.task.base import Shown

    console = notes()
    return Shown(say=tell, draw=lambda seen: drawn_map(console, seen))


_TITLES = {"confusion": "confusion (its own label down, the label given across)"}
_WIDEST = 160  # no table is printed wider, in columns of the terminal


def result_lines(found: Mapping[str, Any]) -> str:
    """Results by name, one a line; what has rows and columns of its own as a table below, unless it is too wide."""
    tables = {name: value for name, value in found.items() if isinstance(value, Mapping)}
    plain = {name: value for name, value in found.items() if name not in tables}
    widest = max(map(len, plain), default=0)
    lines = [f"{name:<{widest}}  {_shown(value)}" for name, value in plain.items()]
    for name, rows in tables.items():
        table = _table(cast(Mapping[str, Mapping[str, Any]], rows))
        if max(map(cell_len, table)) > _WIDEST:
            table = [f"too wide to print, {len(rows)} rows; --json has it"]
        lines += ["", _TITLES.get(name, name), *(f"  {line}" for line in table)]
    return "\n".join(lines)


def _table(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Rows by name of cells by name, in columns; numbers end where the others do."""
    heads = list(next(iter(rows.values()), {}))
    cells = [["", *heads], *([row, *map(_shown, values.values())] for row, values in rows.items())]
    widths = [max(cell_len(line[place]) for line in cells) for place in range(len(heads) + 1)]
    padded = ([set_cell_size(line[0], widths[0]), *map(right, line[1:], widths[1:])] for line in cells)
    return ["  ".join(line).rstrip() for line in padded]


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def filled(front: str, items: Iterable[str], width: int) -> str:
    """Items behind `front`, with commas between, in lines of a width; none is broken, and each line is indented."""
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
    """A run folder's task and predictor, on the GPU if there is one; `words` are settings of how it answers."""
    from heedful.task import engine
    from heedful.task.folder import task_of_run
    from heedful.task.settings import parse_settings

    keep_large_buffers()
    task, device = task_of_run(folder), "cuda" if torch.cuda.is_available() else "cpu"
    return task, engine.load(task, folder, device, changes=parse_settings(words or []))


def tell(text: str) -> None:
    """One line on standard error, as it is."""
    print(text, file=sys.stderr)
