"""Options of commands as values: each task lists its own, and the command line makes its flags from them.

This module and each task's `options.py` import nothing heavy, so that ``--help`` answers at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heedful.errors import UserError


@dataclass(frozen=True)
class Option:
    """One option of some commands.

    `name` is its name in Python, as in ``beam=5``; the flag is spelt ``--beam``. `commands` are those that take it:
    train, predict, eval, show. `kind` is the type of its value, `bool` for a flag without one. `minimum` is its least
    value and `choices` the words that it may be; `metavar` is what help calls its value. An option of training with a
    `setting`, as in "data.vectors", is another way to give that setting; its value is then kept in the run folder.
    """

    name: str
    help: str
    commands: tuple[str, ...]
    kind: type = str
    metavar: str | None = None
    minimum: int | None = None
    choices: tuple[str, ...] = ()
    setting: str | None = None


BEAM = Option("beam", "width of the search. [default: the run's]", ("predict", "eval", "show"), int, minimum=1)
"""The beam of every task that searches."""

VECTORS = Option(
    "vectors",
    "word vectors to begin from (text format of word2vec or GloVe).",
    ("train",),
    metavar="FILE",
    setting="data.vectors",
)
"""Word vectors of every task that can begin from some."""


def flag(name: str) -> str:
    """The option of a name as it is typed."""
    return f"--{name.replace('_', '-')}"


def check_options(
    task: str, known: Sequence[Option], command: str, given: Mapping[str, Any], *, spell: Callable[[str], str] = str
) -> dict[str, Any]:
    """The given options, if the task knows all of them for this command; `spell` says how the user writes a name.

    Raises: UserError, for an unknown option, a value below the minimum, or a word that is not among the choices.
    """
    options = {option.name: option for option in known if command in option.commands}
    for name, value in given.items():
        if name not in options:
            names = ", ".join(map(spell, sorted(options)))
            raise UserError(
                f"{spell(name)} is not for the task {task!r}",
                hint=f"its own options for {command} are {names}" if names else f"it has none of its own for {command}",
            )
        _check_value(options[name], value, spell(name))
    return dict(given)


def _check_value(option: Option, value: Any, spelt: str) -> None:
    if option.choices and value not in option.choices:
        raise UserError(f"{spelt} is {value!r}", hint=f"expected one of {', '.join(option.choices)}")
    if option.minimum is not None and value < option.minimum:
        raise UserError(f"{spelt} is {value!r}", hint=f"expected {option.minimum} or more")
