"""Texts with labels from the user's files: tables, or folders whose names are the labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from heedful.data.table import TABLES, Columns, read_rows
from heedful.data.text import is_gzip, iterate_lines, kind_of
from heedful.errors import UserError

_EXPECTED = (
    "a .tsv, .csv or .jsonl with text and label; or a folder with a folder a label, one text a file; "
    "or a folder with a file a label, one text a line"
)
_RENAMED = "say what they are called: --set data.text_column=NAME --set data.label_column=NAME"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, its label, and the place it came from: "file:line", or the file that is all of it."""

    text: str
    label: str
    where: str


def read_labelled(paths: Sequence[Path], *, text: str = "text", label: str = "label") -> list[Labelled]:
    """Reads labelled texts, one file or folder after the other.

    A table (.csv, .jsonl, anything else tab-separated; each also .gz) has the columns `text` and `label`, in that
    order where no first line names them, as it must where other names are given; a label may be a number in JSON. In a
    folder the name of a folder is the label of the files in it, each a text; the name of a file, without .gz and .txt,
    is the label of its lines. Names that begin with a point are passed over. Blank at both ends is taken off; empty
    texts stay in.

    Raises: UserError with file:line and what was expected, for whatever cannot be read as such, an empty label, a
        table in a folder, and a file beside folders.
    """
    columns = Columns(
        (text, label),
        values=(label,),
        signs=(text.lower(), label.lower()),
        renamed=_RENAMED,
        headed=(text, label) != ("text", "label"),
    )
    found = [one for path in paths for one in _read(Path(path), columns)]
    if not found:
        raise UserError("there is no text in it", where=", ".join(map(str, paths)), hint=f"expected {_EXPECTED}")
    for one in found:
        if not one.label:
            raise UserError("the label is empty", where=one.where, hint="give every text a label, or delete its line")
    return found


def _read(path: Path, columns: Columns) -> Iterator[Labelled]:
    if path.is_dir():
        yield from _folder(path)
        return
    for row in read_rows(path, columns):
        text, label = row.cells
        yield Labelled(text.strip(), label.strip(), f"{path}:{row.line}")


def _folder(folder: Path) -> Iterator[Labelled]:
    entries = [entry for entry in sorted(folder.iterdir()) if not entry.name.startswith(".")]
    beside = [entry for entry in entries if entry.is_file()]
    if beside and len(beside) < len(entries):  # a README is no label
        raise UserError(
            f"a file stands beside folders of labels: {beside[0].name!r}",
            where=str(folder),
            hint=f"move it away: expected {_EXPECTED}",
        )
    for entry in entries:
        if entry.is_dir():
            yield from (Labelled(_whole(file), entry.name, str(file)) for file in _files(entry))
        else:
            label = _label_of(entry)
            lines = enumerate(iterate_lines(entry), start=1)
            yield from (Labelled(line.strip(), label, f"{entry}:{number}") for number, line in lines if line.strip())
    if not entries:
        raise UserError("this folder is empty", where=str(folder), hint=f"expected {_EXPECTED}")


def _label_of(file: Path) -> str:
    """The name of a file of texts; another suffix than .txt tells files apart, as in rt-polarity.pos and .neg.

    Raises: UserError, for a table: it has labels of its own.
    """
    if kind_of(file) in TABLES:
        raise UserError(
            "there is a table in a folder of labelled texts",
            where=str(file),
            hint="give the table itself, not its folder",
        )
    plain = file.with_suffix("") if is_gzip(file) else file
    return plain.stem if plain.suffix.lower() == ".txt" else plain.name


def _whole(file: Path) -> str:
    return "\n".join(iterate_lines(file)).strip()


def _files(folder: Path) -> list[Path]:
    files = [entry for entry in sorted(folder.iterdir()) if not entry.name.startswith(".")]
    deeper = [entry for entry in files if entry.is_dir()]
    if deeper:
        raise UserError(
            f"there is a folder in the folder of the label {folder.name!r}",
            where=str(deeper[0]),
            hint="expected one text a file: folder/label/file.txt",
        )
    return files
