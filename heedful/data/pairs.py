"""Sentence pairs from the user's files: two line-parallel files, or one .tsv, .csv or .jsonl, each also .gz."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from heedful.data.pharaoh import Links
from heedful.data.table import TABLES, Columns, Row, read_rows
from heedful.data.text import kind_of, read_lines, shortened
from heedful.errors import UserError

COLUMNS = Columns(
    ("source", "target"),
    signs=("source", "target", "src", "tgt", "trg"),  # names that others give them too: surely a header, not a sentence
    instead="give two files; or .csv or .jsonl",
)
QUESTIONS = Columns(("source",), ("target",), signs=COLUMNS.signs)
"""What a table to be translated has; the target is not read."""

_EXPECTED = "two files, line by line (a.en a.de), or one .tsv, .csv or .jsonl with both sides; each may be .gz"


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence, its translation, the "file:line" it came from, and the gold links of its words, if there are any."""

    source: str
    target: str
    where: str
    links: Links | None = None

    @property
    def is_empty(self) -> bool:
        """Whether a side is missing, so that there is nothing to learn from."""
        return not self.source or not self.target


def read_pairs(paths: Sequence[Path]) -> list[Pair]:
    """Reads parallel text; the format is told by the number of files and their suffixes.

    One file: .csv, .jsonl, and anything else as tab-separated values. tsv and csv have two columns, or a first
    line that names the columns `source` and `target` among others; jsonl has those keys. Blank at both ends is
    taken off; pairs with an empty side stay in (`prepare` keeps them out of training, `check_pairs` counts them).

    Raises: UserError with file:line and what was expected, for whatever cannot be read as such.
    """
    if len(paths) == 1:
        pairs = [_pair(row, paths[0]) for row in read_rows(paths[0], COLUMNS)]
    elif len(paths) == 2:
        pairs = _parallel(*paths)
    else:
        raise UserError(f"expected one or two files, got {len(paths)}", hint=_EXPECTED)
    if not pairs:
        raise UserError("the file is empty", where=str(paths[0]), hint=f"expected {_EXPECTED}")
    return pairs


def _parallel(source: Path, target: Path) -> list[Pair]:
    for path in (source, target):
        if kind_of(path) in TABLES:
            raise UserError(f"a {kind_of(path)} file holds both sides: give it alone", where=str(path), hint=_EXPECTED)
    sources, targets = read_lines(source), read_lines(target)
    if len(sources) != len(targets):
        raise _unequal((source, sources), (target, targets))
    lines = zip(sources, targets, strict=True)
    return [Pair(tidy(a), tidy(b), f"{source}:{number}") for number, (a, b) in enumerate(lines, start=1)]


def _unequal(*files: tuple[Path, list[str]]) -> UserError:
    (short, few), (long, many) = sorted(files, key=lambda file: len(file[1]))
    surplus = many[len(few) :]
    blank = not any(line.strip() for line in surplus)
    fault = "the surplus lines are blank: delete them" if blank else "a line may be missing further up; see where"
    return UserError(
        f"the two files differ in length: {short} ends at line {len(few)}, but here come {len(surplus)} more, "
        f"the first is {shortened(surplus[0])!r}",
        where=f"{long}:{len(few) + 1}",
        hint=fault if blank else f"{fault} with: paste {short} {long} | less",
    )


def _pair(row: Row, path: Path) -> Pair:
    source, target = map(tidy, row.cells)
    return Pair(source, target, f"{path}:{row.line}")


def tidy(text: str) -> str:
    """Blank ends taken off; line breaks inside a cell become spaces, so that a sentence stays on one line."""
    return text.strip().replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
