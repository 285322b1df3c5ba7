"""What a check finds in the pictures of a table: sizes, files that cannot be read, and pictures that are there twice."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

from heedful.data.image.loading import at_row
from heedful.data.image.picture import PictureReader
from heedful.data.image.rows import PictureExample
from heedful.data.report import PERCENTILES, Finding, Report, Side, finding
from heedful.errors import UserError
from heedful.store import reading

_TINY = 32
"""Pixels of a side below which a picture shows next to nothing."""

_LONG = 3
"""The longer side in shorter ones from which on a crop loses most of the picture, and a letterbox most of its cells."""


def check_pictures(examples: Sequence[PictureExample], reader: PictureReader | None = None) -> Report:
    """Reads every picture of a table; what it finds is part of the report of a task.

    The sides are "width", "height" and "longer side" (in hundredths of the shorter one). A picture that cannot be read
    is listed by the "file:line" that names it, with the reason. Pictures of equal content are listed with the first of
    them; those whose first is in another table have a line of their own, since a model is then tested on what it was
    trained on.
    """
    reader = reader or PictureReader()
    sizes: list[tuple[int, int]] = []
    unreadable: list[str] = []
    small: list[str] = []
    long: list[str] = []
    repeated: list[tuple[str, bool]] = []
    first: dict[bytes, PictureExample] = {}
    for example in examples:
        try:
            width, height = reader.read(example.picture).size
            digest = _digest(example.picture)
        except UserError as error:
            found = at_row(error, example)
            unreadable.append(f"{found.where}: {found.message}")
            continue
        sizes.append((width, height))
        if min(width, height) < _TINY:
            small.append(f"{example.where} ({width} × {height})")
        if max(width, height) > _LONG * min(width, height):
            long.append(f"{example.where} ({width} × {height})")
        earlier = first.setdefault(digest, example)
        if earlier is not example:
            repeated.append((f"{example.where} (as {earlier.where})", _table(earlier) == _table(example)))
    facts = {
        "pictures": Finding(len(examples), []),
        "pictures that cannot be read": finding(unreadable),
        f"smaller than {_TINY} pixels": finding(small),
        f"longer than {_LONG} times the shorter side": finding(long),
        "the same picture as before": finding([where for where, same in repeated if same]),
        "the same picture as in another file": finding([where for where, same in repeated if not same]),
    }
    return Report(_sides(sizes), facts)


def _sides(sizes: Sequence[tuple[int, int]]) -> dict[str, Side]:
    ratios = [math.floor(100 * max(size) / min(size)) for size in sizes]
    return {
        "width": distribution([width for width, _ in sizes], "pixels"),
        "height": distribution([height for _, height in sizes], "pixels"),
        "longer side": distribution(ratios, "% of the shorter"),
    }


def distribution(numbers: Sequence[int], unit: str) -> Side:
    """Numbers as a side of a report: their total and percentiles."""
    ordered = sorted(numbers)
    last = len(ordered) - 1
    percentiles = tuple(ordered[round(last * percent / 100)] for percent in PERCENTILES) if ordered else ()
    return Side(unit, sum(ordered), percentiles, 0.0, [])


def _digest(path: Path) -> bytes:
    with reading(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _table(example: PictureExample) -> str:
    """The file that names a picture; its folder where the folder is the label."""
    return example.where.rpartition(":")[0] or str(Path(example.where).parent.parent)
