"""Word alignments as text ("0-0 1p2", Pharaoh format) and how good they are (AER).

A link (i, j) says that source word i and target word j correspond, both counted from 0. Sure links are those that
annotators agree on; possible ones include the sure ones.
"""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

from heedful.data.text import iterate_lines
from heedful.errors import UserError

Link = tuple[int, int]
_LINK = re.compile(r"(\d+)([-p])(\d+)")
_NUMBERED = re.compile(r"(\d+)\s+(\d+)\s+(\d+)(?:\s+([SP])(?:\s+\S+)?)?")


class Links(NamedTuple):
    """The alignment of one sentence pair; `sure` is a part of `possible`."""

    sure: frozenset[Link]
    possible: frozenset[Link]


def parse_links(text: str, *, one_based: bool = False, where: str | None = None) -> Links:
    """Reads one line of Pharaoh format: "0-0 1-2" are sure links, "1p2" only possible ones.

    `one_based` says that the numbers in the text start at 1. `where` is the place that an error names.
    Raises: UserError, for anything that is not a link.
    """
    sure: set[Link] = set()
    possible: set[Link] = set()
    for item in text.split():
        found = _LINK.fullmatch(item)
        if found is None:
            raise UserError(f"{item!r} is no link", where=where, hint="expected source-target, as in: 0-0 1-2 2p2")
        link = _based(int(found[1]), int(found[3]), one_based, where)
        possible.add(link)
        if found[2] == "-":
            sure.add(link)
    return Links(frozenset(sure), frozenset(possible))


def format_links(links: Iterable[Link], *, one_based: bool = False) -> str:
    """One line of Pharaoh format, in order of source, then target: "0-0 1-2"."""
    base = int(one_based)
    return " ".join(f"{i + base}-{j + base}" for i, j in sorted(links))


def read_alignments(path: Path, *, one_based: bool = False) -> list[Links]:
    """Reads gold alignments, one `Links` a sentence pair; the format is told by the first line that is not blank.

    Pharaoh has a line for each pair, perhaps an empty one. A file of lines "sentence source target", with or
    without S or P at the end (as in the shared tasks of NAACL 2003), counts all three from 1; pairs without any
    line get no links.

    Raises: UserError with file:line.
    """
    lines = list(iterate_lines(path))
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise UserError("the file holds no alignments", where=str(path), hint="expected lines such as: 0-0 1-2 2p2")
    if _NUMBERED.fullmatch(first.strip()):
        return _numbered(lines, path)
    places = enumerate(lines, start=1)
    return [parse_links(line, one_based=one_based, where=f"{path}:{number}") for number, line in places]


def aer(
    sure: Sequence[AbstractSet[Link]], possible: Sequence[AbstractSet[Link]], predicted: Sequence[AbstractSet[Link]]
) -> float:
    """Alignment error rate over a whole corpus: 0 is perfect, 1 is all wrong.

    1 - (|A∩S| + |A∩P|) / (|A| + |S|), the counts summed over all sentence pairs, P including S. Without any link
    on either side there is no error.

    Raises: ValueError, when the three differ in length.
    Source: Och, Ney 2003, "A Systematic Comparison of Various Statistical Alignment Models", section 5.1 (J03-1002).
    """
    if not len(sure) == len(possible) == len(predicted):
        raise ValueError(f"got {len(sure)} sure, {len(possible)} possible and {len(predicted)} predicted alignments")
    hits = total = 0
    for certain, allowed, found in zip(sure, possible, predicted, strict=True):
        hits += len(found & certain) + len(found & (allowed | certain))
        total += len(found) + len(certain)
    return 1 - hits / total if total else 0.0


def _numbered(lines: Sequence[str], path: Path) -> list[Links]:
    sure: dict[int, set[Link]] = {}
    possible: dict[int, set[Link]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        found = _NUMBERED.fullmatch(line.strip())
        if found is None or int(found[1]) < 1:
            raise UserError(
                f"{line.strip()!r} is no link", where=where, hint="expected: sentence source target, from 1"
            )
        sentence = int(found[1]) - 1
        link = _based(int(found[2]), int(found[3]), True, where)
        possible.setdefault(sentence, set()).add(link)
        if found[4] != "P":
            sure.setdefault(sentence, set()).add(link)
    count = max(possible) + 1
    return [Links(frozenset(sure.get(i, ())), frozenset(possible.get(i, ()))) for i in range(count)]


def _based(source: int, target: int, one_based: bool, where: str | None) -> Link:
    base = int(one_based)
    if min(source, target) < base:
        raise UserError(f"link {source}-{target} has a 0, but words count from 1 here", where=where)
    return source - base, target - base
