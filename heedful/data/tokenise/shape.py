"""Word shapes: the kind of letters and the ending, by which unknown words are classified."""

import re
from collections import Counter
from collections.abc import Iterable

_DIGIT = re.compile(r"\d")
_CLASS = "<"
"""The first character of a class name. No word is mistaken for a class, since class names contain a space."""

LONGEST_ENDING = 3


def without_digits(word: str) -> str:
    """The word with each digit replaced by 0, so that 61 and 62 are the same word."""
    return _DIGIT.sub("0", word)


def word_shape(word: str) -> str:
    """The kind of a word's letters: number, mixed, mark, CAPITALS, Capital or lower; and whether it has a hyphen."""
    letters = [letter for letter in word if letter.isalpha()]
    if _DIGIT.search(word):
        kind = "number" if not letters else "mixed"
    elif not letters:
        kind = "mark"
    # A single capital letter may as well begin a name: "I", "A".
    elif word.isupper() and len(letters) > 1:
        kind = "CAPITALS"
    elif word[0].isupper():
        kind = "Capital"
    else:
        kind = "lower"
    return f"{kind}-hyphen" if "-" in word[1:-1] and letters else kind


def word_classes(word: str) -> list[str]:
    """The classes of a word, finest first: its shape with an ending of 3, 2, 1 letters, and its shape alone."""
    kind, plain = word_shape(word), without_digits(word).lower()
    # At least one letter stays before the ending, or it would be the word itself.
    endings = [plain[-size:] for size in range(min(LONGEST_ENDING, len(plain) - 1), 0, -1)]
    return [f"{_CLASS}{kind} -{ending}>" for ending in endings] + [f"{_CLASS}{kind} >"]


def is_class(piece: str) -> bool:
    """Whether a piece is the name of a class."""
    return piece.startswith(_CLASS) and piece.endswith(">") and " " in piece


def word_features(piece: str) -> list[str]:
    """The shape and the endings of a word, or those that a class name states."""
    if is_class(piece):
        kind, _, ending = piece[len(_CLASS) : -1].partition(" ")
        ending = ending.removeprefix("-")
        return [kind, *(ending[-size:] for size in range(1, len(ending) + 1))]
    plain = piece.lower()
    return [word_shape(piece), *(plain[-size:] for size in range(1, min(LONGEST_ENDING, len(plain) - 1) + 1))]


def common_classes(words: Iterable[str], min_count: int) -> list[str]:
    """The classes of at least `min_count` words, and all classes of a shape alone; sorted by name."""
    counts = Counter(kind for word in words for kind in word_classes(word))
    return sorted(kind for kind, count in counts.items() if count >= min_count or kind.endswith(" >"))
