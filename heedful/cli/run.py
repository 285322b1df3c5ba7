"""Runs a command and turns whatever goes wrong into one line and an exit status.

0: done. 1: something the user gave cannot be used. 2: the command line itself is wrong. 70: a fault of ours.
130 and 143: stopped by Ctrl-C or SIGTERM.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

from heedful.cli.arguments import spread_pairs, take_flag
from heedful.cli.stopped import Stopped
from heedful.errors import UserError


def main() -> None:
    """The entry point of the ``heedful`` command."""
    share_cores()
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="strict" if stream is sys.stdin else "backslashreplace")
    sys.exit(run(sys.argv[1:]))


def share_cores() -> None:
    """Lets torch's threads sleep soon while they wait for each other; to be called before torch is imported.

    By default GNU's OpenMP spins for long, which costs a training step twice its time where another process wants a
    core; sleeping at once costs a quarter of the speed on idle cores, for a step has thousands of short waits. A short
    spin is near the better of the two in both. What the environment says already stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")


def run(words: Sequence[str]) -> int:
    """Runs one command line.

    Returns: the exit status.
    """
    rest, debug = take_flag(list(words), "--debug")
    try:
        return _invoke(spread_pairs(rest))
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if debug:
            raise
        return _report(error)
    except KeyboardInterrupt:
        if debug:
            raise
        print("stopped", file=sys.stderr)
        return 130


def _invoke(words: list[str]) -> int:
    from typer.main import get_command

    from heedful.cli.commands import app

    result: Any = get_command(app).main(args=words or ["--help"], prog_name="heedful", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _report(error: Exception) -> int:
    """Print an error on one line, and its hint on the next."""
    status, message, hint = _explain(error)
    print(message if status >= 128 else f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return status


def _explain(error: Exception) -> tuple[int, str, str | None]:
    if isinstance(error, UserError):
        place = f" ({error.where})" if error.where else ""
        return 1, _one_line(f"{error.message}{place}"), error.hint and _one_line(error.hint)
    if isinstance(error, Stopped):
        return error.status, str(error), None
    if type(error).__name__ == "Abort":  # what click makes of Ctrl-C
        return 130, "stopped by Ctrl-C", None
    if hasattr(error, "format_message"):  # click's errors, wherever this version of typer keeps them
        status: int = getattr(error, "exit_code", 2)
        return status, _one_line(error.format_message()), _usage(error)  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return 1, "this machine's memory is used up", "use a smaller model or smaller batches: --set train.tokens=1000"
    fault = _one_line(f"{type(error).__name__}: {error}")[:300]
    return 70, fault, "this looks like a fault of heedful; --debug shows where it comes from"


def _usage(error: Exception) -> str | None:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path} --help" if context is not None else "see heedful --help"


def _one_line(text: str) -> str:
    return " ".join(text.split())
