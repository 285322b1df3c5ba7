"""Reads texts without labels: lines, a column of a table, or the files of a folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from heedful.data.table import TABLES, Columns, read_column
from heedful.data.text import format_suffix, iterate_lines
from heedful.errors import UserError
from heedful.store import is_folder, list_folder


def read_texts(paths: Sequence[Path], *, text: str = "text") -> list[str]:
    """Reads texts from files and folders, in the order given, without empty ones.

    Of a table (.tsv, .csv or .jsonl; each may be .gz) the column `text` is read, or the first where there is no header;
    so a file of labelled texts works too. Each line of any other file is a text. Each file in a folder, at any depth,
    is one text; names that begin with "." are ignored.

    Raises: UserError, for malformed content, and when there is no text.
    """
    texts = [stripped for path in paths for stripped in map(str.strip, _read(Path(path), text)) if stripped]
    if not texts:
        raise UserError("it holds no text", where=", ".join(map(str, paths)), hint="expected one text per line")
    return texts


def unlabelled_columns(
    text: str = "text", label: str = "label", order: tuple[str, ...] = (), *, labels: Sequence[str] | None = None
) -> Columns:
    """The columns of a table of which only the texts are read. A name other than "text" must be in the header.

    `labels` are those of the model that reads the table, if it has any; None in training.
    """
    return Columns(
        (text,),
        (label,),
        scalars=(label,),
        header_words=(label.lower(),),
        rename_hint="name the column of the texts: --set data.text_column=NAME",
        needs_header=text != "text",
        order=order,
        trained_labels=None if labels is None else frozenset(labels),
    )


def _read(path: Path, text: str) -> Iterator[str]:
    if is_folder(path):
        for entry in list_folder(path):
            yield from _read(entry, text) if is_folder(entry) else ["\n".join(iterate_lines(entry))]
    elif format_suffix(path) in TABLES:
        yield from read_column(path, unlabelled_columns(text))
    else:
        yield from iterate_lines(path)
