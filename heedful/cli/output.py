"""Where a command writes: results to standard output, everything else to standard error."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console
from rich.text import Text

from heedful.machine import keep_large_buffers
from heedful.task import task_named
from heedful.watch import Map, draw, palette_for

if TYPE_CHECKING:
    from heedful.task.base import Predictor, Shown, Task


def results() -> Console:
    """The console for what a command is run for; nothing else goes there, so that it can be piped on."""
    return Console(highlight=False, soft_wrap=True)


def notes() -> Console:
    """The console for progress, hints and questions of form."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def drawn_map(console: Console, seen: Map) -> Text:
    """A map drawn for a console: its width, its colours, plain ASCII where it is no terminal."""
    palette = palette_for(console.color_system, console.is_terminal, console.encoding)
    return draw(seen.weights, list(seen.rows), list(seen.columns), width=console.width, palette=palette)


def shown_training() -> "Shown":
    """How training is watched from a command: lines, and a map after each validation, on standard error."""
    from heedful.task.base import Shown

    console = notes()
    return Shown(say=tell, draw=lambda seen: drawn_map(console, seen))


def result_lines(found: Mapping[str, Any]) -> str:
    """Results by name, one a line."""
    widest = max(map(len, found), default=0)
    return "\n".join(f"{name:<{widest}}  {_shown(value)}" for name, value in found.items())


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
