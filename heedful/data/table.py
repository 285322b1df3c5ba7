"""Reads rows of named columns from .tsv, .csv and .jsonl, and explains what is wrong with a line."""

import csv
import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, cast

from heedful.data.text import format_suffix, iterate_lines
from heedful.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Columns:
    """The columns that a table must have, in the order used where it has no header.

    optional: columns that may follow. scalars: columns whose JSON value may be a number or a boolean besides text.
    header_words: cells that prove the first line to be a header, even a wrong one. alternative: another way to give the
    data, for the hint at a line that is not split into columns. rename_hint: how to name other columns. needs_header:
    the user has named the columns, so that a first line without these names is an error instead of a row. Names are
    compared without regard to case, except in JSON.
    """

    names: tuple[str, ...]
    optional: tuple[str, ...] = ()
    scalars: tuple[str, ...] = ()
    header_words: tuple[str, ...] = ()
    alternative: str = "give a .csv or .jsonl"
    rename_hint: str = ""
    needs_header: bool = False

    @property
    def listed(self) -> str:
        """The names as an error quotes them: 'left', 'right' and 'label'."""
        *first, last = map(repr, self.names)
        return f"{', '.join(first)} and {last}" if first else last


class Row(NamedTuple):
    """The cells of a line in the order of `Columns`; an optional column that is missing is an empty text."""

    cells: tuple[str, ...]
    line: int


def read_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of a table. The suffix determines the format: .csv, .jsonl, any other is tab-separated; each may be .gz.

    Raises: UserError with file:line, as the reader of the format does.
    """
    return TABLES.get(format_suffix(path), tsv_rows)(path, columns)


def read_column(path: Path | str, columns: Columns) -> Iterator[str]:
    """Texts to predict: the first of `columns` if the file is a table, else its lines; "-" is standard input.

    Raises: UserError with file:line, as the reader of the format does.
    """
    if str(path) != "-" and format_suffix(Path(path)) in TABLES:
        return (row.cells[0] for row in read_rows(Path(path), columns))
    return iterate_lines(path)


def tsv_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of tab-separated values, without quoting; blank lines are skipped.

    Raises: UserError with file:line, for a line without a tab, another number of cells, or a wrong header.
    """
    lines = enumerate(iterate_lines(path), start=1)
    return _rows(path, ((number, line.split("\t")) for number, line in lines if line.strip()), "tab", columns=columns)


def csv_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of comma-separated values with RFC 4180 quoting: a cell in quotes may hold commas and line ends.

    Raises: UserError with file:line, for broken quoting, another number of cells, or a wrong header.
    """
    return _rows(path, _csv_cells(path), "comma", columns=columns)


def jsonl_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of JSON Lines: one object per line with a text for each column; blank lines are skipped.

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
    first = 1  # a cell in quotes may span lines; errors name the one where its row begins
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
    """Finds the columns in the first line, then yields row after row."""
    lines = iter(lines)
    first = next(lines, None)
    if first is None:
        return
    number, cells = first
    positions = _header(cells, columns, where=f"{path}:{number}")
    width = len(cells)
    if positions is None:  # no header: the first line is a row, and tells how many optional columns there are
        fewest, most = len(columns.names), len(columns.names) + len(columns.optional)
        width = min(max(width, fewest), most)
        positions = [index if index < width else None for index in range(most)]
        lines = chain([first], lines)
    for number, cells in lines:
        if len(cells) != width:
            raise _wrong_width(cells, width, columns, separator=separator, where=f"{path}:{number}")
        yield Row(tuple("" if index is None else cells[index] for index in positions), number)


def _header(cells: Sequence[str], columns: Columns, *, where: str) -> list[int | None] | None:
    """The positions of the columns (None for a missing one), or None when the first line is a row and no header.

    Raises: UserError, when it is clearly a header, but a name is missing.
    """
    names = [cell.strip().lower() for cell in cells]
    needed, optional = ([column.lower() for column in some] for some in (columns.names, columns.optional))
    if all(column in names for column in needed):
        return [names.index(column) if column in names else None for column in (*needed, *optional)]
    # A misspelt header read as a row would be a silent error, so a line that resembles one is refused. Sentences are no
    # identifiers, which keeps ordinary rows out of the comparison.
    is_known = any(name in columns.header_words for name in names)
    identifiers = [name for name in names if name.isidentifier()]
    is_similar = all(difflib.get_close_matches(column, identifiers, n=1, cutoff=0.6) for column in needed)
    if is_known or is_similar or columns.needs_header:
        raise _wrong_names(names, columns, where)
    return None


def _wrong_names(found: Sequence[str], columns: Columns, where: str) -> UserError:
    known = (*columns.names, *columns.optional)
    unknown = [name for name in found if name not in known]
    hint = did_you_mean(unknown[0], known) if unknown else f"expected {' and '.join(columns.names)}"
    hint += f"; or {columns.rename_hint}" if columns.rename_hint else ""
    return UserError(
        f"expected the columns {columns.listed}, found {', '.join(map(repr, found)) or 'none'}",
        where=where,
        hint=hint,
    )


def _wrong_width(cells: Sequence[str], width: int, columns: Columns, *, separator: str, where: str) -> UserError:
    if len(cells) == 1:
        found, hint = f"no {separator}", f"write {f', {separator}, '.join(columns.names)}; or {columns.alternative}"
    elif width == len(columns.names):
        found, hint = f"{len(cells)} columns", f"name them in a header line, with {columns.listed} among them"
    else:
        found, hint = f"{len(cells)} columns", f"each row needs as many cells as the first, separated by a {separator}"
    return UserError(f"expected {width} columns, found {found} in {_shown(cells)!r}", where=where, hint=hint)


def _shown(cells: Sequence[str]) -> str:
    text = " | ".join(cells)
    return text if len(text) <= 60 else f"{text[:59]}…"


def json_object(line: str, *, where: str, expected: str, example: str) -> dict[str, Any]:
    """One line of JSON Lines as an object; errors say `expected` and quote `example`.

    Raises: UserError, for broken JSON, or a value that is not an object.
    """
    try:
        content: Any = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        reason = (
            f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        )
        hint = f"expected one object per line: {example}"
        raise UserError(f"this is not JSON: {reason}", where=where, hint=hint) from error
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
    if column in columns.scalars and isinstance(value, bool | int | float):
        return json.dumps(value)
    return json_text(value, column, where)


def json_text(value: Any, name: str, where: str) -> str:
    """Checks that a JSON value is text; `name` is its key in errors.

    Raises: UserError, when it is not text, or text that cannot be written as UTF-8.
    """
    if not isinstance(value, str):
        raise UserError(f"expected text in {name!r}, found {value!r}", where=where)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(f"{name!r} holds half of a surrogate pair, {value[error.start]!r}", where=where) from None
    return value
