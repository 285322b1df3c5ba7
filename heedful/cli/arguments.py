"""Preprocesses the words of a command line before typer parses them, and checks words with a fixed set of values."""

from collections.abc import Iterable, Iterator

from heedful.errors import UserError, did_you_mean
from heedful.task.tasks import NAMES

_PAIR_OPTIONS = ("--train", "--valid", "--test")
TASK_HELP = ", ".join(NAMES)
FILES_HELP = (
    ".tsv, .csv or .jsonl; pairs also as two line-parallel files, labels as folders, trees in brackets; each may be .gz"
)
HELD_OUT = "a share of the training examples (language-model: the end of each text)"

OUT_HELP = "Write attention maps to a .html page, to .png, .pdf or .svg pictures, or as numbers to .npz or .jsonl."
SCALE_HELP = (
    "What the darkest shade stands for: `one` (the weight 1), `map`, `row` or `global` (the largest weight of the map, "
    "of each row or of all maps), or a number. `auto` is `one` for words in a table of up to 48 columns, else `map`, "
    "and keeps near-even maps of words pale."
)


def repeat_pair_options(words: Iterable[str]) -> list[str]:
    """Rewrites ``--train a.en a.de`` as ``--train a.en --train a.de``, since typer options take one value.

    The second word belongs to the option unless it is an option itself or the name of a task.
    """
    return list(_with_repeated_options(list(words)))


def _with_repeated_options(words: list[str]) -> Iterator[str]:
    option, taken = "", 0
    for word in words:
        if word in _PAIR_OPTIONS:
            option, taken = word, 0
        elif option and not word.startswith("-"):
            taken += 1
            # As in `heedful train --train a.tsv translate`, where the task comes last.
            if taken == 2 and word not in NAMES:
                yield option
            if taken == 2:
                option = ""
        else:
            option = ""
        yield word


def take_flag(words: list[str], flag: str) -> tuple[list[str], bool]:
    """Removes a flag, which may be anywhere before ``--``; returns the other words and whether it was there."""
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != flag] + words[end:]
    return kept, len(kept) < len(words)


def check_choice(word: str, choices: Iterable[str], what: str) -> None:
    """Checks that a word is one of the choices.

    Raises: UserError, if it is not; suggests the closest choice.
    """
    choices = list(choices)
    if word not in choices:
        raise UserError(f"no {what} is called {word!r}", hint=did_you_mean(word, choices))
