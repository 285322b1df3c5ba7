"""What is done to the words of a command line before typer reads them."""

from collections.abc import Iterable, Iterator

from heedful.errors import UserError, did_you_mean
from heedful.task.tasks import NAMES

_PAIRS = ("--train", "--valid", "--test")
TASK_HELP = ", ".join(NAMES)
FILES_HELP = (
    ".tsv, .csv or .jsonl; pairs also as two line-parallel files, labels as folders, trees in brackets; all also .gz"
)
HELD_OUT = "a share of the training examples (language-model: the end of each text)"


def spread_pairs(words: Iterable[str]) -> list[str]:
    """Lets ``--train a.en a.de`` mean ``--train a.en --train a.de``, which typer understands.

    A second word belongs to the option unless it is an option itself or the name of a task.
    """
    return list(_spread(list(words)))


def _spread(words: list[str]) -> Iterator[str]:
    option, taken = "", 0
    for word in words:
        if word in _PAIRS:
            option, taken = word, 0
        elif option and not word.startswith("-"):
            taken += 1
            if taken == 2 and word not in NAMES:
                yield option
            if taken == 2:
                option = ""
        else:
            option = ""
        yield word


def take_flag(words: list[str], flag: str) -> tuple[list[str], bool]:
    """The words without a flag that may stand anywhere before ``--``, and whether it was there."""
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != flag] + words[end:]
    return kept, len(kept) < len(words)


def check_choice(given: str, options: Iterable[str], what: str) -> None:
    """Checks a word that must be one of some.

    Raises: UserError, with the likeliest.
    """
    options = list(options)
    if given not in options:
        raise UserError(f"no {what} is called {given!r}", hint=did_you_mean(given, options))
