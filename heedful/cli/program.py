"""How this program was called, for commands that are printed to be run next."""

import shutil
import sys
from pathlib import Path
from shlex import quote

_NAMES = ("heedful", "heedful.exe")


def program() -> str:
    """What a person types to run this program again: ``heedful``, a path to it, or ``python -m heedful``.

    A shell may not know the name: after `make demo`, the program is in an environment that is not activated.
    """
    script = Path(sys.argv[0])
    if script.name == "__main__.py" and script.parent.name == "heedful":
        return f"{quote(sys.orig_argv[0])} -m heedful"
    if script.name not in _NAMES:
        return "heedful"
    found = shutil.which("heedful")
    if found is not None and Path(found).exists() and script.exists() and Path(found).samefile(script):
        return "heedful"
    return quote(sys.argv[0])


def as_typed(text: str) -> str:
    """A command or a sentence with one, with `program` in place of the first ``heedful``."""
    return text.replace("heedful", program(), 1)
