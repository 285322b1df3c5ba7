"""Words for small treebanks: what was seen has its own id, what was not is known by its shape and ending."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.data.tokenise.base import SPECIAL, Vocabulary, damaged
from heedful.data.tokenise.shape import LONGEST_ENDING, classes, common_classes, form, is_class, parts_of
from heedful.errors import UserError


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
        kept = common_classes(counts, rare)
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
            own = [] if index in SPECIAL else parts_of(piece)
            row = [names.setdefault(name, len(names)) for name in own]
            rows.append(row + [-1] * (LONGEST_ENDING + 1 - len(row)))
        return torch.tensor(rows)

    def hidden_as(self) -> Int[Tensor, " V"]:
        """For each id that of its finest class; classes and special ids are their own."""
        rows = [
            index if index in SPECIAL or is_class(piece) else self._class(piece)
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
