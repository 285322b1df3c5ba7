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

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOBase, TextIOWrapper
from pathlib import Path
from typing import Any, TextIO, cast

from heedful.cli.arguments import repeat_pair_options, take_flag
from heedful.cli.program import as_typed
from heedful.cli.stopped import Stopped
from heedful.errors import UserError

_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF)


def main() -> None:
    """The entry point of the ``heedful`` command."""
    share_cores()
    replace_closed_streams()
    # Texts are UTF-8 whatever the locale says. Characters that the terminal lacks are escaped instead of failing.
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="strict" if stream is sys.stdin else "backslashreplace")
    sys.exit(run(sys.argv[1:]))


def replace_closed_streams() -> None:
    """Replaces standard streams that the shell has closed, as in ``heedful predict RUN FILE >&-``.

    Python has None for them. Their numbers must not go to the next files that are opened: a library that writes to
    standard output would write into a run folder. What is written to standard error disappears, and writing to standard
    output is an error of its own.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest free number, which is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if cast("TextIO | None", sys.stderr) is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end, as the others
    if cast("TextIO | None", sys.stdout) is None:
        sys.stdout = ClosedOutput()


class ClosedOutput(TextIOBase):
    """Standard output where there is none."""

    def write(self, text: str, /) -> int:
        """Refuses to write. Raises: UserError."""
        raise UserError("there is no standard output", hint="let it lead somewhere, such as > answers.txt")


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
        status = _invoke(repeat_pair_options(rest))
        # Here and not at the exit of Python, where a full disk or an absent reader could no longer be reported.
        sys.stdout.flush()
        return status
    # The reader, such as `head`, has ended.
    except BrokenPipeError:
        _discard_unwritten()
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

    try:
        # The name of the program, whatever it was called by: the shell completes by this name.
        result: Any = get_command(app).main(args=words or ["--help"], prog_name="heedful", standalone_mode=False)
    except SystemExit as end:
        # Typer makes status 1 of a broken pipe, as of a mistake of the user.
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        raise
    return result if isinstance(result, int) else 0


def _report(error: Exception) -> int:
    """Prints an error on one line, and its hint on the next; returns the exit status."""
    failed = _discard_unwritten()
    status, message, hint = _explain(error, where=failed)
    # Nobody can be told where standard error cannot be written to.
    with suppress(OSError):
        print(message if status >= 128 else f"error: {message}", file=sys.stderr)
        if hint:
            print(f"hint: {hint}", file=sys.stderr)
    return status


def _discard_unwritten() -> str | None:
    """Sends what a stream could not write to nowhere; returns the name of the first such stream.

    Python would fail again when it flushes the stream at exit.
    """
    failed: list[str] = []
    for name, stream in (("standard output", sys.stdout), ("standard error", sys.stderr)):
        # Typer wraps them after a broken pipe, so that `flush` keeps quiet.
        plain: Any = getattr(stream, "wrapped", stream)
        try:
            plain.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), plain.fileno())
            failed.append(name)
    return failed[0] if failed else None


def _explain(error: Exception, *, where: str | None = None) -> tuple[int, str, str | None]:
    """The exit status, the message and the hint; `where` is the stream that could not be written to, if any."""
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
        message = _one_line(error.format_message())  # pyright: ignore[reportAttributeAccessIssue]
        # Typer checks the permission to read; the command line is right all the same.
        status: int = 1 if message.endswith("is not readable.") else getattr(error, "exit_code", 2)
        return status, message, "check the permissions" if status == 1 else _usage(error)
    return _explain_machine(error, where)


def _explain_machine(error: Exception, where: str | None) -> tuple[int, str, str | None]:
    """As `_explain`, for what the machine or the system refuses, and for everything that is not foreseen."""
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        hint = "use a smaller model or smaller batches: --set train.tokens=1000 in training; "
        return 1, "this machine is out of memory", f"{hint}--set decode.tokens=1000 or answer.tokens=1000 afterwards"
    if isinstance(error, OSError):
        return 1, *_explain_system(error, where)
    message = _one_line(f"{type(error).__name__}: {error}")[:300]
    return 70, message, "this looks like a bug in heedful; --debug shows the traceback"


def _explain_system(error: OSError, where: str | None) -> tuple[str, str | None]:
    """The message and the hint for something that the operating system refuses: what, and where."""
    place, what = where, "cannot read or write"
    if isinstance(error.filename, str | bytes | os.PathLike):
        place = os.fsdecode(error.filename)
    elif where or error.errno in _OF_WRITING:
        # Errors about files have their names; a stream may also have dropped what it could not write.
        place, what = where or "standard output", "cannot write"
    location = f" ({place})" if place else ""
    reason = error.strerror or _one_line(str(error)) or type(error).__name__
    hints = {errno.ENOSPC: "free some space", errno.EDQUOT: "free some space", errno.EACCES: "check the permissions"}
    return f"{what}: {reason}{location}", hints.get(error.errno or 0, "--debug shows where it happened")


def _usage(error: Exception) -> str | None:
    context = getattr(error, "ctx", None)
    return as_typed(f"see {context.command_path} --help" if context is not None else "see heedful --help")


def _one_line(text: str) -> str:
    return " ".join(text.split())
