"""A vocabulary for small treebanks: unknown words are classified by shape and ending."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.data.tokenise.base import SPECIAL, Vocabulary, damaged
from heedful.data.tokenise.shape import (
    LONGEST_ENDING,
    common_classes,
    is_class,
    without_digits,
    word_classes,
    word_features,
)
from heedful.errors import UserError


class KnownWords:
    """Ids of words. An unknown word gets the id of its finest class that training has seen.

    The features of a word are its shape and its endings of 1 to 3 letters; words and classes share them.
    """

    def __init__(self, vocabulary: Vocabulary, counts: Sequence[int]) -> None:
        """`counts` holds the frequency of each piece in the training text, including special ones."""
        self._vocabulary, self.counts = vocabulary, tuple(counts)

    @classmethod
    def train(cls, sentences: Iterable[Sequence[str]], size: int = 20_000, *, rare: int = 2) -> "KnownWords":
        """Keeps the `size` most frequent words of the sentences, and all classes that they belong to.

        A class is kept if at least `rare` different words belong to it, a class of a shape alone always.
        Raises: UserError, when there is no word.
        """
        counts = Counter(without_digits(word) for sentence in sentences for word in sentence)
        if not counts:
            raise UserError("there is no word to learn from")
        kept = common_classes(counts, rare)
        # Ties by code point, so that the same trees give the same ids.
        words = sorted(counts, key=lambda word: (-counts[word], word))[:size]
        return cls(Vocabulary([*kept, *words]), [0] * (len(SPECIAL) + len(kept)) + [counts[word] for word in words])

    @property
    def size(self) -> int:
        """The number of ids."""
        return len(self._vocabulary)

    def ids(self, words: Iterable[str]) -> list[int]:
        """The id of each word, or of its class."""
        return [self._id(word) for word in words]

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The words of ids; a class is written as ``<lower -ing>``."""
        return [self._vocabulary.pieces[index] for index in ids]

    def knows(self, word: str) -> bool:
        """Whether the word has its own id."""
        return without_digits(word) == self._vocabulary.pieces[self._id(word)]

    def features(self) -> Int[Tensor, "V K"]:
        """The features of each id, numbered from 0 and padded with -1."""
        names: dict[str, int] = {}
        rows: list[list[int]] = []
        for index, piece in enumerate(self._vocabulary.pieces):
            features = [] if index in SPECIAL else word_features(piece)
            row = [names.setdefault(name, len(names)) for name in features]
            rows.append(row + [-1] * (LONGEST_ENDING + 1 - len(row)))
        return torch.tensor(rows)

    def class_ids(self) -> Int[Tensor, " V"]:
        """For each id, the id of its finest class; classes and special ids map to themselves."""
        rows = [
            index if index in SPECIAL or is_class(piece) else self._class(piece)
            for index, piece in enumerate(self._vocabulary.pieces)
        ]
        return torch.tensor(rows)

    def masking_rates(self, strength: float) -> Float[Tensor, " V"]:
        """The probability with which training replaces each word by its class: ``a / (a + count)`` for strength a.

        Frequent words are rarely replaced, classes and special ids never.
        """
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
            raise damaged(path, "the numbers of pieces and counts differ")
        return cls(vocabulary, counts)

    def _id(self, word: str) -> int:
        (index,) = self._vocabulary.ids([without_digits(word)])
        return index if index not in SPECIAL else self._class(word)

    def _class(self, word: str) -> int:
        ids = self._vocabulary.ids(word_classes(word))
        return next((index for index in ids if index not in SPECIAL), next(iter(ids)))
