"""Rows of named columns from .tsv, .csv and .jsonl: which column is which, and what is wrong with a line."""

import csv
import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, cast

from heedful.data.text import iterate_lines, kind_of
from heedful.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Columns:
    """Which columns a table must have, in the order they stand in where no first line names them.

    optional: columns that may be there, after the others. values: those whose JSON may be a number or true and false
    beside text. signs: cells that make a first line a header for sure, be it a wrong one. instead: what else the user
    can give, for the hint at a line that is not cut into columns. renamed: what to do where columns have other names.
    headed: somebody has named them, so that a first line without these names is an error and no row. Capitals make no
    difference, but in JSON.
    """

    names: tuple[str, ...]
    optional: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    instead: str = "give a .csv or .jsonl"
    renamed: str = ""
    headed: bool = False

    @property
    def listed(self) -> str:
        """The names as an error quotes them: 'left', 'right' and 'label'."""
        *others, last = map(repr, self.names)
        return f"{', '.join(others)} and {last}" if others else last


class Row(NamedTuple):
    """The cells of line `line` in the order of `Columns`; of an optional column that is not there, an empty text."""

    cells: tuple[str, ...]
    line: int


def read_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of a table, whose format its suffix tells: .csv, .jsonl, and anything else tab-separated; each also .gz.

    Raises: UserError with file:line, as the reader of the format does.
    """
    return TABLES.get(kind_of(path), tsv_rows)(path, columns)


def read_column(path: Path | str, columns: Columns) -> Iterator[str]:
    """Texts to be answered: the first of `columns` where the suffix is a table's, else lines; "-" is standard input.

    Raises: UserError with file:line, as the reader of the format does.
    """
    if str(path) != "-" and kind_of(Path(path)) in TABLES:
        return (row.cells[0] for row in read_rows(Path(path), columns))
    return iterate_lines(path)


def tsv_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of tab-separated values, without any quoting; blank lines are passed over.

    Raises: UserError with file:line, for a line without a tab, of another width, or a wrong header.
    """
    lines = enumerate(iterate_lines(path), start=1)
    return _rows(path, ((number, line.split("\t")) for number, line in lines if line.strip()), "tab", columns=columns)


def csv_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of comma-separated values with RFC 4180 quoting: a cell in quotes may hold commas and line ends.

    Raises: UserError with file:line, for broken quoting, another number of cells, or a wrong header.
    """
    return _rows(path, _csv_cells(path), "comma", columns=columns)


def jsonl_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of JSON Lines: one object a line with a text for each column; blank lines are passed over.

    Raises: UserError with file:line, for broken JSON, missing keys or values that are not text.
    """
    for number, line in enumerate(iterate_lines(path), start=1):
        if line.strip():
            yield Row(_json_cells(line, columns, f"{path}:{number}"), number)


JSON = (".jsonl", ".ndjson")
"""The suffixes of JSON Lines."""

TABLES: dict[str, Callable[[Path, Columns], Iterator[Row]]] = {
    ".csv": csv_rows,
    ".jsonl": jsonl_rows,
    ".ndjson": jsonl_rows,
    ".tsv": tsv_rows,
}
"""The reader for each suffix."""


def _csv_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((f"{line}\n" for line in iterate_lines(path)), strict=True)
    first = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            where, hint = f"{path}:{first}", 'a quote inside a quoted cell is written twice: "he said ""yes"""'
            raise UserError(f"this is not a row of csv: {error}", where=where, hint=hint) from error
        if cells:
            yield first, cells
        first = reader.line_num + 1


def _rows(path: Path, lines: Iterable[tuple[int, list[str]]], separator: str, *, columns: Columns) -> Iterator[Row]:
    """Finds the columns by the first line, then gives them row by row."""
    lines = iter(lines)
    first = next(lines, None)
    if first is None:
        return
    number, cells = first
    places = _header(cells, columns, where=f"{path}:{number}")
    width = len(cells)
    if places is None:
        fewest, most = len(columns.names), len(columns.names) + len(columns.optional)
        width = min(max(width, fewest), most)
        places = [index if index < width else None for index in range(most)]
        lines = chain([first], lines)
    for number, cells in lines:
        if len(cells) != width:
            raise _wrong_width(cells, width, columns, separator=separator, where=f"{path}:{number}")
        yield Row(tuple("" if place is None else cells[place] for place in places), number)


def _header(cells: Sequence[str], columns: Columns, *, where: str) -> list[int | None] | None:
    """Where the columns are (None for one that is not there), or None when the first line is no header but a row.

    Raises: UserError, when it is plainly a header, but a name is missing.
    """
    names = [cell.strip().lower() for cell in cells]
    needed, optional = ([column.lower() for column in some] for some in (columns.names, columns.optional))
    if all(column in names for column in needed):
        return [names.index(column) if column in names else None for column in (*needed, *optional)]
    exact = any(name in columns.signs for name in names)
    plain = [name for name in names if name.isidentifier()]
    alike = all(difflib.get_close_matches(column, plain, n=1, cutoff=0.6) for column in needed)
    if exact or alike or columns.headed:
        raise _wrong_names(names, columns, where)
    return None


def _wrong_names(found: Sequence[str], columns: Columns, where: str) -> UserError:
    known = (*columns.names, *columns.optional)
    strangers = [name for name in found if name not in known]
    hint = did_you_mean(strangers[0], known) if strangers else f"expected {' and '.join(columns.names)}"
    hint += f"; or {columns.renamed}" if columns.renamed else ""
    return UserError(
        f"expected the columns {columns.listed}, found {', '.join(map(repr, found)) or 'none'}",
        where=where,
        hint=hint,
    )


def _wrong_width(cells: Sequence[str], width: int, columns: Columns, *, separator: str, where: str) -> UserError:
    if len(cells) == 1:
        found, hint = f"no {separator}", f"write {f', {separator}, '.join(columns.names)}; or {columns.instead}"
    elif width == len(columns.names):
        found, hint = f"{len(cells)} columns", f"name them in a first line, with {columns.listed} among them"
    else:
        found, hint = f"{len(cells)} columns", f"each row needs as many cells as the first, with a {separator} between"
    return UserError(f"expected {width} columns, found {found} in {_shown(cells)!r}", where=where, hint=hint)


def _shown(cells: Sequence[str]) -> str:
    text = " | ".join(cells)
    return text if len(text) <= 60 else f"{text[:59]}…"


def json_object(line: str, *, where: str, expected: str, example: str) -> dict[str, Any]:
    """One line of JSON Lines as an object; `expected` and `example` are what errors say it should be.

    Raises: UserError, for broken JSON, or a value that is no object.
    """
    try:
        content: Any = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        said = (
            f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        )
        hint = f"expected one object a line: {example}"
        raise UserError(f"this is not JSON: {said}", where=where, hint=hint) from error
    if not isinstance(content, dict):
        raise UserError(f"expected an object with {expected}, found {_shown([line])!r}", where=where)
    return cast(dict[str, Any], content)


def _json_cells(line: str, columns: Columns, where: str) -> tuple[str, ...]:
    example = ", ".join(f'"{name}": "…"' for name in columns.names)
    fields = json_object(line, where=where, expected=columns.listed, example=f"{{{example}}}")
    if not all(column in fields for column in columns.names):
        raise _wrong_names(list(fields), columns, where)
    optional = (_text(fields, column, columns, where) if column in fields else "" for column in columns.optional)
    return (*(_text(fields, column, columns, where) for column in columns.names), *optional)


def _text(fields: dict[str, Any], column: str, columns: Columns, where: str) -> str:
    value = fields[column]
    if column in columns.values and isinstance(value, bool | int | float):
        return json.dumps(value)
    return json_text(value, column, where)


def json_text(value: Any, name: str, where: str) -> str:
    """A value of JSON that must be text, under a name for errors.

    Raises: UserError, when it is something else, or text that no file can hold.
    """
    if not isinstance(value, str):
        raise UserError(f"expected text in {name!r}, found {value!r}", where=where)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(f"{name!r} holds half of a surrogate pair, {value[error.start]!r}", where=where) from None
    return value
