"""Candidates for a reply: what a partner may choose among, one a line."""

import re
from pathlib import Path

from heedful.data.pairs import tidy
from heedful.data.text import iterate_lines
from heedful.errors import UserError

_NUMBER = re.compile(r"1 ")


def read_candidates(path: Path) -> list[str]:
    """Reads candidates, one a line, each once; blank lines are passed over.

    Where every line begins with "1 ", as in the files of the dialog bAbI tasks, that is no part of them.

    Raises: UserError, when the file cannot be read, or holds none.
    """
    lines = [line for line in map(tidy, iterate_lines(path)) if line]
    if lines and all(map(_NUMBER.match, lines)):
        lines = [tidy(line[2:]) for line in lines]
    if not lines:
        raise UserError("there is no candidate in it", where=str(path), hint="expected a reply a line")
    return list(dict.fromkeys(lines))
