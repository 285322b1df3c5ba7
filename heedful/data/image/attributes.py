"""Tables of attributes: how often each class has each attribute, and which part of it the attribute describes."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from heedful.data.columns import Columns
from heedful.data.table import read_rows
from heedful.errors import UserError
from heedful.store import read_text, write_text_atomically

ATTRIBUTE_COLUMNS = ("label", "part", "attribute", "value")
"""The columns of a table: a row says that pictures of `label` have `attribute` of `part` with the share `value`."""


@final
@dataclass(frozen=True)
class AttributeTable:
    """For each label, the share of its pictures that have each attribute, from 0 to 1.

    A part of a run folder. `parts` has the part of each attribute. Attributes of a part stand together, in the order of
    the table.
    """

    labels: tuple[str, ...]
    parts: tuple[str, ...]
    attributes: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]

    @property
    def by_part(self) -> dict[str, list[int]]:
        """The numbers of the attributes of each part."""
        found: dict[str, list[int]] = {}
        for number, part in enumerate(self.parts):
            found.setdefault(part, []).append(number)
        return found

    def save(self, folder: Path, name: str) -> None:
        """Writes ``folder/name.json``."""
        fields = {"labels": self.labels, "parts": self.parts, "attributes": self.attributes, "values": self.values}
        write_text_atomically(folder / f"{name}.json", json.dumps(fields, ensure_ascii=False) + "\n")


def load_attributes(folder: Path, name: str) -> AttributeTable:
    """Reads what `AttributeTable.save` wrote.

    Raises: UserError, when the file is missing or damaged.
    """
    path = folder / f"{name}.json"
    try:
        content: Mapping[str, Any] = json.loads(read_text(path))
        labels, parts, attributes = (tuple(map(str, content[key])) for key in ("labels", "parts", "attributes"))
        values = tuple(tuple(map(float, row)) for row in content["values"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        hint = "copy the whole run folder again"
        raise UserError(f"this file is damaged: {error}", where=str(path), hint=hint) from error
    if len(values) != len(labels) or {len(row) for row in values} - {len(parts)} or len(parts) != len(attributes):
        raise UserError(
            "this file is damaged: its rows differ", where=str(path), hint="copy the whole run folder again"
        )
    return AttributeTable(labels, parts, attributes, values)


def read_attributes(path: Path, labels: Sequence[str]) -> AttributeTable:
    """Reads a table with the columns label, part, attribute and value; rows of other labels are left out.

    Raises: UserError with file:line, for malformed content, a value that is not from 0 to 1, a second value or a second
        part of an attribute, and a label that lacks an attribute of the others.
    """
    columns = Columns(
        ATTRIBUTE_COLUMNS, scalars=("label", "value"), header_words=("attribute",), needs_header=True,
        alternative="name the columns label, part, attribute and value in a header",
    )  # fmt: skip
    known, values, part_of = set(labels), dict[tuple[str, str], float](), dict[str, str]()
    for row in read_rows(path, columns):
        label, part, attribute, value = (cell.strip() for cell in row.cells)
        where = f"{path}:{row.line}"
        if label not in known:
            continue
        if not part or not attribute:
            raise UserError("this row lacks a part or an attribute", where=where, hint="fill in both, or delete it")
        if part_of.setdefault(attribute, part) != part:
            message = f"the attribute {attribute!r} is of {part!r} here and was of {part_of[attribute]!r} before"
            raise UserError(message, where=where, hint="name them apart, as in 'beak colour' and 'wing colour'")
        if (label, attribute) in values:
            message = f"{label!r} has the attribute {attribute!r} twice"
            raise UserError(message, where=where, hint="delete one of the rows")
        values[label, attribute] = _share(value, where)
    return _table(path, labels, part_of, values)


def _share(value: str, where: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        hint = "expected the share of pictures that have it, from 0 to 1; divide percentages by 100"
        raise UserError(f"the value is {value!r}", where=where, hint=hint)
    return number


def _table(
    path: Path, labels: Sequence[str], part_of: Mapping[str, str], values: Mapping[tuple[str, str], float]
) -> AttributeTable:
    if not part_of:
        hint = f"expected rows with the labels of training: {', '.join(map(repr, labels[:5]))}"
        raise UserError("there are no attributes of these labels", where=str(path), hint=hint)
    # A stable sort: attributes of a part come together, in the order of the table.
    order = {part: number for number, part in enumerate(dict.fromkeys(part_of.values()))}
    attributes = tuple(sorted(part_of, key=lambda attribute: order[part_of[attribute]]))
    missing = [(label, attribute) for label in labels for attribute in attributes if (label, attribute) not in values]
    if missing:
        label, attribute = missing[0]
        message = f"{label!r} has no value of {attribute!r}; {len(missing)} values are missing"
        raise UserError(message, where=str(path), hint="give every label a value of every attribute, 0 if it has none")
    rows = tuple(tuple(values[label, attribute] for attribute in attributes) for label in labels)
    return AttributeTable(tuple(labels), tuple(part_of[each] for each in attributes), attributes, rows)
