"""Reads lines from a text file, a gzip file or standard input; every error names file and line.

Lines end at LF or CR LF only. Unicode's other line separators are ordinary characters, so that line numbers agree with
those of `wc -l` and of editors.
"""

import difflib
import gzip
import sys
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Any, TextIO, cast

from heedful.data.signature import describe_bytes
from heedful.errors import UserError

_BOM = b"\xef\xbb\xbf"
_HEAD = 4096  # bytes from which the format of a file is recognised that is no text


def read_lines(path: Path | str) -> list[str]:
    """All lines of a text file (plain or .gz), or of standard input for "-".

    Raises: UserError, as `iterate_lines`, and for a file without any line. Standard input may be empty, as it is at
        the end of a pipe without output.
    """
    lines = list(iterate_lines(path))
    if not lines and str(path) != "-":
        raise UserError("the file is empty", where=str(path), hint="expected one sentence per line")
    return lines


def iterate_lines(path: Path | str) -> Iterator[str]:
    """Yields the lines of a text file (plain or .gz) without their line ends; "-" is standard input.

    A byte order mark at the beginning of a line is no part of it: editors on Windows write one, and joined files have
    one in the middle.

    Raises: UserError, when the file is missing, a folder, not readable, a damaged gzip file or not UTF-8, and for a NUL
        byte, which no text holds.
    """
    name = "standard input" if str(path) == "-" else str(path)
    number = 0
    with _opened(path) as stream:
        try:
            head = _peek(stream)
            for number, raw in enumerate(stream, start=1):
                text = _decode(raw, head, where=f"{name}:{number}")
                if number == 1:
                    _check_line_end(raw, name)
                yield text
        # Before OSError, of which BadGzipFile is one.
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            hint = "copy it again, or unpack it and give the plain file"
            if isinstance(error, gzip.BadGzipFile) and "Not a gzipped" in str(error):
                hint = "if it is a plain file, take .gz from its name; else copy it again"
            raise UserError(f"this gzip file is damaged: {error}", where=f"{name}:{number + 1}", hint=hint) from error
        except OSError as error:  # opening a folder succeeds on Linux; reading it fails here, as on a failing disk
            raise UserError(f"cannot read this file: {error.strerror or error}", where=name) from error


def shortened(text: str, limit: int = 40) -> str:
    """At most `limit` characters of a text, for quoting it in a message."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def is_gzip(path: Path) -> bool:
    """Whether the name of a file ends in .gz."""
    return path.suffix.lower() == ".gz"


def format_suffix(path: Path) -> str:
    """The suffix that determines the format: in lower case, and without a final ".gz"."""
    return (path.with_suffix("") if is_gzip(path) else path).suffix.lower()


@contextmanager
def _opened(path: Path | str) -> Generator[BufferedIOBase]:
    if str(path) == "-":
        yield _standard_input()
        return
    path = Path(path)
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise UserError("there is no such file", where=str(path), hint=nearby(path)) from None
    except (OSError, ValueError) as error:  # a ValueError is a name with a NUL
        reason = error.strerror if isinstance(error, OSError) else None
        raise UserError(f"cannot read this file: {reason or error}", where=str(path)) from error
    with stream:
        yield cast(BufferedIOBase, gzip.GzipFile(fileobj=stream)) if is_gzip(path) else stream


def _standard_input() -> BufferedIOBase:
    stream = cast("TextIO | None", sys.stdin)
    # Python has none where the shell has closed it ("<&-"), as services do.
    if stream is None:
        raise UserError("there is no standard input", hint="name a file, or pipe text into the command")
    return cast(BufferedIOBase, stream.buffer)


def _peek(stream: BufferedIOBase) -> bytes:
    """The first bytes of a stream, which stay in it; none where it cannot be looked into."""
    peek: Any = getattr(stream, "peek", None)
    return peek(_HEAD)[:_HEAD] if peek is not None else b""


def _check_line_end(first: bytes, name: str) -> None:
    """Refuses a file whose lines end in CR alone, which would be read as a single line.

    Raises: UserError, when the first line is the whole file and has a CR inside.
    """
    if not first.endswith(b"\n") and b"\r" in first.rstrip(b"\r"):
        raise UserError(
            "the lines of this file end in CR alone, as on old Macs",
            where=name,
            hint="let them end in LF, for instance: tr '\\r' '\\n' < FILE > NEW",
        )


def _decode(raw: bytes, head: bytes, *, where: str) -> str:
    raw = raw.removesuffix(b"\n").removesuffix(b"\r").removeprefix(_BOM)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        latin = "save the file as UTF-8, for instance: iconv -f latin1 -t utf-8"
        fault = f"byte {error.start + 1} of this line, 0x{raw[error.start]:02x} after {_before(raw, error.start)!r}"
        raise UserError(f"{fault}, is not UTF-8", where=where, hint=describe_bytes(head or raw) or latin) from None
    if "\0" in text:
        start = raw.index(b"\0")
        fault = f"byte {start + 1} of this line, after {_before(raw, start)!r}, is NUL"
        hint = describe_bytes(head or raw) or "delete it, for instance: tr -d '\\000' < FILE > NEW"
        raise UserError(f"{fault}, which no text holds", where=where, hint=hint)
    return text


def _before(raw: bytes, start: int) -> str:
    """The end of the text before a byte, for quoting it."""
    return raw[max(start - 20, 0) : start].decode("utf-8", "ignore")


def nearby(path: Path) -> str | None:
    """A hint: a file of the same folder with a similar name."""
    try:
        if not path.parent.is_dir():
            return f"there is no folder {str(path.parent)!r} either"
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:  # a folder that must not be read; the hint is not worth an error of its own
        return None
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    return f"did you mean {str(path.with_name(close[0]))!r}?" if close else None
