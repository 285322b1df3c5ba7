"""Splits lines into cells with the quoting of RFC 4180, as .csv files have it, for any separator.

Python's own reader limits the length of a cell, and the limit belongs to the whole process.
"""

import re
from collections.abc import Iterator

from heedful.errors import UserError

QUOTE = '"'
_DOUBLED = 'a quote inside a quoted cell is written twice: "he said ""yes"""'


def split_quoted(lines: Iterator[str], separator: str, name: str, *, first: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Cells of each row, with the number of the line where the row begins; `first` is the number of the first line.

    A cell in quotes may hold separators, line breaks and doubled quotes, and be of any length. A quote inside a cell
    that does not begin with one is an ordinary character. Blanks around a quoted cell are dropped.
    Raises: UserError with file:line of the row, for text after a closing quote, and for a quote that is not closed.
    """
    numbers = _Numbered(lines, first)
    for line in numbers:
        start = numbers.last
        # Most lines have no quotes, and `split` is fast.
        if QUOTE not in line:
            yield start, line.split(separator)
            continue
        try:
            yield start, _cells(line, separator, numbers)
        except _BadQuotes as error:
            message = f"this is not a row of csv: {error}"
            raise UserError(message, where=f"{name}:{start}", hint=_DOUBLED) from None


def splits_alone(line: str, separator: str) -> list[str] | None:
    """The cells of a line that is a whole row; None if its quotes do not fit this separator or stay open."""
    try:
        return line.split(separator) if QUOTE not in line else _cells(line, separator, iter(()))
    except _BadQuotes:
        return None


class _BadQuotes(Exception):
    """The quotes of a row are not those of RFC 4180."""


class _Numbered(Iterator[str]):
    """Lines, and the number of the last one that was read."""

    def __init__(self, lines: Iterator[str], first: int) -> None:
        self._lines, self.last = lines, first - 1

    def __next__(self) -> str:
        line = next(self._lines)
        self.last += 1
        return line


def _cells(line: str, separator: str, more: Iterator[str]) -> list[str]:
    """The cells of the row that begins with `line`; `more` are the lines after it, for a cell that spans lines.

    Raises: _BadQuotes.
    """
    cells: list[str] = []
    start = 0
    while True:
        quote = _quote_at(line, start, separator)
        if quote is None:
            end = line.find(separator, start)
            end = len(line) if end < 0 else end
            cells.append(line[start:end])
        else:
            cell, line, end = _quoted(line, quote + 1, more)
            cells.append(cell)
            end = _end_of_cell(line, end, separator)
        if end == len(line):
            return cells
        start = end + len(separator)


def _quote_at(line: str, start: int, separator: str) -> int | None:
    """Where the opening quote of the cell is that begins at `start`; None for a cell without quotes."""
    if line.startswith(QUOTE, start):
        return start
    if not line.startswith(" ", start):
        return None
    # After a blank a quote may belong to the text. It opens a cell only if the cell also ends in one, in this line.
    blank = re.compile(rf' +"(?:[^"]|"")*" *(?:{re.escape(separator)}|$)').match(line, start)
    return line.index(QUOTE, start) if blank else None


def _quoted(line: str, start: int, more: Iterator[str]) -> tuple[str, str, int]:
    """The text of a quoted cell, the line in which it ends, and the position after its closing quote."""
    parts: list[str] = []
    while True:
        end = line.find(QUOTE, start)
        if end < 0:
            parts += [line[start:], "\n"]
            following = next(more, None)
            if following is None:
                raise _BadQuotes("a quote that opens in it is not closed")
            line, start = following, 0
        elif line.startswith(QUOTE, end + 1):
            parts.append(line[start : end + 1])
            start = end + 2
        else:
            parts.append(line[start:end])
            return "".join(parts), line, end + 1


def _end_of_cell(line: str, start: int, separator: str) -> int:
    """Where the separator after a closing quote is, or the end of the line."""
    end = start
    while line.startswith(" ", end) and separator != " ":
        end += 1
    if end < len(line) and not line.startswith(separator, end):
        raise _BadQuotes(f"there is {line[start : start + 20]!r} after a closing quote")
    return end
