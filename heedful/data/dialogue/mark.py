"""Turn marks: tokens that open each turn and say whose it is, which no text can spell."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from heedful.data.tokenise import Tokeniser

ROLES = ("<own>", "<other>", "<other-2>", "<other-3>")
"""How marks are shown: a turn of whoever is to reply, of the other who spoke last, of the one before, of any further.

They tell speakers by their part in the exchange and not by name, so that what was learnt of one serves all.
"""


class MarkedTokeniser:
    """A tokeniser with a mark for each of `ROLES`, whose ids come after all ids that text can have.

    Text is encoded as the tokeniser within does, so that a person who types "<own>" has typed five characters.
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
        """The text of ids; marks are silent."""
        return self.base.decode([identity for identity in ids if not self.is_mark(identity)])

    def pieces(self, ids: Sequence[int]) -> list[str]:
        shown: list[str] = []
        for is_mark, run in groupby(ids, key=self.is_mark):
            own = list(run)
            shown += [ROLES[identity - self.base.size] for identity in own] if is_mark else self.base.pieces(own)
        return shown

    def typed(self, text: str) -> list[str]:
        return self.base.typed(text)

    def word_index(self, ids: Sequence[int]) -> list[int]:
        """Words of the turns; each mark is a word of its own."""
        words: list[int] = []
        for is_mark, run in groupby(ids, key=self.is_mark):
            own = list(run)
            first = words[-1] + 1 if words else 0
            words += [first + word for word in (range(len(own)) if is_mark else self.base.word_index(own))]
        return words

    def save(self, folder: Path, name: str) -> None:
        """Writes the tokeniser within: marks are the same for all."""
        self.base.save(folder, name)
