"""Word alignments in Pharaoh format ("0-0 1p2"), and the alignment error rate (AER).

A link (i, j) aligns source word i with target word j, both counted from 0. Annotators agree on sure links; possible
links include the sure ones.
"""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

from heedful.data.text import iterate_lines
from heedful.errors import UserError

Link = tuple[int, int]
_LINK = re.compile(r"(\?)?(\d{1,9})([-pP?])(\d{1,9})([pP?])?")
_COLON = re.compile(r"\d+:\d+")
_NUMBERED = re.compile(r"(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})(?:\s+([SP])(?:\s+\S+)?)?")


class Links(NamedTuple):
    """The alignment of one sentence pair; `sure` is a subset of `possible`."""

    sure: frozenset[Link]
    possible: frozenset[Link]


def parse_links(text: str, *, one_based: bool = False, where: str | None = None) -> Links:
    """Reads one line of Pharaoh format: "0-0 1-2" are sure links, "1p2" only possible ones.

    Other tools write possible links as "1?2", "?1-2", "1-2?" or "1-2p"; these are read too.
    With `one_based` the numbers in the text start at 1. `where` is the location that an error names.
    Raises: UserError, for an item that is not a link.

    >>> links = parse_links("0-0 1p2")
    >>> sorted(links.sure), sorted(links.possible)
    ([(0, 0)], [(0, 0), (1, 2)])
    """
    sure: set[Link] = set()
    possible: set[Link] = set()
    for item in text.split():
        match = _LINK.fullmatch(item)
        if match is None:
            raise _no_link(item, where)
        before, source, middle, target, after = match.groups()
        link = _based(int(source), int(target), one_based, where)
        # A sure link is possible, too: the error rate needs P to include S.
        possible.add(link)
        if middle == "-" and not before and not after:
            sure.add(link)
    return Links(frozenset(sure), frozenset(possible))


def format_links(links: Iterable[Link], *, one_based: bool = False) -> str:
    """One line of Pharaoh format, sorted by source, then target.

    >>> format_links({(1, 2), (0, 0)})
    '0-0 1-2'
    """
    base = int(one_based)
    return " ".join(f"{i + base}-{j + base}" for i, j in sorted(links))


def read_alignments(path: Path, *, one_based: bool = False) -> list[Links]:
    """Reads gold alignments, one `Links` per sentence pair. The first line that is not blank determines the format.

    Pharaoh format has one line per pair; it may be empty. The format of the NAACL 2003 shared task has lines "sentence
    source target", optionally followed by S or P, and counts all three from 1; a pair without a line has no links.

    Raises: UserError with file:line.
    """
    lines = list(iterate_lines(path))
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise UserError("the file holds no alignments", where=str(path), hint="expected lines such as: 0-0 1-2 2p2")
    _check_format(first, path)
    if _NUMBERED.fullmatch(first.strip()):
        return _numbered(lines, path)
    numbered = enumerate(lines, start=1)
    return [parse_links(line, one_based=one_based, where=f"{path}:{number}") for number, line in numbered]


def aer(
    sure: Sequence[AbstractSet[Link]], possible: Sequence[AbstractSet[Link]], predicted: Sequence[AbstractSet[Link]]
) -> float:
    """Alignment error rate of a corpus: 0 is perfect, 1 is the worst.

    ``1 - (|A∩S| + |A∩P|) / (|A| + |S|)``, with the counts summed over all sentence pairs, and P including S. It is 0
    where neither side has a link.

    Raises: ValueError, when the three differ in length.
    >>> gold = [{(0, 0), (1, 1)}]
    >>> aer(gold, gold, predicted=[{(0, 0), (1, 0)}])
    0.5

    Source: Och, Ney 2003, "A Systematic Comparison of Various Statistical Alignment Models", section 5.1 (J03-1002).
    """
    if not len(sure) == len(possible) == len(predicted):
        raise ValueError(f"got {len(sure)} sure, {len(possible)} possible and {len(predicted)} predicted alignments")
    hits = total = 0
    for certain, allowed, links in zip(sure, possible, predicted, strict=True):
        hits += len(links & certain) + len(links & (allowed | certain))  # a caller's P need not include S
        total += len(links) + len(certain)
    return 1 - hits / total if total else 0.0


def _check_format(first: str, path: Path) -> None:
    """Names the formats of other tools that are not read, which `parse_links` would call no link.

    Raises: UserError, for a first line of one of them.
    """
    formats = {"# Sentence pair": "the A3 format of GIZA++", "<": "XML", "[": "JSON", "{": "JSON"}
    for start, name in formats.items():
        if first.lstrip().startswith(start):
            hint = "convert it to a line of links for each pair, such as: 0-0 1-2 2p2"
            raise UserError(f"this is {name}, which is not read", where=str(path), hint=hint)


def _no_link(item: str, where: str | None) -> UserError:
    hint = "expected source-target, as in: 0-0 1-2 2p2"
    if _COLON.fullmatch(item):
        hint += "; for instance: sed 's/:/-/g' FILE > NEW"
    return UserError(f"{item!r} is not a link", where=where, hint=hint)


def _numbered(lines: Sequence[str], path: Path) -> list[Links]:
    sure: dict[int, set[Link]] = {}
    possible: dict[int, set[Link]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        match = _NUMBERED.fullmatch(line.strip())
        if match is None or int(match[1]) < 1:
            raise UserError(
                f"{line.strip()!r} is not a link", where=where, hint="expected: sentence source target, each from 1"
            )
        sentence = int(match[1]) - 1
        link = _based(int(match[2]), int(match[3]), True, where)
        possible.setdefault(sentence, set()).add(link)
        if match[4] != "P":  # without a mark a link is sure
            sure.setdefault(sentence, set()).add(link)
    count = max(possible) + 1
    return [Links(frozenset(sure.get(i, ())), frozenset(possible.get(i, ()))) for i in range(count)]


def _based(source: int, target: int, one_based: bool, where: str | None) -> Link:
    base = int(one_based)
    if min(source, target) < base:
        raise UserError(f"link {source}-{target} has a 0, but words are counted from 1 here", where=where)
    return source - base, target - base
