"""Atomic writes: a file is written under a temporary name, flushed to the disk, and renamed.

A reader finds the old file or the new one, never half of one, even after a power failure.
"""

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from heedful.errors import UserError


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Yields a temporary path to write to, and renames it to `path` at the end.

    When the block fails, `path` is unchanged and the temporary file is removed. The file has the permissions of the one
    that it replaces, or else those that the umask leaves to a new file.
    Raises: UserError, when the disk is full or the folder cannot be written to.
    """
    # In the same folder: a rename is atomic within one file system only. The process id keeps two writers apart.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        permissions = _create(temporary, path)
        yield temporary
        # Some libraries make a private file of their own (mode 0600) and rename that to the path they are given.
        temporary.chmod(permissions)
        # The data first and then the name: else a crash could leave the new name with an empty file.
        _flush(temporary)
        temporary.replace(path)
        # The rename itself is in the folder. Not every file system lets a folder be flushed; the rename is done by
        # then.
        with suppress(OSError):
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


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it, where they are missing.

    Raises: UserError, when the folder cannot be made, or a file has its name.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make this folder: {error.strerror or error}"
        hint = "check the permissions of the folder above it, or choose another one"
        raise UserError(message, where=str(folder), hint=hint) from error


def _create(temporary: Path, path: Path) -> int:
    """Creates the temporary file; returns the permissions that the finished file gets."""
    # The system applies the umask to a file that it creates. Asking for the umask would change it for other threads.
    temporary.touch()
    return stat.S_IMODE((path if path.is_file() else temporary).stat().st_mode)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(path: Path) -> None:
    """Removes the temporary files of processes that were killed while they wrote `path`."""
    for entry in path.parent.iterdir():
        owner = entry.name.removeprefix(f".{path.name}.").removesuffix(".tmp")
        if entry.name == f".{path.name}.{owner}.tmp" and owner.isdecimal() and not _is_running(int(owner)):
            entry.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if os.name != "posix":
        return True  # on Windows os.kill would end the process, whatever the signal
    # Signal 0 is not sent: it only checks whether the process exists.
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
        hint="free some space or choose another folder; the previous file is unchanged"
        if full
        else "check the folder and its permissions; the previous file is unchanged",
    )
