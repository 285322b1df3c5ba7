"""Ctrl-C and SIGTERM: noted, so that training stops after a whole step with a checkpoint."""

import os
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

_CAUGHT = (signal.SIGINT, signal.SIGTERM)
_SAME_PRESS = 1.0  # seconds: a launcher passes on a signal that the terminal has already sent to all


class Interrupted(BaseException):
    """Cuts off what may be repeated later, such as a validation."""


class Abandoned(BaseException):
    """Ctrl-C pressed again: stop at once, without a checkpoint."""


class Signals:
    """While this lasts, the first Ctrl-C or SIGTERM is kept in `received` and does not end the process.

    A second Ctrl-C raises Abandoned. Outside the main thread, where Python allows no handlers, it does nothing.
    """

    def __init__(self, *, shown: bool) -> None:
        self.received: int | None = None
        self._shown = shown
        self._when = 0.0
        self._may_cut = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.getsignal(number) for number in _CAUGHT}
            self.take_over()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def take_over(self) -> None:
        """Puts the handlers in place again, in case something else has put its own there."""
        for number in self._before:
            signal.signal(number, self._handle)

    @contextmanager
    def cutting(self) -> Generator[None]:
        """A signal that comes, or has come, inside this block raises Interrupted there."""
        try:
            self._may_cut = True
            if self.received is not None:
                raise Interrupted
            yield
        finally:
            self._may_cut = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again = self.received is not None
        if again and number == signal.SIGINT and time.monotonic() - self._when > _SAME_PRESS:
            raise Abandoned
        if again:
            return
        self.received, self._when = number, time.monotonic()
        if self._shown:
            with suppress(OSError):  # print() could meet itself inside a handler
                os.write(2, b"\nstopping after this step (Ctrl-C again: at once, without a checkpoint)\n")
        if self._may_cut:
            self._may_cut = False
            raise Interrupted
