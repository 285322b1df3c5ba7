"""Words for small treebanks: what was seen has its own id, what was not is known by its shape and ending."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.data.tokenise.base import SPECIAL, Vocabulary, damaged
from heedful.errors import UserError

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


class KnownWords:
    """Ids of words; a word that is not known gets the id of the finest class that training has seen.

    Features of a word are its shape and its endings of 1 to 3 letters, which known words and classes share.
    """

    def __init__(self, vocabulary: Vocabulary, counts: Sequence[int]) -> None:
        """`counts` says how often each piece stood in the training text, special ones included."""
        self._vocabulary, self.counts = vocabulary, tuple(counts)

    @classmethod
    def train(cls, sentences: Iterable[Sequence[str]], size: int = 20_000, *, rare: int = 2) -> "KnownWords":
        """All forms of the sentences, the `size` commonest where there are more, and the classes of `rare` forms.

        A class is kept when at least `rare` different forms belong to it; shapes alone always are.
        Raises: UserError, when there is no word.
        """
        counts = Counter(form(word) for sentence in sentences for word in sentence)
        if not counts:
            raise UserError("there is no word to learn from")
        kinds = Counter(kind for word in counts for kind in classes(word))
        kept = sorted(kind for kind, times in kinds.items() if times >= rare or kind.endswith(" >"))
        words = sorted(counts, key=lambda word: (-counts[word], word))[:size]
        return cls(Vocabulary([*kept, *words]), [0] * (len(SPECIAL) + len(kept)) + [counts[word] for word in words])

    @property
    def size(self) -> int:
        """How many ids there are."""
        return len(self._vocabulary)

    def ids(self, words: Iterable[str]) -> list[int]:
        """The id of each word, or of its class."""
        return [self._id(word) for word in words]

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """What stands behind ids, classes as ``<lower -ing>``."""
        return [self._vocabulary.pieces[index] for index in ids]

    def knows(self, word: str) -> bool:
        """Whether the word has an id of its own."""
        return form(word) == self._vocabulary.pieces[self._id(word)]

    def features(self) -> Int[Tensor, "V K"]:
        """The features of each id, numbered from 0; -1 for none."""
        names: dict[str, int] = {}
        rows: list[list[int]] = []
        for index, piece in enumerate(self._vocabulary.pieces):
            own = [] if index in SPECIAL else _features(piece)
            row = [names.setdefault(name, len(names)) for name in own]
            rows.append(row + [-1] * (LONGEST_ENDING + 1 - len(row)))
        return torch.tensor(rows)

    def hidden_as(self) -> Int[Tensor, " V"]:
        """For each id that of its finest class; classes and special ids are their own."""
        rows = [
            index if index in SPECIAL or _is_class(piece) else self._class(piece)
            for index, piece in enumerate(self._vocabulary.pieces)
        ]
        return torch.tensor(rows)

    def hiding(self, strength: float) -> Float[Tensor, " V"]:
        """How often each word is to be hidden in training: ``a / (a + count)``; never a class or a special id."""
        counts = torch.tensor(self.counts, dtype=torch.float32)
        return torch.where(counts > 0, strength / (strength + counts), 0.0)

    def save(self, folder: Path, name: str) -> None:
        """Writes ``folder/name.words.json``."""
        self._vocabulary.save(folder / f"{name}.words.json", kind="words", counts=self.counts)

    @classmethod
    def load(cls, folder: Path, name: str) -> "KnownWords":
        """Reads what `save` wrote.

        Raises: UserError, when the file is missing or damaged.
        """
        path = folder / f"{name}.words.json"
        vocabulary, settings = Vocabulary.load(path)
        counts: Any = settings.get("counts")
        if not isinstance(counts, list) or len(counts) != len(vocabulary):
            raise damaged(path, "there is not one count a piece")
        return cls(vocabulary, counts)

    def _id(self, word: str) -> int:
        (own,) = self._vocabulary.ids([form(word)])
        return own if own not in SPECIAL else self._class(word)

    def _class(self, word: str) -> int:
        ids = self._vocabulary.ids(classes(word))
        return next((index for index in ids if index not in SPECIAL), next(iter(ids)))


def _is_class(piece: str) -> bool:
    return piece.startswith(_CLASS) and piece.endswith(">") and " " in piece


def _features(piece: str) -> list[str]:
    """Names of the features of a word or class: the shape, and each ending that it has or tells."""
    if _is_class(piece):
        kind, _, ending = piece[len(_CLASS) : -1].partition(" ")
        ending = ending.removeprefix("-")
        return [kind, *(ending[-size:] for size in range(1, len(ending) + 1))]
    plain = piece.lower()
    return [shape(piece), *(plain[-size:] for size in range(1, min(LONGEST_ENDING, len(plain) - 1) + 1))]
