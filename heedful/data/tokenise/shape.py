"""What a word looks like, for those that training has not seen: its letters' kind and its ending."""

import re
from collections import Counter
from collections.abc import Iterable

_DIGIT = re.compile(r"\d")
_CLASS = "<"
"""How the names of classes begin; a word that begins so is never looked up as one, for classes have a blank inside."""

LONGEST_ENDING = 3


def form(word: str) -> str:
    """A word as it is counted: digits are all 0, so that 61 and 62 are one."""
    return _DIGIT.sub("0", word)


def shape(word: str) -> str:
    """What kind of letters: a number, capitals, a capital first, hyphenated, lower case, or none at all."""
    letters = [letter for letter in word if letter.isalpha()]
    if _DIGIT.search(word):
        kind = "number" if not letters else "mixed"
    elif not letters:
        kind = "mark"
    elif word.isupper() and len(letters) > 1:
        kind = "CAPITALS"
    elif word[0].isupper():
        kind = "Capital"
    else:
        kind = "lower"
    return f"{kind}-hyphen" if "-" in word[1:-1] and letters else kind


def classes(word: str) -> list[str]:
    """The classes of a word from the finest to the coarsest: shape and an ending of 3, 2, 1 letters, shape alone."""
    kind, plain = shape(word), form(word).lower()
    endings = [plain[-size:] for size in range(min(LONGEST_ENDING, len(plain) - 1), 0, -1)]
    return [f"{_CLASS}{kind} -{ending}>" for ending in endings] + [f"{_CLASS}{kind} >"]


def is_class(piece: str) -> bool:
    """Whether a piece is the name of a class."""
    return piece.startswith(_CLASS) and piece.endswith(">") and " " in piece


def parts_of(piece: str) -> list[str]:
    """The shape, and each ending, that a word has or a class tells."""
    if is_class(piece):
        kind, _, ending = piece[len(_CLASS) : -1].partition(" ")
        ending = ending.removeprefix("-")
        return [kind, *(ending[-size:] for size in range(1, len(ending) + 1))]
    plain = piece.lower()
    return [shape(piece), *(plain[-size:] for size in range(1, min(LONGEST_ENDING, len(plain) - 1) + 1))]


def common_classes(words: Iterable[str], least: int) -> list[str]:
    """The classes of words, in order of their names: those of at least `least` words, and all shapes alone."""
    counts = Counter(kind for word in words for kind in classes(word))
    return sorted(kind for kind, times in counts.items() if times >= least or kind.endswith(" >"))
