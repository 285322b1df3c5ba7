"""Characters as pieces: lossless, and the usual choice for Chinese."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from heedful.data.tokenise.base import CJK, CJK_MARKS, SILENT, Vocabulary

_WIDE = re.compile(f"[{CJK}{CJK_MARKS}]")
_SHOWN = {" ": "▁", "\t": "⇥", "\n": "⏎", "\u3000": "▁"}


class CharacterTokeniser:
    """Each character is a piece, including the space (displayed as ▁), so `decode` inverts `encode` exactly.

    Case is kept unless `lowercase`. Characters that training has not seen become UNK.
    """

    def __init__(self, vocabulary: Vocabulary, *, lowercase: bool = False) -> None:
        self._vocabulary = vocabulary
        self.lowercase = lowercase

    @classmethod
    def train(
        cls, texts: Iterable[str], size: int = 30_000, *, lowercase: bool = False, min_count: int = 1
    ) -> "CharacterTokeniser":
        """Keeps the `size` most frequent characters that occur at least `min_count` times.

        Raises: UserError, when there is no text.
        """
        characters = (character for text in texts for character in (text.lower() if lowercase else text))
        return cls(Vocabulary.build(characters, size, min_count), lowercase=lowercase)

    @property
    def size(self) -> int:
        return len(self._vocabulary)

    def encode(self, text: str) -> list[int]:
        return self._vocabulary.ids(text.lower() if self.lowercase else text)

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self._vocabulary.text_pieces(ids))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        texts = (self._vocabulary.pieces[index] for index in ids)
        return [_SHOWN.get(text, text) for text in texts]

    def surface_pieces(self, text: str) -> list[str]:
        # A few letters become two in lower case ("İ"), and then characters and ids no longer correspond.
        encoded = text.lower() if self.lowercase else text
        shown = text if len(text) == len(encoded) else encoded
        return [_SHOWN.get(character, character) for character in shown]

    def word_index(self, ids: Sequence[int]) -> list[int]:
        """Each Chinese or Japanese character is a word; other characters form words between white space.

        A space belongs to the word after it, as ▁ does in sentencepiece.
        """
        words: list[int] = []
        # after_space: the word consists of a space so far, and takes the next character whatever that is.
        index, inside, after_space = -1, False, False
        for identity in ids:
            text = self._vocabulary.pieces[identity]
            alone = identity in SILENT or _WIDE.match(text) is not None
            continues = after_space or (inside and not alone and not text.isspace())
            index += not continues
            inside, after_space = not alone, text.isspace()
            words.append(index)
        return words

    def save(self, folder: Path, name: str) -> None:
        self._vocabulary.save(folder / f"{name}.vocab.json", kind="character", lowercase=self.lowercase)

    @classmethod
    def from_settings(cls, vocabulary: Vocabulary, settings: dict[str, Any]) -> "CharacterTokeniser":
        """The tokeniser of a saved file's content."""
        return cls(vocabulary, lowercase=bool(settings.get("lowercase")))
