"""Ctrl-C and SIGTERM: remembered, so that training stops after the current step with a checkpoint."""

import os
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

_CAUGHT = (signal.SIGINT, signal.SIGTERM)
# Seconds. The terminal sends Ctrl-C to all processes and a launcher forwards it again: that is one press, not two.
_SAME_PRESS = 1.0


class Interrupted(BaseException):
    """Raised by a signal inside work that can be repeated later, such as a validation."""


class Abandoned(BaseException):
    """Raised by a second Ctrl-C: stop at once, without a checkpoint."""


class Signals:
    """While active, the first Ctrl-C or SIGTERM is stored in `received` and does not end the process.

    A second Ctrl-C raises Abandoned. Outside the main thread, where Python allows no handlers, nothing is caught.
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
        """Installs the handlers again, in case a library has replaced them."""
        for number in self._before:
            signal.signal(number, self._handle)

    @contextmanager
    def cutting(self) -> Generator[None]:
        """Inside this block a signal, also one received before, raises Interrupted."""
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
            with suppress(OSError):  # not print(), which is not reentrant: the signal may have interrupted one
                os.write(2, b"\nstopping after this step (Ctrl-C again: at once, without a checkpoint)\n")
        if self._may_cut:
            self._may_cut = False
            raise Interrupted
