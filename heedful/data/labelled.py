"""Reads labelled texts: tables, or folders whose entries are named after the labels."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from heedful.data.columns import check_first_row
from heedful.data.pairs import single_line
from heedful.data.table import TABLES, Columns, is_first_row, read_rows
from heedful.data.text import format_suffix, is_gzip, iterate_lines
from heedful.errors import UserError
from heedful.store import is_folder, list_folder

_EXPECTED = (
    "a .tsv, .csv or .jsonl with text and label; or a folder with one folder per label, each file a text; "
    "or a folder with one file per label, each line a text"
)
_RENAME_HINT = "name your columns: --set data.text_column=NAME --set data.label_column=NAME"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, its label, and where it came from: "file:line", or the file if the text is a whole file."""

    text: str
    label: str
    where: str


def labelled_columns(
    text: str = "text", label: str = "label", order: tuple[str, ...] = (), *, labels: Sequence[str] | None = None
) -> Columns:
    """The columns of a table of labelled texts. Other names than "text" and "label" must be in the header.

    `labels` are those of the model that reads the table; None in training.
    """
    return Columns(
        (text, label),
        scalars=(label,),
        header_words=(text.lower(), label.lower()),
        rename_hint=_RENAME_HINT,
        needs_header=(text, label) != ("text", "label"),
        order=order,
        trained_labels=None if labels is None else frozenset(labels),
    )


def read_labelled(
    paths: Sequence[Path],
    *,
    text: str = "text",
    label: str = "label",
    order: tuple[str, ...] = (),
    labels: Sequence[str] | None = None,
) -> list[Labelled]:
    """Reads labelled texts from files and folders, in the order given.

    A table (.csv, .jsonl; any other suffix is tab-separated; each may be .gz) has the columns `text` and `label`. A
    table without a header has them in that order, or in that of `order`; with other column names, a header is required.
    In JSON a label may be a number. `order` is the header of the training table, and `labels` are those of the model
    that reads this one (None in training); with them, a header that has other names is told from a row.
    In a folder, each sub-folder is named after a label and each file in it is a text; or each file is named after a
    label (without .gz and .txt) and each line in it is a text. Names that begin with "." are ignored. Surrounding white
    space is removed; empty texts are kept.

    Raises: UserError with file:line and what was expected, for malformed content, a header with other names, an
        empty label, a table inside a folder, and a folder that holds both files and folders.
    """
    columns = labelled_columns(text, label, order, labels=labels)
    texts = [labelled for path in paths for labelled in _read(Path(path), columns)]
    if not texts:
        raise UserError("it holds no text", where=", ".join(map(str, paths)), hint=f"expected {_EXPECTED}")
    firsts = {f"{path}:1" for path in paths if is_first_row(f"{path}:1")}
    read = [labelled.label for labelled in texts]
    for labelled in texts:
        if labelled.where in firsts:
            check_first_row((labelled.text, labelled.label), read, columns, where=labelled.where)
    for labelled in texts:
        if not labelled.label:
            hint = "give every text a label, or delete its line"
            raise UserError("the label is empty", where=labelled.where, hint=hint)
    return texts


def _read(path: Path, columns: Columns) -> Iterator[Labelled]:
    if is_folder(path):
        yield from _folder(path)
        return
    for row in read_rows(path, columns):
        text, label = row.cells
        # A label is printed in a line of its own. Interned: a million texts of a few labels then hold each label once.
        yield Labelled(text.strip(), sys.intern(single_line(label)), f"{path}:{row.line}")


def _folder(folder: Path) -> Iterator[Labelled]:
    entries = list_folder(folder)
    loose = [entry for entry in entries if not is_folder(entry)]
    # Beside folders of labels a file is most likely a README, whose lines must not become texts of a label "README.md".
    if loose and len(loose) < len(entries):
        raise UserError(
            f"there is a file beside the folders of labels: {loose[0].name!r}",
            where=str(folder),
            hint=f"move it away: expected {_EXPECTED}",
        )
    for entry in entries:
        if is_folder(entry):
            yield from (Labelled(_whole_text(file), entry.name, str(file)) for file in _files(entry))
        else:
            label = _label_of(entry)
            lines = enumerate(iterate_lines(entry), start=1)
            yield from (Labelled(line.strip(), label, f"{entry}:{number}") for number, line in lines if line.strip())
    if not entries:
        raise UserError("this folder is empty", where=str(folder), hint=f"expected {_EXPECTED}")


def _label_of(file: Path) -> str:
    """The label in a file's name. Only .txt and .gz are removed: rt-polarity.pos and .neg differ by suffix.

    Raises: UserError, for a table, which has labels inside.
    """
    if format_suffix(file) in TABLES:
        raise UserError(
            "there is a table in a folder of labelled texts",
            where=str(file),
            hint="pass the table itself instead of its folder",
        )
    plain = file.with_suffix("") if is_gzip(file) else file
    return plain.stem if plain.suffix.lower() == ".txt" else plain.name


def _whole_text(file: Path) -> str:
    return "\n".join(iterate_lines(file)).strip()


def _files(folder: Path) -> list[Path]:
    files = list_folder(folder)
    deeper = [entry for entry in files if is_folder(entry)]
    if deeper:
        raise UserError(
            f"there is a folder in the folder of the label {folder.name!r}",
            where=str(deeper[0]),
            hint="expected one text per file: folder/label/file.txt",
        )
    return files
