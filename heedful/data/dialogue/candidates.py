"""Reads candidate replies, one per line, for ranking."""

import re
from pathlib import Path

from heedful.data.pairs import single_line
from heedful.data.text import iterate_lines
from heedful.errors import UserError

_NUMBER = re.compile(r"1 ")


def read_candidates(path: Path) -> list[str]:
    """Reads candidates, one per line, without blank lines and duplicates.

    Where every line begins with "1 ", as in the files of the dialog bAbI tasks, it is removed.

    Raises: UserError, when the file cannot be read, or holds no candidate.
    """
    lines = [line for line in map(single_line, iterate_lines(path)) if line]
    if lines and all(map(_NUMBER.match, lines)):
        lines = [single_line(line[2:]) for line in lines]
    if not lines:
        raise UserError("it holds no candidate", where=str(path), hint="expected one reply per line")
    return list(dict.fromkeys(lines))
