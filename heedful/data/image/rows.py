"""Rows of a table that names pictures: .csv and .tsv by the columns of their header, .jsonl with JSON values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from heedful.data.columns import Columns
from heedful.data.image.find import PictureFinder
from heedful.data.table import JSON, iterate_rows, json_object, json_text
from heedful.data.text import format_suffix, iterate_lines, nearby, shortened
from heedful.errors import UserError

WHERE_PICTURES_ARE = "names are relative to the table's folder, or to that of the setting data.pictures"


@runtime_checkable
class PictureExample(Protocol):
    """An example about a picture: its file, and the "file:line" that names it."""

    @property
    def picture(self) -> Path: ...
    @property
    def where(self) -> str: ...


E = TypeVar("E", bound=PictureExample)


class Fields(NamedTuple):
    """The values of a row by the names of its columns, and its "file:line".

    Cells of .csv and .tsv are texts, and empty where an optional column is missing; a missing key of JSON is missing.
    """

    values: Mapping[str, Any]
    where: str

    def text(self, name: str) -> str:
        """A value that is text, without white space around it; empty where it is missing.

        Raises: UserError, when the value is not text.
        """
        return json_text(self.values.get(name, ""), name, self.where).strip()


def read_fields(path: Path, columns: Columns) -> Iterator[Fields]:
    """The rows of a table without its blank lines; the keys of JSON are not checked.

    Raises: UserError with file:line, as the reader of the format does.
    """
    if format_suffix(path) not in JSON:
        for row in iterate_rows(path, columns):
            if row.cells:
                yield Fields(dict(zip(columns.known, row.cells, strict=True)), f"{path}:{row.line}")
        return
    example = ", ".join(f'"{name}": "…"' for name in columns.names)
    for number, line in enumerate(iterate_lines(path), start=1):
        if line.strip():
            where = f"{path}:{number}"
            yield Fields(json_object(line, where=where, expected=columns.listed, example=f"{{{example}}}"), where)


@dataclass(frozen=True, slots=True)
class Named:
    """A picture that a row names: its name, the folder that it is relative to, and the row's "file:line"."""

    name: str
    folder: Path
    where: str


def find_pictures(rows: Sequence[Named]) -> list[Path]:
    """The file of each row's picture.

    Raises: UserError with the file:line of the first row whose picture is missing, and how many more are.
    """
    finder = PictureFinder()
    for row in rows:
        if not row.name:
            hint = "name its picture, or delete the line"
            raise UserError("this row names no picture", where=row.where, hint=hint)
    found = [finder.find(row.folder, row.name) for row in rows]
    missing = [row for row, path in zip(rows, found, strict=True) if path is None]
    if missing:
        first = missing[0]
        path, others = first.folder / first.name, len({row.name for row in missing}) - 1
        more = f"; {others} more that the table names are missing, too" if others else ""
        message = f"there is no picture {shortened(first.name, 80)!r}{more}"
        raise UserError(message, where=first.where, hint=_nearby(path) or WHERE_PICTURES_ARE)
    return [path for path in found if path is not None]


def _nearby(path: Path) -> str | None:
    try:
        return nearby(path)
    except ValueError:  # a NUL in the name
        return None


def by_picture(rows: Iterable[E]) -> dict[Path, list[E]]:
    """Rows grouped by their picture, in the order in which pictures first appear."""
    groups: dict[Path, list[E]] = {}
    for row in rows:
        groups.setdefault(row.picture, []).append(row)
    return groups
