"""Texts without labels from the user's files: lines, a column of a table, or files of a folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from heedful.data.table import TABLES, Columns, read_column
from heedful.data.text import iterate_lines, kind_of
from heedful.errors import UserError
from heedful.store import read_text


def read_texts(paths: Sequence[Path], *, text: str = "text") -> list[str]:
    """Reads texts, one file or folder after the other; empty ones are left out.

    A table (.tsv, .csv or .jsonl; each also .gz) gives its column `text`, the first where no line names them; so a file
    of labelled texts serves as well. Of any other file every line is a text. In a folder, and the folders in it,
    every file is one; names that begin with a point are passed over.

    Raises: UserError, for what cannot be read as such, and where there is no text at all.
    """
    found = [one for path in paths for one in map(str.strip, _read(Path(path), text)) if one]
    if not found:
        raise UserError("there is no text in it", where=", ".join(map(str, paths)), hint="expected a text a line")
    return found


def unlabelled_columns(text: str = "text", label: str = "label") -> Columns:
    """The columns of a table whose texts alone are read; those that have been named must be there by name."""
    return Columns(
        (text,),
        (label,),
        values=(label,),
        signs=(label.lower(),),
        renamed=f"call the texts' column {text!r} (data.text_column)",
        headed=text != "text",
    )


def _read(path: Path, text: str) -> Iterator[str]:
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            if not entry.name.startswith("."):
                yield from _read(entry, text) if entry.is_dir() else [read_text(entry)]
    elif kind_of(path) in TABLES:
        yield from read_column(path, unlabelled_columns(text))
    else:
        yield from iterate_lines(path)
