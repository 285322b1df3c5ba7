"""Rows with a source and a target from .tsv, .csv and .jsonl: which column is which, and what is wrong with a line."""

import csv
import difflib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from heedful.data.text import iterate_lines
from heedful.errors import UserError, did_you_mean

COLUMNS = ("source", "target")
_SHORT = ("src", "tgt", "trg")  # names that others give those columns: surely a header, not a sentence


class Row(NamedTuple):
    """The two sides as they stand in line `line` of the file."""

    source: str
    target: str
    line: int


def tsv_rows(path: Path) -> Iterator[Row]:
    """Rows of tab-separated values, without any quoting; blank lines are passed over.

    Raises: UserError with file:line, for a line without a tab, of another width, or a wrong header.
    """
    lines = enumerate(iterate_lines(path), start=1)
    return _rows(path, ((number, line.split("\t")) for number, line in lines if line.strip()), "tab")


def csv_rows(path: Path) -> Iterator[Row]:
    """Rows of comma-separated values with RFC 4180 quoting: a cell in quotes may hold commas and line ends.

    Raises: UserError with file:line, for broken quoting, another number of cells, or a wrong header.
    """
    return _rows(path, _csv_cells(path), "comma")


def jsonl_rows(path: Path) -> Iterator[Row]:
    """Rows of JSON Lines: one object a line with the texts `source` and `target`; blank lines are passed over.

    Raises: UserError with file:line, for broken JSON, missing keys or values that are not text.
    """
    for number, line in enumerate(iterate_lines(path), start=1):
        if line.strip():
            yield Row(*_json_texts(line, f"{path}:{number}"), number)


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


def _rows(path: Path, lines: Iterable[tuple[int, list[str]]], separator: str) -> Iterator[Row]:
    """Finds the two columns by the first line, then gives them row by row."""
    lines = iter(lines)
    first = next(lines, None)
    if first is None:
        return
    number, cells = first
    columns = _header(cells, where=f"{path}:{number}")
    width = len(cells)
    if columns is None:
        columns = (0, 1)
        _check_width(cells, 2, separator, where=f"{path}:{number}")
        yield Row(cells[0], cells[1], number)
    for number, cells in lines:
        _check_width(cells, width, separator, where=f"{path}:{number}")
        yield Row(cells[columns[0]], cells[columns[1]], number)


def _header(cells: Sequence[str], *, where: str) -> tuple[int, int] | None:
    """Where the columns are, or None when the first line is no header but already a pair.

    Raises: UserError, when it is plainly a header, but one of the two names is missing.
    """
    names = [cell.strip().lower() for cell in cells]
    if all(column in names for column in COLUMNS):
        return names.index(COLUMNS[0]), names.index(COLUMNS[1])
    exact = any(name in (*COLUMNS, *_SHORT) for name in names)
    plain = [name for name in names if name.isidentifier()]
    alike = all(difflib.get_close_matches(column, plain, n=1, cutoff=0.6) for column in COLUMNS)
    if exact or alike:
        raise _wrong_names(names, where)
    return None


def _wrong_names(found: Sequence[str], where: str) -> UserError:
    strangers = [name for name in found if name not in COLUMNS]
    hint = did_you_mean(strangers[0], COLUMNS) if strangers else f"expected {' and '.join(COLUMNS)}"
    return UserError(
        f"expected the columns 'source' and 'target', found {', '.join(map(repr, found)) or 'none'}",
        where=where,
        hint=hint,
    )


def _check_width(cells: Sequence[str], width: int, separator: str, *, where: str) -> None:
    if len(cells) == width:
        return
    if len(cells) == 1:
        found, hint = f"no {separator}", f"write source, {separator}, target; or give two files; or .csv or .jsonl"
    elif width == 2:
        found, hint = f"{len(cells)} columns", "name them in a first line, with 'source' and 'target' among them"
    else:
        found, hint = f"{len(cells)} columns", f"each row needs as many cells as the first, with a {separator} between"
    raise UserError(f"expected {width} columns, found {found} in {_shown(cells)!r}", where=where, hint=hint)


def _shown(cells: Sequence[str]) -> str:
    text = " | ".join(cells)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _json_texts(line: str, where: str) -> tuple[str, str]:
    try:
        content: Any = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        said = (
            f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        )
        hint = 'expected one object a line: {"source": "…", "target": "…"}'
        raise UserError(f"this is not JSON: {said}", where=where, hint=hint) from error
    if not isinstance(content, dict):
        raise UserError(f"expected an object with 'source' and 'target', found {_shown([line])!r}", where=where)
    fields = cast(dict[str, Any], content)
    if not all(column in fields for column in COLUMNS):
        raise _wrong_names(list(fields), where)
    return _text(fields, "source", where), _text(fields, "target", where)


def _text(fields: dict[str, Any], column: str, where: str) -> str:
    value = fields[column]
    if not isinstance(value, str):
        raise UserError(f"expected text in {column!r}, found {value!r}", where=where)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(f"{column!r} holds half of a surrogate pair, {value[error.start]!r}", where=where) from None
    return value
