"""The interface of tokenisers, and the vocabulary of those that have a plain list of pieces."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

from heedful.errors import UserError
from heedful.shapes import BOS, EOS, PAD, UNK
from heedful.store import read_text, write_text_atomically

SPECIAL = {PAD: "<pad>", BOS: "<s>", EOS: "</s>", UNK: "<unk>"}
"""How the special ids are displayed, in the order of the ids."""
SILENT = frozenset({PAD, BOS, EOS})
"""Ids that decoding skips. UNK is not among them, so that a reader sees where a piece was unknown."""

# Scripts written without spaces: kana, Han and its extensions. Each of their characters counts as a word.
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
CJK_MARKS = "\u3001-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"


@runtime_checkable
class Tokeniser(Protocol):
    """Converts text to ids and back. Ids 0 to 3 are PAD, BOS, EOS and UNK in every tokeniser."""

    @property
    def size(self) -> int:
        """The number of ids, including the special ones: the vocabulary size V of a model."""
        ...

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without BOS and EOS. Unknown pieces become UNK."""
        ...

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` for many texts, which may be faster than one by one."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids. PAD, BOS and EOS are skipped; UNK becomes `<unk>` or a replacement character."""
        ...

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """One string to display for each id, including special ones."""
        ...

    def surface_pieces(self, text: str) -> list[str]:
        """For each id of `encode(text)`, the part of the original text that it stands for, where that is known.

        Unlike `pieces`, it shows unknown words, and the capitals that a lower-casing tokeniser drops.
        """
        ...

    def word_index(self, ids: Sequence[int]) -> list[int]:
        """For each id, the index of the word it belongs to, from 0. Each special id is a word of its own."""
        ...

    def save(self, folder: Path, name: str) -> None:
        """Writes plain files `folder/name.*` that `load_tokeniser` reads."""
        ...


class Vocabulary:
    """Pieces and their ids, special ones first. Unknown pieces have the id UNK."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self.pieces = (*SPECIAL.values(), *pieces)
        # Text that spells "<s>" must not get the id of BOS, so the special pieces are not looked up.
        self._ids = {piece: index for index, piece in enumerate(self.pieces) if index not in SPECIAL}

    @classmethod
    def build(cls, pieces: Iterable[str], size: int, min_count: int) -> "Vocabulary":
        """The `size` most frequent pieces (including the special ones) that occur at least `min_count` times.

        Pieces of equal frequency are ordered by code point, so that the same text gives the same ids.
        Raises: UserError, when there is no text, or `size` leaves no room for a piece.
        """
        if size <= len(SPECIAL):
            raise UserError(
                f"a vocabulary of {size} has no room for pieces",
                hint=f"{len(SPECIAL)} ids are special: choose a larger size",
            )
        counts = Counter(pieces)
        if not counts:
            raise UserError("there is no text to build a vocabulary from")
        ordered = sorted(counts, key=lambda piece: (-counts[piece], piece))
        return cls([piece for piece in ordered if counts[piece] >= min_count][: size - len(SPECIAL)])

    def __len__(self) -> int:
        return len(self.pieces)

    def ids(self, pieces: Iterable[str]) -> list[int]:
        """The id of each piece, UNK for unknown ones."""
        return [self._ids.get(piece, UNK) for piece in pieces]

    def text_pieces(self, ids: Iterable[int]) -> Iterator[str]:
        """The pieces of ids, without those that decoding skips."""
        return (self.pieces[index] for index in ids if index not in SILENT)

    def save(self, path: Path, **settings: Any) -> None:
        """Writes the pieces and the tokeniser's settings as one JSON object."""
        content = {**settings, "pieces": self.pieces[len(SPECIAL) :]}
        write_text_atomically(path, json.dumps(content, ensure_ascii=False, indent=0) + "\n")

    @classmethod
    def load(cls, path: Path) -> tuple["Vocabulary", dict[str, Any]]:
        """Reads what `save` wrote.

        Raises: UserError, when the file is missing or damaged.
        """
        settings = read_json(path)
        pieces = settings.pop("pieces", None)
        if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in cast(list[Any], pieces)):
            raise damaged(path, "it holds no list of pieces")
        pieces = cast(list[str], pieces)
        if len(set(pieces)) != len(pieces):
            raise damaged(path, "it holds a piece twice")
        return cls(pieces), settings


def read_json(path: Path) -> dict[str, Any]:
    """Reads one JSON object.

    Raises: UserError, when the file is missing or holds anything else.
    """
    try:
        content: Any = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise damaged(path, str(error)) from error
    if not isinstance(content, dict):
        raise damaged(path, "expected a JSON object")
    return cast(dict[str, Any], content)


def damaged(path: Path, reason: str) -> UserError:
    """The error for an unusable file of a tokeniser."""
    return UserError(f"this tokeniser is damaged: {reason}", where=str(path), hint="copy the whole run folder again")
