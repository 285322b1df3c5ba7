"""The columns that a table must have: which cell is which, and errors for a header or a row that does not fit."""

import difflib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from heedful.data.quoted import splits_alone
from heedful.errors import UserError, did_you_mean

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
"""What separates cells, and what messages call it. A .csv of Excel has semicolons where numbers have commas."""

_ENOUGH = 10  # rows from which on an unknown header is told from a row
_NAME = re.compile(r"[^\W\d]\w*(?:[ -]\w+)?")  # label, question1, star rating


@dataclass(frozen=True)
class Columns:
    """The columns that a table must have, in the order used where it has no header.

    optional: columns that may follow. scalars: columns whose JSON value may be a number or a boolean besides text.
    header_words: cells that prove the first line to be a header, even a wrong one. alternative: another way to give the
    data, for the hint at a line that is not split into columns. rename_hint: how to name other columns. needs_header:
    the user has named the columns, so that a first line without these names is an error instead of a row. order: the
    header of the training table; a table without a header is read by it. trained_labels: where a trained model reads
    the table, the labels that it knows, which tell a row from a header with other names; None in training. Names are
    compared without regard to case, except in JSON.
    """

    names: tuple[str, ...]
    optional: tuple[str, ...] = ()
    scalars: tuple[str, ...] = ()
    header_words: tuple[str, ...] = ()
    alternative: str = ""
    rename_hint: str = ""
    needs_header: bool = False
    order: tuple[str, ...] = ()
    trained_labels: frozenset[str] | None = None

    @property
    def listed(self) -> str:
        """The names as an error quotes them: 'left', 'right' and 'label'."""
        *first, last = map(repr, self.names)
        return f"{', '.join(first)} and {last}" if first else last

    @property
    def known(self) -> tuple[str, ...]:
        """The names of all columns, the optional ones last."""
        return (*self.names, *self.optional)


@dataclass(frozen=True)
class Layout:
    """Where the columns are in a row (None for a missing one), the number of cells of a row, and the header if any."""

    positions: tuple[int | None, ...]
    width: int
    header: tuple[str, ...] = ()

    def pick(self, cells: Sequence[str]) -> tuple[str, ...]:
        """The cells in the order of `Columns`; an optional column that is missing is an empty text."""
        return tuple("" if index is None else cells[index] for index in self.positions)


def find_layout(cells: Sequence[str], columns: Columns, *, where: str) -> Layout:
    """The layout of a table from its first line, which is a header if it has the names of the columns.

    Raises: UserError, when the line is clearly a header but lacks a name or has it twice, and for a table without a
        header that has another number of columns than the training table.
    """
    names = header_names(cells)
    if is_header(cells, columns):
        twice = [name for name in columns.known if names.count(name.lower()) > 1]
        if twice:
            hint = "rename or delete the column that is not meant"
            raise UserError(f"{twice[0]!r} is in the header more than once", where=where, hint=hint)
        positions = (names.index(name.lower()) if name.lower() in names else None for name in columns.known)
        return Layout(tuple(positions), len(cells), tuple(names))
    # A misspelt header read as a row would be a silent error, so a line that resembles one is refused.
    if resembles_header(cells, columns) or columns.needs_header:
        raise wrong_names(names, columns, where)
    return _without_header(len(cells), columns, where)


def check_first_row(first: Sequence[str], labels: Sequence[str], columns: Columns, *, where: str) -> None:
    """Checks that the first row of a table without a header is not a header with unknown names.

    Its label would silently become a class. It most likely is one if all its cells are names, and no other row has its
    label although labels are repeated, or are numbers. `labels` are those of all rows.
    Raises: UserError, which says how to name the columns.
    """
    names = [cell.strip() for cell in first if cell.strip()]
    if len(names) < len(columns.names) or not all(map(_NAME.fullmatch, names)):
        return
    counts = Counter(labels)
    label = first[len(columns.names) - 1].strip()
    are_numbers = all(_is_number(value) for value in counts if value != label)
    if len(labels) >= _ENOUGH and counts[label] == 1 and (2 * len(counts) <= len(labels) or are_numbers):
        raise _unknown_header(names, columns, where)


def check_is_row(first: Sequence[str], following: Sequence[Sequence[str]], columns: Columns, *, where: str) -> None:
    """Checks that the first line of a table is a row, in a run whose training table had a header.

    A header with other names would be answered, or scored, as a row. `following` are the next rows. The line is a
    header if its cells are names and none is a known label, while a row after it has one. Where no labels are known, it
    is one if its cells are single words, and those of no row after it are.
    Raises: UserError, which quotes the header and the names that are expected.
    """
    names = [cell.strip().strip("'\"") for cell in first if cell.strip()]
    if len(names) < len(columns.names) or _has_label(names, columns):
        return
    if any(_has_label(row, columns) for row in following):
        is_unknown = all(map(_NAME.fullmatch, names))
    else:
        # Two words may be a short text, so that without labels only single ones count as names.
        is_unknown = bool(following) and _are_words(names) and not any(map(_are_words, following))
    if is_unknown:
        raise _unknown_header(names, columns, where)


def _has_label(cells: Sequence[str], columns: Columns) -> bool:
    return any(cell.strip() in (columns.trained_labels or ()) for cell in cells)


def _are_words(cells: Sequence[str]) -> bool:
    # To Python, a Chinese sentence without punctuation is an identifier too.
    return all(cell.strip().isascii() and cell.strip().isidentifier() for cell in cells if cell.strip())


def _unknown_header(names: Sequence[str], columns: Columns, where: str) -> UserError:
    how = f", or {columns.rename_hint}" if columns.rename_hint else ""
    return UserError(
        f"the first line, {', '.join(map(repr, names))}, looks like a header, but not with {columns.listed}",
        where=where,
        hint=f"rename the columns{how}; if it is a row, write a header above it",
    )


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def header_names(cells: Sequence[str]) -> list[str]:
    """The cells of a line as the names of columns."""
    return [cell.replace("\ufeff", "").strip().lower() for cell in cells]


def is_header(cells: Sequence[str], columns: Columns) -> bool:
    """Whether a line has the names of all columns that are needed."""
    names = header_names(cells)
    return all(name.lower() in names for name in columns.names)


def resembles_header(cells: Sequence[str], columns: Columns) -> bool:
    """Whether a line is a header with wrong or misspelt names, rather than a row."""
    # Sentences are no identifiers, which keeps ordinary rows out of the comparison.
    names = [name.strip("'\"") for name in header_names(cells)]
    identifiers = [name for name in names if name.isidentifier()]
    is_known = any(name in columns.header_words for name in names)
    needed = (name.lower() for name in columns.names)
    return is_known or all(difflib.get_close_matches(name, identifiers, n=1, cutoff=0.6) for name in needed)


def wrong_names(names: Sequence[str], columns: Columns, where: str) -> UserError:
    """The error for a header, or a JSON object, in which a name is missing."""
    unknown = [name for name in names if name not in columns.known]
    hint = did_you_mean(unknown[0], columns.known) if unknown else f"expected {' and '.join(columns.names)}"
    hint += f"; or {columns.rename_hint}" if columns.rename_hint else ""
    return UserError(
        f"expected the columns {columns.listed}, found {', '.join(map(repr, names)) or 'none'}",
        where=where,
        hint=hint,
    )


def wrong_width(cells: Sequence[str], layout: Layout, columns: Columns, *, separator: str, where: str) -> UserError:
    """The error for a row with another number of cells than the table; `separator` is the character between them."""
    name = SEPARATORS[separator]
    width = f"no {name}" if len(cells) == 1 else f"{len(cells)} columns"
    hint = _hint_of_width(cells, layout, columns, separator)
    return UserError(f"expected {layout.width} columns, found {width} in {shown(cells)!r}", where=where, hint=hint)


def shown(cells: Sequence[str]) -> str:
    """The cells of a row, shortened, for quoting them."""
    text = " | ".join(cells)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _without_header(width: int, columns: Columns, where: str) -> Layout:
    """The columns of a table without a header: in the order of the training table, or else in that of `Columns`."""
    fewest, most = len(columns.names), len(columns.known)
    missing = [name for name in columns.names if name not in columns.order]
    if columns.order and missing:
        listed = ", ".join(columns.order)
        raise UserError(f"the columns of a table without a header are {listed} (data.columns), without {missing[0]!r}")
    # A table in the usual order need not have as many of the optional columns as the training table.
    if columns.order == columns.known[: len(columns.order)]:
        kept = min(max(width, fewest), most)
        return Layout(tuple(index if index < kept else None for index in range(most)), kept)
    known = tuple(name for name in columns.order if name in columns.known)
    needed = tuple(name for name in columns.order if name in columns.names)
    for order in (columns.order, known, needed):
        if width == len(order):
            return Layout(tuple(order.index(name) if name in order else None for name in columns.known), width)
    listed = ", ".join(columns.order)
    raise UserError(
        f"expected the {len(columns.order)} columns of the training table ({listed}), found {width}",
        where=where,
        hint=f"name the columns in a header line, with {columns.listed} among them",
    )


def _hint_of_width(cells: Sequence[str], layout: Layout, columns: Columns, separator: str) -> str:
    name = SEPARATORS[separator]
    if layout.header:
        reason = f"; {_too_many(separator)}" if len(cells) > layout.width else ""
        return f"each row needs as many cells as the header, separated by a {name}{reason}"
    if len(cells) == 1:
        return _hint_of_one_cell(cells[0], columns, separator)
    if len(columns.names) == layout.width < len(cells):
        return f"name them in a header line, with {columns.listed} among them; or {_too_many(separator)}"
    if len(cells) < len(columns.names):
        return f"each row needs {columns.listed}, separated by a {name}"
    return f"each row needs as many cells as the first, separated by a {name}"


def _too_many(separator: str) -> str:
    """What to do with a separator that belongs to a text."""
    if separator == "\t":
        return "replace a tab inside a text by a blank"
    return f"put a text with a {SEPARATORS[separator]} in quotes"


def _hint_of_one_cell(text: str, columns: Columns, separator: str) -> str:
    """A hint for a line that is not split into columns: what separates them instead, or how to write the line."""
    alternative = columns.alternative or ("give a .csv or .jsonl" if separator == "\t" else "give a .jsonl")
    if text.lstrip().startswith(("{", "[")):
        return "it looks like JSON: give it a name that ends in .jsonl, with one object per line"
    for candidate, name in SEPARATORS.items():
        cells = splits_alone(text, candidate) or []
        if candidate != separator and len(columns.names) <= len(cells) <= len(columns.known) and len(cells) > 1:
            renamed = "give it a name that ends in .csv"
            how = renamed if separator == "\t" else f"name them, as in {candidate.join(columns.names)}"
            return f"if the columns are separated by a {name} here, {how}; or {alternative}"
    return f"write {f', {SEPARATORS[separator]}, '.join(columns.names)}; or {alternative}"
