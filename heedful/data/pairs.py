"""Reads sentence pairs: two line-parallel files, or one .tsv, .csv or .jsonl, each optionally .gz."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from heedful.data.pharaoh import Links
from heedful.data.table import TABLES, Columns, Row, read_rows
from heedful.data.text import format_suffix, is_gzip, read_lines, shortened
from heedful.errors import UserError

COLUMNS = Columns(
    ("source", "target"),
    header_words=(
        "source",
        "target",
        "src",
        "tgt",
        "trg",
    ),  # usual names of these columns; no sentence consists of one of them
    alternative="give two files",
)
INPUT_COLUMNS = Columns(("source",), ("target",), header_words=COLUMNS.header_words)
"""The columns of a table to translate; the target is ignored."""

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
        """Whether a side has no text."""
        return not self.source or not self.target


def read_pairs(paths: Sequence[Path], columns: Columns = COLUMNS) -> list[Pair]:
    """Reads parallel text. The number of files and their suffixes determine the format.

    Two files are line-parallel. One file is .csv, .jsonl, or, with any other suffix, tab-separated. A .tsv or .csv has
    two columns, or a header that names `source` and `target` among others; a .jsonl has these keys. `columns` may state
    another order for a table without a header. Surrounding white
    space is removed. Pairs with an empty side are kept; `prepare` leaves them out, and `check_pairs` counts them.

    Raises: UserError with file:line and what was expected, for malformed content.
    """
    if len(paths) == 1:
        pairs = [_pair(row, paths[0]) for row in read_rows(paths[0], columns)]
    elif len(paths) == 2:
        pairs = _parallel(*paths)
    else:
        raise UserError(f"expected one or two files, got {len(paths)}", hint=_EXPECTED)
    if not pairs:
        raise UserError("the file is empty", where=str(paths[0]), hint=f"expected {_EXPECTED}")
    return pairs


def _parallel(source: Path, target: Path) -> list[Pair]:
    for path in (source, target):
        if format_suffix(path) in TABLES:
            raise UserError(
                f"a {format_suffix(path)} file holds both sides: pass it alone", where=str(path), hint=_EXPECTED
            )
    sources, targets = read_lines(source), read_lines(target)
    if len(sources) != len(targets):
        raise _unequal((source, sources), (target, targets))
    lines = zip(sources, targets, strict=True)
    return [Pair(single_line(a), single_line(b), f"{source}:{number}") for number, (a, b) in enumerate(lines, start=1)]


def _unequal(*files: tuple[Path, list[str]]) -> UserError:
    (short, few), (long, many) = sorted(files, key=lambda file: len(file[1]))
    surplus = many[len(few) :]
    blank = not any(line.strip() for line in surplus)
    return UserError(
        f"the two files differ in length: {short} ends at line {len(few)}, but this one has {len(surplus)} more; "
        f"the first is {shortened(surplus[0])!r}",
        where=f"{long}:{len(few) + 1}",
        hint="the surplus lines are blank: delete them" if blank else _find_with(short, long),
    )


def _find_with(*files: Path) -> str:
    # In bash, <(...) stands for a file with the output of a command.
    names = [f"<(zcat {quote(str(file))})" if is_gzip(file) else quote(str(file)) for file in files]
    return f"a line may be missing further up; find it with: paste {' '.join(names)} | less"


def _pair(row: Row, path: Path) -> Pair:
    source, target = map(single_line, row.cells)
    return Pair(source, target, f"{path}:{row.line}")


def single_line(text: str) -> str:
    """The text without surrounding white space; line breaks inside a cell become spaces."""
    return text.strip().replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
