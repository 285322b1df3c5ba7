"""Speaker marks: special tokens that open each turn and say whose it is. No text can produce them."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from heedful.data.tokenise import Tokeniser

ROLES = ("<own>", "<other>", "<other-2>", "<other-3>")
"""How marks are displayed: the speaker who replies, the most recent other one, the one before, and all further ones.

Marks name roles and not speakers, so that a model applies what it has learnt to speakers it has not seen.
"""


class MarkedTokeniser:
    """A tokeniser with one mark for each of `ROLES`, whose ids follow those of the base tokeniser.

    Text is encoded by the base tokeniser, so a user who types "<own>" gets the pieces of these five characters.
    """

    def __init__(self, base: Tokeniser) -> None:
        self.base = base

    @property
    def size(self) -> int:
        return self.base.size + len(ROLES)

    def mark(self, role: int) -> int:
        """The id of the mark of ``ROLES[role]``."""
        return self.base.size + role

    def is_mark(self, identity: int) -> bool:
        """Whether an id is a mark."""
        return identity >= self.base.size

    def encode(self, text: str) -> list[int]:
        return self.base.encode(text)

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        return self.base.encode_all(texts)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, without marks."""
        return self.base.decode([identity for identity in ids if not self.is_mark(identity)])

    def pieces(self, ids: Sequence[int]) -> list[str]:
        shown: list[str] = []
        for is_mark, run in groupby(ids, key=self.is_mark):
            consecutive = list(run)
            if is_mark:
                shown += [ROLES[identity - self.base.size] for identity in consecutive]
            else:
                shown += self.base.pieces(consecutive)
        return shown

    def surface_pieces(self, text: str) -> list[str]:
        return self.base.surface_pieces(text)

    def word_index(self, ids: Sequence[int]) -> list[int]:
        """Words of the turns; each mark is a word of its own."""
        words: list[int] = []
        for is_mark, run in groupby(ids, key=self.is_mark):
            consecutive = list(run)
            # The base tokeniser counts from 0 in each turn.
            first = words[-1] + 1 if words else 0
            indices = range(len(consecutive)) if is_mark else self.base.word_index(consecutive)
            words += [first + word for word in indices]
        return words

    def save(self, folder: Path, name: str) -> None:
        """Writes the base tokeniser; the marks are the same for all."""
        self.base.save(folder, name)
