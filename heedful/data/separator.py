"""Finds what separates the columns of a .csv: a comma, or the semicolon, tab or bar of other programs."""

import re
from collections.abc import Sequence

from heedful.data.columns import SEPARATORS, Columns, is_header, resembles_header
from heedful.data.quoted import split_quoted, splits_alone
from heedful.errors import UserError

SAMPLE = 100
"""The lines of a file from which the separator is found."""

_DECLARED = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)


def declared_separator(line: str) -> str | None:
    """The separator in the line "sep=;", which programs write above the header for Excel; None for any other line."""
    match = _DECLARED.fullmatch(line.strip(" "))
    return match[1] if match and match[1] in SEPARATORS else None


def find_separator(lines: Sequence[str], columns: Columns, *, name: str) -> str:
    """The separator of the columns, from the first lines of a file: the one whose header or rows fit the columns.

    Raises: UserError, when there is no header and several separators fit, since a wrong guess would be silent.
    """
    filled = [line for line in lines if line.strip()]
    if not filled:
        return ","
    split = {separator: splits_alone(filled[0], separator) or [] for separator in SEPARATORS}
    for fits in (is_header, resembles_header):
        for separator, cells in split.items():
            if fits(cells, columns):
                return separator
    if columns.needs_header:  # no name was found; the error shows the columns as they most likely are
        return max(SEPARATORS, key=lambda separator: len(split[separator]))
    fitting = [separator for separator in SEPARATORS if _fits(lines, separator, columns)]
    if len(fitting) > 1:
        first, second = fitting[:2]
        headers = " or ".join(separator.join(columns.names) for separator in (first, second))
        message = f"the columns may be separated by a {SEPARATORS[first]} or by a {SEPARATORS[second]}"
        hint = f"name the columns in a header line, such as {headers}"
        raise UserError(f"{message}, and no header tells", where=f"{name}:1", hint=hint)
    return fitting[0] if fitting else ","


def _fits(lines: Sequence[str], separator: str, columns: Columns) -> bool:
    """Whether all of these rows have the same number of cells, which is one that the columns allow."""
    rows: list[int] = []
    try:
        rows += (len(cells) for _, cells in split_quoted(iter(lines), separator, "") if cells != [""])
    except UserError:
        # The last of these lines may lie inside a quoted cell. Only commas are given that doubt: with another
        # separator, quotes that do not fit are a reason against it.
        if separator != ",":
            return False
    # A single column is one without any separator, which says nothing about semicolons, tabs and bars.
    fewest = len(columns.names) if separator == "," else max(2, len(columns.names))
    return len(set(rows)) == 1 and fewest <= rows[0] <= len(columns.known)
