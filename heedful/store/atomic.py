"""Atomic writes: a file is written beside its place, flushed to the disk, and renamed.

A reader meets the old file or the new one, never half of one, whatever moment the power goes.
"""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from heedful.errors import UserError


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Gives a path to write to, and puts that file in the place of `path` at the end.

    When the block fails, `path` still holds what it held before and nothing else is left behind.
    Raises: UserError, when the disk is full or the place cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        with suppress(OSError):  # not every file system lets a folder be flushed; the rename is already done
            _flush(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text_atomically(path: Path, text: str) -> None:
    """Writes a whole text file in UTF-8, or leaves the old one as it was.

    Raises: UserError, as `replacing` does.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(path: Path) -> None:
    """Removes what a killed process left of an earlier try at `path`."""
    for entry in path.parent.iterdir():
        owner = entry.name.removeprefix(f".{path.name}.").removesuffix(".tmp")
        if entry.name == f".{path.name}.{owner}.tmp" and owner.isdecimal() and not _is_running(int(owner)):
            entry.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if os.name != "posix":
        return True  # where signal 0 would not be a question
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _cannot_write(path: Path, error: OSError) -> UserError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return UserError(
        f"cannot write this file: {error.strerror or error}",
        where=str(path),
        hint="free some space or choose another folder; what was there before is untouched"
        if full
        else "check the folder and its permissions; what was there before is untouched",
    )
