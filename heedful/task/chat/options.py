"""Options of chat."""

from pathlib import Path

from heedful.task.option import BEAM, Option

CANDIDATES = Option(
    "candidates",
    "candidate replies, one per line, to rank the true one among; adds response_accuracy.",
    ("eval",),
    Path,
    metavar="FILE",
)

OPTIONS: tuple[Option, ...] = (BEAM, CANDIDATES)
