"""Words, of which the rare ones are known by their shape and ending."""

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from heedful.data.tokenise.base import SPECIAL, Vocabulary
from heedful.data.tokenise.shape import classes, common_classes, form
from heedful.data.tokenise.word import WordTokeniser, split_words
from heedful.shapes import UNK


class ShapedWordTokeniser(WordTokeniser):
    """Words as `WordTokeniser` splits them, but that an unknown one says what it looks like.

    It is not UNK but the finest class of its shape and ending that training knows, capitals included, as
    ``<Capital -ing>``; and digits are all 0, so that 1985 and 2001 are one word.
    """

    kind: ClassVar[str] = "shaped-word"

    @classmethod
    def train(
        cls, texts: Iterable[str], size: int = 30_000, *, lowercase: bool = False, min_count: int = 2
    ) -> "ShapedWordTokeniser":
        """Keeps the `size` commonest words seen `min_count` times, and beside them the classes of the others.

        A class is kept where two different words share it, a shape alone where one has it.
        Raises: UserError, when there is no text.
        """
        seen = Counter(piece for text in texts for piece in split_words(text, False))
        keys = (_key(piece, lowercase) for piece in seen.elements())
        own = Vocabulary.of_commonest(keys, size, min_count).pieces[len(SPECIAL) :]
        known = set(own)
        others = {form(piece) for piece in seen if _key(piece, lowercase) not in known}
        return cls(Vocabulary([*common_classes(sorted(others), 2), *own]), lowercase=lowercase)

    def encode(self, text: str) -> list[int]:
        return [self._id(piece) for piece in split_words(text, False)]

    def typed(self, text: str) -> list[str]:
        return list(split_words(text, False))

    def _id(self, piece: str) -> int:
        ids = self._vocabulary.ids([_key(piece, self.lowercase), *classes(piece)])
        return next((index for index in ids if index != UNK), UNK)


def _key(piece: str, lowercase: bool) -> str:
    """A word as it is counted and looked up."""
    return form(piece.lower() if lowercase else piece)
