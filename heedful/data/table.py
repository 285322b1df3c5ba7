"""Reads rows of named columns from .tsv, .csv and .jsonl, and explains what is wrong with a line."""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, cast

from heedful.data.columns import (
    SEPARATORS,
    Columns,
    check_is_row,
    find_layout,
    header_names,
    is_header,
    shown,
    wrong_names,
    wrong_width,
)
from heedful.data.quoted import QUOTE, split_quoted, splits_alone
from heedful.data.separator import SAMPLE, declared_separator, find_separator
from heedful.data.text import format_suffix, iterate_lines
from heedful.errors import UserError

_AHEAD = 10  # rows with which the first line of a table is compared


class Row(NamedTuple):
    """The cells of a line in the order of `Columns`; an optional column that is missing is an empty text.

    A blank line is a row without cells.
    """

    cells: tuple[str, ...]
    line: int


def read_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of a table without its blank lines, as training reads them.

    The suffix determines the format: .csv, .jsonl, any other is tab-separated; each may be .gz.
    Raises: UserError with file:line, as the reader of the format does.
    """
    return (row for row in iterate_rows(path, columns) if row.cells)


def iterate_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of a table and its blank lines, which have no cells: every line after the header is answered.

    Raises: UserError with file:line, as the reader of the format does.
    """
    return TABLES.get(format_suffix(path), tsv_rows)(path, columns)


def read_column(path: Path | str, columns: Columns) -> Iterator[str]:
    """Texts to predict: the first of `columns` if the file is a table, else its lines; "-" is standard input.

    A file is a table by its suffix, or if its first line is a header with tabs. A blank line is an empty text, so that
    there are as many texts as lines.
    Raises: UserError with file:line, as the reader of the format does.
    """
    if str(path) == "-":
        yield from iterate_lines(path)
        return
    path = Path(path)
    if format_suffix(path) in TABLES:
        yield from _first_cells(iterate_rows(path, columns))
        return
    lines = iterate_lines(path)
    first = next(lines, None)
    if first is None:
        return
    if "\t" in first and is_header(first.split("\t"), columns):
        yield from _first_cells(_tsv_rows(chain([first], lines), path, columns))
    else:
        yield from chain([first], lines)


def _first_cells(rows: Iterable[Row]) -> Iterator[str]:
    return (row.cells[0] if row.cells else "" for row in rows)


def is_first_row(where: str) -> bool:
    """Whether a row that came from here ("file:line") is the first line of its file, which then has no header."""
    path, _, line = where.rpartition(":")
    return line == "1" and format_suffix(Path(path)) not in JSON


def has_header(path: Path, columns: Columns) -> bool:
    """Whether the first line of a .csv or .tsv names the columns that are needed; every line of a .jsonl does.

    Raises: UserError, when the file cannot be read.
    """
    return format_suffix(path) in JSON or bool(_header_of(path, columns))


def header_order(path: Path, columns: Columns) -> tuple[str, ...] | None:
    """The header of a table; None for a file without a header.

    Raises: UserError, when the file cannot be read.
    """
    # A pipe can be read only once, and has been.
    if not path.is_file() or format_suffix(path) in JSON:
        return None
    return _header_of(path, columns) or None


def _header_of(path: Path, columns: Columns) -> tuple[str, ...]:
    """The names of the columns in the first line of a table; empty where that is no header."""
    lines = (line for line in iterate_lines(path) if line.strip() and declared_separator(line) is None)
    first = next(lines, "")
    rows = (splits_alone(first, separator) or [] for separator in SEPARATORS)
    return next((tuple(header_names(cells)) for cells in rows if is_header(cells, columns)), ())


def tsv_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of tab-separated values; a blank line has no cells. Quotes are text, unless the header is in quotes.

    Raises: UserError with file:line, for a line without a tab, another number of cells, or a wrong header.
    """
    return _tsv_rows(iterate_lines(path), path, columns)


def _tsv_rows(lines: Iterator[str], path: Path, columns: Columns) -> Iterator[Row]:
    return _rows(path, _tsv_cells(lines, path, columns), "\t", columns=columns)


def csv_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of comma-separated values with RFC 4180 quoting: a cell in quotes may hold commas and line ends.

    The separator may also be a semicolon, a tab or a bar, as the header, the rows or a first line "sep=;" tell. A blank
    line has no cells.
    Raises: UserError with file:line, for broken quoting, another number of cells, or a wrong header; and when there is
        no header and two separators fit.
    """
    separator, cells = _csv_cells(path, columns)
    return _rows(path, cells, separator, columns=columns)


def jsonl_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Rows of JSON Lines: one object per line with a text for each column; a blank line has no cells.

    Raises: UserError with file:line, for broken JSON, missing keys or values that are not text.
    """
    for number, line in enumerate(iterate_lines(path), start=1):
        yield Row(_json_cells(line, columns, f"{path}:{number}") if line.strip() else (), number)


JSON = (".jsonl", ".ndjson")
"""The suffixes of JSON Lines."""

TABLES: dict[str, Callable[[Path, Columns], Iterator[Row]]] = {
    ".csv": csv_rows,
    ".jsonl": jsonl_rows,
    ".ndjson": jsonl_rows,
    ".tsv": tsv_rows,
}
"""The reader for each suffix."""


def _tsv_cells(lines: Iterator[str], path: Path, columns: Columns) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line with its number; none for a blank line.

    Raises: UserError, when the header has another separator, as in a .csv that was renamed.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            break
        yield number, []
    else:
        return
    for separator, name in SEPARATORS.items():
        if separator != "\t" and separator in line and is_header(splits_alone(line, separator) or [], columns):
            message = f"the columns of the header are separated by a {name}, not by a tab"
            raise UserError(message, where=f"{path}:{number}", hint="give the file a name that ends in .csv")
    # R and pandas may put every text in quotes, the header too; then quotes are no text in the other lines either.
    if QUOTE in line and is_header(splits_alone(line, "\t") or [], columns):
        yield from _without_blank(split_quoted(chain([line], lines), "\t", str(path), first=number))
        return
    for row, text in enumerate(chain([line], lines), start=number):
        yield row, text.split("\t") if text.strip() else []


def _csv_cells(path: Path, columns: Columns) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    """The separator, and the cells of each row with the number of its line; none for a blank line."""
    lines = iterate_lines(path)
    head = list(islice(lines, SAMPLE))
    separator = declared_separator(head[0]) if head else None
    first = 1
    if separator is not None:
        head, first = head[1:], 2
    separator = separator or find_separator(head, columns, name=str(path))
    return separator, _without_blank(split_quoted(chain(head, lines), separator, str(path), first=first))


def _without_blank(rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """The same rows, with no cells for a blank line."""
    for number, cells in rows:
        yield number, cells if len(cells) > 1 or cells[0].strip() else []


def _rows(path: Path, lines: Iterable[tuple[int, list[str]]], separator: str, *, columns: Columns) -> Iterator[Row]:
    """Finds the columns in the first line that is not blank, then yields row after row."""
    layout, lines = None, iter(lines)
    for number, cells in lines:
        if cells:
            layout = find_layout(cells, columns, where=f"{path}:{number}")
            lines = lines if layout.header else _headless((number, cells), lines, path, columns)
            break
        yield Row((), number)
    if layout is None:
        return
    for number, cells in lines:
        if not cells:
            yield Row((), number)
            continue
        if len(cells) != layout.width:
            raise wrong_width(cells, layout, columns, separator=separator, where=f"{path}:{number}")
        # The last cell first, which is seldom a name, so that hardly any row is compared as a whole.
        if layout.header and cells[-1].strip().lower() in layout.header and tuple(header_names(cells)) == layout.header:
            hint = "were files joined? delete this line"
            raise UserError("the header is here once more", where=f"{path}:{number}", hint=hint)
        yield Row(layout.pick(cells), number)


def _headless(
    first: tuple[int, list[str]], lines: Iterator[tuple[int, list[str]]], path: Path, columns: Columns
) -> Iterator[tuple[int, list[str]]]:
    """All rows of a table without a header; checks that its first line is none.

    Raises: UserError, where the training table had a header, and the line looks like one with other names.
    """
    # A person who types a row is answered before the next one.
    if not columns.order or columns.trained_labels is None or str(path) == "-":
        return chain([first], lines)
    ahead = list(islice(lines, _AHEAD))
    check_is_row(first[1], [cells for _, cells in ahead if cells], columns, where=f"{path}:{first[0]}")
    return chain([first], ahead, lines)


def json_object(line: str, *, where: str, expected: str, example: str) -> dict[str, Any]:
    """One line of JSON Lines as an object; errors say `expected` and quote `example`.

    Raises: UserError, for broken JSON, a value that is not an object, or a key that is in an object more than once.
    """
    hint = f"expected one object per line: {example}"
    if line.lstrip().startswith("[") or line.strip() == "{":
        hint += ", each on one line and without the brackets of a list around them"
    try:
        content: Any = json.loads(line, object_pairs_hook=_unique)
    except _TwiceError as error:
        raise UserError(f"the key {error.key!r} is in this object more than once", where=where, hint=hint) from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"this is not JSON: {_reason(error)}", where=where, hint=hint) from error
    if not isinstance(content, dict):
        raise UserError(f"expected an object with {expected}, found {shown([line])!r}", where=where, hint=hint)
    return cast(dict[str, Any], content)


class _TwiceError(Exception):
    """A key is in a JSON object more than once; by itself, the `json` module takes the last one."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its keys and values. Raises: _TwiceError."""
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return content


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    # Else Python refuses a number of thousands of digits.
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _json_cells(line: str, columns: Columns, where: str) -> tuple[str, ...]:
    example = ", ".join(f'"{name}": "…"' for name in columns.names)
    fields = json_object(line, where=where, expected=columns.listed, example=f"{{{example}}}")
    if not all(column in fields for column in columns.names):
        raise wrong_names(list(fields), columns, where)
    optional = (_text(fields, column, columns, where) if column in fields else "" for column in columns.optional)
    return (*(_text(fields, column, columns, where) for column in columns.names), *optional)


def _text(fields: dict[str, Any], column: str, columns: Columns, where: str) -> str:
    value = fields[column]
    # NaN, which some programs write for a missing value, is no label.
    is_missing = isinstance(value, float) and not math.isfinite(value)
    if column in columns.scalars and isinstance(value, bool | int | float) and not is_missing:
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
