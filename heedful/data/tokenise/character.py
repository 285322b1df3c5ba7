"""Single characters: exact both ways, and the natural choice for Chinese."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from heedful.data.tokenise.base import CJK, CJK_MARKS, SILENT, Vocabulary

_WIDE = re.compile(f"[{CJK}{CJK_MARKS}]")
_SHOWN = {" ": "▁", "\t": "⇥", "\n": "⏎", "\u3000": "▁"}


class CharacterTokeniser:
    """Every character is a piece, the space too (shown as ▁), so that `decode` undoes `encode` exactly.

    Capitals are kept unless `lowercase`. Characters never seen in training become UNK.
    """

    def __init__(self, vocabulary: Vocabulary, *, lowercase: bool = False) -> None:
        self._vocabulary = vocabulary
        self.lowercase = lowercase

    @classmethod
    def train(
        cls, texts: Iterable[str], size: int = 30_000, *, lowercase: bool = False, min_count: int = 1
    ) -> "CharacterTokeniser":
        """Keeps the `size` commonest characters of the texts that occur at least `min_count` times.

        Raises: UserError, when there is no text.
        """
        characters = (character for text in texts for character in (text.lower() if lowercase else text))
        return cls(Vocabulary.of_commonest(characters, size, min_count), lowercase=lowercase)

    @property
    def size(self) -> int:
        return len(self._vocabulary)

    def encode(self, text: str) -> list[int]:
        return self._vocabulary.ids(text.lower() if self.lowercase else text)

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self._vocabulary.spoken(ids))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        texts = (self._vocabulary.pieces[index] for index in ids)
        return [_SHOWN.get(text, text) for text in texts]

    def typed(self, text: str) -> list[str]:
        read = text.lower() if self.lowercase else text
        return [_SHOWN.get(one, one) for one in (text if len(text) == len(read) else read)]

    def word_index(self, ids: Sequence[int]) -> list[int]:
        """Chinese and Japanese characters are words of their own; others belong together up to the next blank.

        A blank belongs to the word that it opens, as ▁ does in sentencepiece.
        """
        words: list[int] = []
        index, inside, opened = -1, False, False  # opened: by a blank, and nothing else is in the word yet
        for identity in ids:
            text = self._vocabulary.pieces[identity]
            alone = identity in SILENT or _WIDE.match(text) is not None
            goes_on = opened or (inside and not alone and not text.isspace())
            index += not goes_on
            inside, opened = not alone, text.isspace()
            words.append(index)
        return words

    def save(self, folder: Path, name: str) -> None:
        self._vocabulary.save(folder / f"{name}.vocab.json", kind="character", lowercase=self.lowercase)

    @classmethod
    def from_settings(cls, vocabulary: Vocabulary, settings: dict[str, Any]) -> "CharacterTokeniser":
        """Made again from a saved file's content."""
        return cls(vocabulary, lowercase=bool(settings.get("lowercase")))
