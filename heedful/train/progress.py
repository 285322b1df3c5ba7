"""Progress on standard error: a bar in a terminal, one changing line in a notebook, a line now and then elsewhere."""

import sys
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from heedful.train.limits import seconds_left
from heedful.train.settings import TrainSettings
from heedful.train.state import RunState

# Seconds between redrawings of the bar, of a notebook's line, and between lines where there is neither.
_REDRAW, _NOTEBOOK, _LINE = 0.25, 1.0, 30.0


def in_notebook() -> bool:
    """Whether this process answers a notebook, which shows a carriage return as the beginning of the same line."""
    # IPython is not imported for this: if it runs the program, it has been.
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


class ProgressBar:
    """The progress of a run. Only rank 0 shows it; `counted` is the unit of its speed, such as "tokens"."""

    def __init__(self, settings: TrainSettings, *, shown: bool, counted: str) -> None:
        self._settings, self._shown, self._counted = settings, shown, counted
        self._console = Console(stderr=True, quiet=not shown)
        self._changing = shown and not self._console.is_terminal and in_notebook()
        self._drawn, self._width = 0.0, 0
        self._loss: float | None = None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[rest]}"),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=1.0, rest="")

    def __enter__(self) -> "ProgressBar":
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._clear_line()
        self._progress.stop()

    @property
    def is_due(self) -> bool:
        """Whether it is time to redraw; the loss, which a GPU must be asked for, is only read then."""
        wait = _REDRAW if self._console.is_terminal else _NOTEBOOK if self._changing else _LINE
        return self._shown and time.monotonic() - self._drawn > wait

    def show(self, state: RunState, *, nll: float, tokens: int) -> None:
        """Redraws the bar, or prints a line; with no tokens since the last line of metrics the last loss is kept."""
        self._drawn = time.monotonic()
        self._loss = nll / tokens if tokens else self._loss
        left = seconds_left(self._settings, state)
        where = f"epoch {state.epoch}{_of(self._settings.epochs)}, step {state.step}{_of(self._settings.steps)}"
        rest = " · ".join(self._numbers(state, left))
        if self._changing:
            self._draw_line(f"{where} · {rest}")
            return
        if not self._console.is_terminal:
            self._console.print(f"{where} · {rest}", markup=False, highlight=False, soft_wrap=True)
            return
        done = state.seconds / (state.seconds + left) if left is not None and state.seconds > 0.0 else 0.0
        self._progress.update(self._task, description=where, completed=done, rest=rest, refresh=True)

    def set_loss(self, loss: float) -> None:
        """The loss to show until there is a newer one."""
        self._loss = loss

    def set_status(self, what: str) -> None:
        """Shows in the bar what is being done while no steps are made."""
        if self._console.is_terminal:
            self._progress.update(self._task, description=what, refresh=True)

    def print(self, what: Any) -> None:
        """Prints something permanent above the bar."""
        self._clear_line()
        self._console.print(what, markup=False, highlight=False, soft_wrap=True)

    def _draw_line(self, text: str) -> None:
        """Writes the changing line over its last version."""
        # Padded, or the end of a longer line would stay.
        sys.stderr.write(f"\r{text.ljust(self._width)}")
        sys.stderr.flush()
        self._width = len(text)

    def _clear_line(self) -> None:
        """Removes the changing line."""
        if self._width:
            self._draw_line("")
            sys.stderr.write("\r")
            self._width = 0

    def _numbers(self, state: RunState, left: float | None) -> list[str]:
        seconds, tokens = state.recent_seconds, state.recent_tokens
        # Right after a line of metrics.jsonl the recent sums are empty: the whole run stands in for them.
        if not seconds:
            seconds, tokens = state.training_seconds, state.tokens
        numbers = [] if self._loss is None else [f"loss {self._loss:.3f}"]
        numbers.append(f"{tokens / max(seconds, 1e-9):,.0f} {self._counted}/s")
        if state.history:
            numbers.append(f"{self._settings.metric} {state.history[-1][1]:.4g} (best {_number(state.best)})")
        if left is not None:
            numbers.append(f"{_clock(left)} left")
        return numbers


def _of(total: int | None) -> str:
    return f"/{total}" if total is not None else ""


def _number(value: float | None) -> str:
    return "none yet" if value is None else f"{value:.4g}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
