"""Words and punctuation marks as pieces: for small or clean text, where maps should show whole words."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.tokenise.base import CJK, CJK_MARKS, Vocabulary

_LATIN_MARKS = "!-/:-@\\[-`{-~¡-©«¬®-±´¶-¸»-¿×÷"  # without ª ² ³ µ ¹ º, which are parts of words: km², 1º
_MARKS = rf"{_LATIN_MARKS}\u061b\u061d-\u061f\u060c\u06d4\u0964\u0965\u2010-\u2027\u2030-\u205e{CJK_MARKS}"
_EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff"
_ALONE = f"{_MARKS}{_EMOJI}{CJK}"
# Soft hyphen, zero-width space, marks of direction, byte order mark: kept inside a word, and no part of it at its ends.
_INVISIBLE = "\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
# Joiners and variation selectors change the letter before them, and are nothing alone.
_JOINERS = "\u200c\u200d\ufe00-\ufe0f"
_LETTER = rf"[^\s{_ALONE}{_INVISIBLE}]"
_WORD = rf"(?![{_JOINERS}]){_LETTER}+(?:[{_INVISIBLE}]+{_LETTER}+)*"
# In this order: a word ends at a full stop, so that numbers and abbreviations have to be tried first.
_PIECE = re.compile(
    rf"\d+(?:[.,:]\d+)+"  # 3.5, 1,000, 12:30
    r"|(?:[A-Za-z]\.){2,}"  # U.S., a.m.
    rf"|{_WORD}(?:['’-]{_WORD})*(?:-(?!\S))?"  # dog, don't, black-and-white, Fuß- und Handball
    rf"|[{_ALONE}]"  # a mark, an emoji, a Chinese character
)

_TO_THE_LEFT = frozenset(".,;:!?)]}%…’”»")  # no space before these
_TO_THE_RIGHT = frozenset("([{“‘„«¿¡$£€#@")  # no space after these
_TIGHT = frozenset("/_")  # no space on either side
_CLOSING = {'"': '"', "'": "'", "„": "“", "‚": "‘"}  # quotes whose other half looks like an opening mark
_WIDE = re.compile(rf"[{CJK}{CJK_MARKS}]")


class WordTokeniser:
    """Splits text into words, single punctuation marks and single Chinese or Japanese characters.

    A word keeps inner apostrophes and hyphens, an abbreviation like "U.S." its full stops, and a number its points,
    commas and colons. Invisible characters, such as a soft hyphen, are kept inside a word and dropped elsewhere.
    Case is kept unless `lowercase`.

    `decode` joins pieces as in print: no space before . , ; : ! ? ) ] } and closing quotes, none after ( [ { and
    opening quotes, none around Chinese characters, and one space elsewhere; straight quotes open and close in turn.
    Ordinary text is thus restored; spaces around punctuation marks are lost.

    >>> tokeniser = WordTokeniser.train(["Don't panic, please!"])
    >>> ids = tokeniser.encode("Please panic!")
    >>> tokeniser.pieces(ids), tokeniser.decode(ids)
    (['<unk>', 'panic', '!'], '<unk> panic!')
    """

    kind: ClassVar[str] = "word"
    """The name of this kind in saved files."""

    def __init__(self, vocabulary: Vocabulary, *, lowercase: bool = False) -> None:
        self._vocabulary = vocabulary
        self.lowercase = lowercase

    @classmethod
    def train(
        cls, texts: Iterable[str], size: int = 30_000, *, lowercase: bool = False, min_count: int = 1
    ) -> "WordTokeniser":
        """Keeps the `size` most frequent pieces that occur at least `min_count` times.

        With `min_count` 2, words seen once become UNK in training, from which a model learns to handle UNK.
        Raises: UserError, when there is no text.
        """
        pieces = (piece for text in texts for piece in split_words(text, lowercase))
        return cls(Vocabulary.build(pieces, size, min_count), lowercase=lowercase)

    @property
    def size(self) -> int:
        return len(self._vocabulary)

    def encode(self, text: str) -> list[int]:
        return self._vocabulary.ids(split_words(text, self.lowercase))

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        return join_pieces(self._vocabulary.text_pieces(ids))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return [self._vocabulary.pieces[index] for index in ids]

    def surface_pieces(self, text: str) -> list[str]:
        # A few letters become two in lower case ("İ"), which can change how a word is split.
        shown, encoded = (list(split_words(text, lowercase)) for lowercase in (False, self.lowercase))
        return shown if len(shown) == len(encoded) else encoded

    def word_index(self, ids: Sequence[int]) -> list[int]:
        """Each piece is a word, including punctuation marks."""
        return list(range(len(ids)))

    def save(self, folder: Path, name: str) -> None:
        self._vocabulary.save(folder / f"{name}.vocab.json", kind=self.kind, lowercase=self.lowercase)

    @classmethod
    def from_settings(cls, vocabulary: Vocabulary, settings: dict[str, Any]) -> "WordTokeniser":
        """The tokeniser of a saved file's content."""
        return cls(vocabulary, lowercase=bool(settings.get("lowercase")))


def join_pieces(pieces: Iterable[str]) -> str:
    """Joins words and marks to running text, by the rules that `WordTokeniser` states."""
    out: list[str] = []
    expected: list[str] = []  # closing quotes of the quotations that are open
    last, no_space = "", True  # no_space: the next piece follows without a space
    for piece in pieces:
        # A straight quote looks the same at both ends: it closes the innermost quotation that is open, or else opens
        # one.
        closes = bool(expected) and piece == expected[-1]
        opens = not closes and piece in _CLOSING
        if closes:
            expected.pop()
        elif opens:
            expected.append(_CLOSING[piece])
        out.append(piece if no_space or closes or _attaches(piece, last) else f" {piece}")
        last, no_space = piece, opens or piece in _TIGHT or (piece in _TO_THE_RIGHT and not closes)
    return "".join(out)


def _attaches(piece: str, last: str) -> bool:
    """Whether `piece` follows `last` without a space, quotes aside."""
    wide = _WIDE.match(piece) is not None or _WIDE.match(last) is not None
    return piece in _TO_THE_LEFT or piece in _TIGHT or wide


def split_words(text: str, lowercase: bool) -> Iterator[str]:
    """The pieces of a text: words, single marks, and single Chinese or Japanese characters."""
    return (match[0] for match in _PIECE.finditer(text.lower() if lowercase else text))
