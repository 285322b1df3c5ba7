"""Command options as values: each task lists those that are specific to it, and the command line makes flags of them.

This module and each task's `options.py` import nothing heavy, so that ``--help`` answers at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heedful.errors import UserError


@dataclass(frozen=True)
class Option:
    """An option of some commands.

    `name` is its name in Python, as in ``beam=5``; the flag is then ``--beam``. `commands` are those that accept it,
    out of train, predict, eval and show. `kind` is the type of its value, or `bool` for a flag without a value.
    `minimum` is its least value, `choices` are the allowed words, and `metavar` is what the help text calls its value.
    `setting` is a path such as "data.vectors": the option of ``train`` sets it, so that the run folder keeps the value.
    """

    name: str
    help: str
    commands: tuple[str, ...]
    kind: type = str
    metavar: str | None = None
    minimum: int | None = None
    choices: tuple[str, ...] = ()
    setting: str | None = None


BEAM = Option("beam", "beam width of the search. [default: the run's]", ("predict", "eval", "show"), int, minimum=1)
"""The beam width, for every task that searches."""

VECTORS = Option(
    "vectors",
    "word vectors to initialise from (text format of word2vec or GloVe).",
    ("train",),
    metavar="FILE",
    setting="data.vectors",
)
"""Word vectors, for every task whose embeddings can be initialised from them."""

STRICT = Option(
    "strict",
    "stop at the first picture that cannot be read, in place of leaving it out.",
    ("train",),
    bool,
    setting="data.strict",
)
"""For every task that reads pictures."""

PICTURES = Option(
    "pictures",
    "the folder that names of pictures are relative to. [default: that of the table]",
    ("train",),
    metavar="DIR",
    setting="data.pictures",
)
"""For every task that reads pictures."""

FEATURES = Option(
    "features",
    "a folder of .npy files, NAME.npy for the picture NAME.jpg, that are read in place of pixels.",
    ("train",),
    metavar="DIR",
    setting="data.features",
)
"""For every task that reads pictures."""

CONTROL = Option(
    "control",
    "also score what should fail, several with commas. Of caption: constant, shuffled, blank, neighbour; of "
    "label-image: centre, random.",
    ("eval",),
    metavar="NAMES",
)
"""For every task whose score has controls."""


def flag(name: str) -> str:
    """The flag of an option, as typed on the command line."""
    return f"--{name.replace('_', '-')}"


def check_options(
    task: str, known: Sequence[Option], command: str, *, options: Mapping[str, Any], spell: Callable[[str], str] = str
) -> dict[str, Any]:
    """Checks the options passed to a command of a task; returns them. `spell` formats an option's name for messages.

    Raises: UserError, for an unknown option, a value below the minimum, or a word that is not among the choices.
    """
    accepted = {option.name: option for option in known if command in option.commands}
    for name, value in options.items():
        if name not in accepted:
            names = ", ".join(map(spell, sorted(accepted)))
            raise UserError(
                f"{spell(name)} is not for the task {task!r}",
                hint=f"its own options for {command} are {names}" if names else f"it has none of its own for {command}",
            )
        _check_value(accepted[name], value, spell(name))
    return dict(options)


def _check_value(option: Option, value: Any, spelling: str) -> None:
    if option.choices and value not in option.choices:
        raise UserError(f"{spelling} is {value!r}", hint=f"expected one of {', '.join(option.choices)}")
    if option.minimum is not None and value < option.minimum:
        raise UserError(f"{spelling} is {value!r}", hint=f"expected {option.minimum} or more")
