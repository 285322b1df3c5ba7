"""metrics.jsonl: one JSON object for each logged step, the same lines whether or not a run was interrupted."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heedful.errors import UserError
from heedful.store import strict_json, write_text_atomically
from heedful.train.loggers import RunLogger

LAST_WORDS_OF_ERRORS = frozenset({"loss", "perplexity", "aer", "wer", "cer", "ter", "error"})
"""Metrics whose names end in one of these words are better when lower; all others when higher."""


def merit(metric: str, value: float) -> float:
    """The value with its sign changed where lower is better, so that higher always is; NaN is worst."""
    if math.isnan(value):
        return -math.inf
    return -value if metric.rpartition("_")[2] in LAST_WORDS_OF_ERRORS else value


def is_better(metric: str, new: float, old: float | None) -> bool:
    """Whether `new` beats `old` in this metric; any number beats None."""
    return merit(metric, new) > (-math.inf if old is None else merit(metric, old))


class MetricsFile:
    """The metrics of a run; on resuming, lines after the checkpoint are dropped and will be written again."""

    def __init__(self, path: Path, logger: RunLogger | None = None) -> None:
        self.path, self.logger = path, logger

    def begin(self, step: int) -> None:
        """Rewrites the file with the lines up to this step only, and opens the logger."""
        kept = [line for line in self._lines() if 0 <= _step_of(line) <= step]
        write_text_atomically(self.path, "".join(f"{line}\n" for line in kept))
        if self.logger is not None:
            self.logger.begin([json.loads(line) for line in kept])

    def write(self, line: Mapping[str, Any]) -> None:
        """Appends a line, and passes it to the logger.

        Raises: UserError, when the disk is full or the file cannot be written to.
        """
        try:
            with self.path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(strict_json(line) + "\n")
        except OSError as error:
            raise self._refused(error) from error
        if self.logger is not None:
            self.logger.write(line)

    def sync(self) -> None:
        """Flushes the lines to disk; a checkpoint must never be newer than its metrics.

        Raises: UserError, when the disk is full.
        """
        try:
            descriptor = os.open(self.path, os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._refused(error) from error

    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8", errors="replace").splitlines() if self.path.is_file() else []

    def _refused(self, error: OSError) -> UserError:
        return UserError(
            f"cannot write this file: {error.strerror or error}",
            where=str(self.path),
            hint="free some space, then resume from the last checkpoint",
        )


def _step_of(line: str) -> int:
    """The step of a line; -1 for a line that a killed process left incomplete."""
    try:
        step = json.loads(line)["step"]
        return step if isinstance(step, int) else -1
    except (ValueError, KeyError, TypeError):
        return -1
