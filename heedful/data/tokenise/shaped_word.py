"""Words as pieces, with classes of shape and ending for rare words."""

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from heedful.data.tokenise.base import SPECIAL, Vocabulary
from heedful.data.tokenise.shape import common_classes, without_digits, word_classes
from heedful.data.tokenise.word import WordTokeniser, split_words
from heedful.shapes import UNK


class ShapedWordTokeniser(WordTokeniser):
    """Splits like `WordTokeniser`, and encodes an unknown word as a class of words that look like it.

    An unknown word becomes the finest class of its shape and ending that training has seen, such as
    ``<Capital -ing>``. Digits are replaced by 0, so that 1985 and 2001 are the same word.
    """

    kind: ClassVar[str] = "shaped-word"

    @classmethod
    def train(
        cls, texts: Iterable[str], size: int = 30_000, *, lowercase: bool = False, min_count: int = 2
    ) -> "ShapedWordTokeniser":
        """Keeps the `size` most frequent words seen `min_count` times, and the classes of all others.

        A class is kept if two different words share it, a class of a shape alone if one word has it.
        Raises: UserError, when there is no text.
        """
        counts = Counter(piece for text in texts for piece in split_words(text, False))
        keys = (_key(piece, lowercase) for piece in counts.elements())
        words = Vocabulary.build(keys, size, min_count).pieces[len(SPECIAL) :]
        known = set(words)
        unknown = {without_digits(piece) for piece in counts if _key(piece, lowercase) not in known}
        return cls(Vocabulary([*common_classes(sorted(unknown), 2), *words]), lowercase=lowercase)

    def encode(self, text: str) -> list[int]:
        return [self._id(piece) for piece in split_words(text, False)]

    def surface_pieces(self, text: str) -> list[str]:
        return list(split_words(text, False))

    def _id(self, piece: str) -> int:
        ids = self._vocabulary.ids([_key(piece, self.lowercase), *word_classes(piece)])
        return next((index for index in ids if index != UNK), UNK)


def _key(piece: str, lowercase: bool) -> str:
    """The form of a word that is counted and looked up."""
    return without_digits(piece.lower() if lowercase else piece)
