"""Runs a command and turns errors into one line and an exit status.

| status | meaning |
|---|---|
| 0 | success |
| 1 | something the user provided cannot be used |
| 2 | the command line is invalid |
| 70 | a bug in heedful |
| 130, 143 | stopped by Ctrl-C or SIGTERM |
| 141 | the reader of standard output has closed it |
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

from heedful.cli.arguments import repeat_pair_options, take_flag
from heedful.cli.program import as_typed
from heedful.cli.stopped import Stopped
from heedful.errors import UserError


def main() -> None:
    """The entry point of the ``heedful`` command."""
    share_cores()
    # Texts are UTF-8 whatever the locale says. Characters that the terminal lacks are escaped instead of failing.
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="strict" if stream is sys.stdin else "backslashreplace")
    sys.exit(run(sys.argv[1:]))


def share_cores() -> None:
    """Makes torch's threads sleep after a short wait for each other. Must be called before torch is imported.

    By default, GNU OpenMP spins for a long time, which doubles the time of a training step when another process needs
    a core. Sleeping at once costs a quarter of the speed on idle cores, since a step has thousands of short waits. A
    short spin is close to the better of the two in both cases. Variables that are already set are kept.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")


def run(words: Sequence[str]) -> int:
    """Runs one command line.

    Returns: the exit status.
    """
    rest, debug = take_flag(list(words), "--debug")
    try:
        return _invoke(repeat_pair_options(rest))
    # The reader, such as `head`, has ended. Python would fail again when it flushes standard output at exit.
    except BrokenPipeError:
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

    # The name of the program, whatever it was called by: the shell completes by this name.
    result: Any = get_command(app).main(args=words or ["--help"], prog_name="heedful", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _report(error: Exception) -> int:
    """Prints an error on one line, and its hint on the next; returns the exit status."""
    status, message, hint = _explain(error)
    print(message if status >= 128 else f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return status


def _explain(error: Exception) -> tuple[int, str, str | None]:
    if isinstance(error, UserError):
        location = f" ({error.where})" if error.where else ""
        return 1, _one_line(f"{error.message}{location}"), error.hint and _one_line(error.hint)
    if isinstance(error, Stopped):
        return error.status, str(error), None
    # Click turns Ctrl-C into this. By name, since importing click here would be slow.
    if type(error).__name__ == "Abort":
        return 130, "stopped by Ctrl-C", None
    # Errors of click, which some versions of typer bundle under another name.
    if hasattr(error, "format_message"):
        status: int = getattr(error, "exit_code", 2)
        return status, _one_line(error.format_message()), _usage(error)  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return 1, "this machine is out of memory", "use a smaller model or smaller batches: --set train.tokens=1000"
    message = _one_line(f"{type(error).__name__}: {error}")[:300]
    return 70, message, "this looks like a bug in heedful; --debug shows the traceback"


def _usage(error: Exception) -> str | None:
    context = getattr(error, "ctx", None)
    return as_typed(f"see {context.command_path} --help" if context is not None else "see heedful --help")


def _one_line(text: str) -> str:
    return " ".join(text.split())
