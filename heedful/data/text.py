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
from pathlib import Path
from typing import BinaryIO, cast

from heedful.errors import UserError

_BOM = b"\xef\xbb\xbf"
_SIGNATURES = {
    b"\x1f\x8b": "it looks like gzip: give it a name that ends in .gz",
    b"\xff\xfe": "it looks like UTF-16: save it as UTF-8",
    b"\xfe\xff": "it looks like UTF-16: save it as UTF-8",
    b"PK\x03\x04": "it looks like a zip or office file: export it as plain text",
}


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

    Raises: UserError, when the file is missing, a folder, not readable, a damaged gzip file or not UTF-8.
    """
    name = "standard input" if str(path) == "-" else str(path)
    number = 0
    with _opened(path) as stream:
        try:
            for number, raw in enumerate(stream, start=1):
                yield _decode(raw, name, number)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            hint = "copy it again, or unpack it and give the plain file"
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
def _opened(path: Path | str) -> Generator[BinaryIO]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    path = Path(path)
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise UserError("there is no such file", where=str(path), hint=nearby(path)) from None
    except OSError as error:
        raise UserError(f"cannot read this file: {error.strerror or error}", where=str(path)) from error
    with stream:
        yield cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if is_gzip(path) else stream


def _decode(raw: bytes, name: str, number: int) -> str:
    raw = raw.removesuffix(b"\n").removesuffix(b"\r")
    if number == 1:  # editors on Windows write a byte order mark, which is no part of the first word
        raw = raw.removeprefix(_BOM)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = raw[max(error.start - 20, 0) : error.start].decode("utf-8", "ignore")
        hints = [hint for signature, hint in _SIGNATURES.items() if number == 1 and raw.startswith(signature)]
        raise UserError(
            f"byte {error.start + 1} of this line, 0x{raw[error.start]:02x} after {shown!r}, is not UTF-8",
            where=f"{name}:{number}",
            hint=hints[0] if hints else "save the file as UTF-8, for instance: iconv -f latin1 -t utf-8",
        ) from None


def nearby(path: Path) -> str | None:
    """A hint: a file of the same folder with a similar name."""
    if not path.parent.is_dir():
        return f"there is no folder {str(path.parent)!r} either"
    close = difflib.get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()], n=1, cutoff=0.6)
    return f"did you mean {str(path.with_name(close[0]))!r}?" if close else None
