"""What every tokeniser can do, and the vocabulary that those with a plain list of pieces share."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

from heedful.errors import UserError
from heedful.shapes import BOS, EOS, PAD, UNK
from heedful.store import read_text, write_text_atomically

SPECIAL = {PAD: "<pad>", BOS: "<s>", EOS: "</s>", UNK: "<unk>"}
"""How the special ids are shown, in the order of their ids."""
SILENT = frozenset({PAD, BOS, EOS})
"""Ids that leave no trace in decoded text; an unknown piece does, so that a reader sees the gap."""

# Scripts written without spaces: kana, Han and its extensions. Each character is a word of its own here.
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
CJK_MARKS = "\u3001-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"


@runtime_checkable
class Tokeniser(Protocol):
    """Text to ids and back; ids 0 to 3 are PAD, BOS, EOS and UNK in every one."""

    @property
    def size(self) -> int:
        """How many ids there are, the special ones included: V of the model."""
        ...

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without BOS and EOS; what is not known becomes UNK, never an error."""
        ...

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text, fast for many."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; PAD, BOS and EOS are skipped, UNK shows as `<unk>` or a replacement sign."""
        ...

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """One string to show for each id, special ones included."""
        ...

    def typed(self, text: str) -> list[str]:
        """The same for each id that `encode` makes of the text, but what was typed there wherever that is known.

        So a reader sees unknown words, and the capitals of a text that is read without.
        """
        ...

    def word_index(self, ids: Sequence[int]) -> list[int]:
        """For each id the surface word it belongs to, counted from 0; a special id is a word of its own."""
        ...

    def save(self, folder: Path, name: str) -> None:
        """Writes plain files `folder/name.*` that `load_tokeniser` reads."""
        ...


class Vocabulary:
    """Pieces and their ids, special ones first. Unknown pieces have the id UNK."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self.pieces = (*SPECIAL.values(), *pieces)
        self._ids = {piece: index for index, piece in enumerate(self.pieces) if index not in SPECIAL}

    @classmethod
    def of_commonest(cls, pieces: Iterable[str], size: int, min_count: int) -> "Vocabulary":
        """The `size` commonest pieces (the special ones count) that occur at least `min_count` times.

        Of pieces equally common, the smaller in code point order comes first: the same text gives the same ids.
        Raises: UserError, when there is no text at all, or `size` leaves no room.
        """
        if size <= len(SPECIAL):
            raise UserError(f"a vocabulary of {size} has no room", hint=f"{len(SPECIAL)} ids are special: give more")
        counts = Counter(pieces)
        if not counts:
            raise UserError("there is no text to make a vocabulary from")
        ordered = sorted(counts, key=lambda piece: (-counts[piece], piece))
        return cls([piece for piece in ordered if counts[piece] >= min_count][: size - len(SPECIAL)])

    def __len__(self) -> int:
        return len(self.pieces)

    def ids(self, pieces: Iterable[str]) -> list[int]:
        """The id of each piece, UNK for those that are not known."""
        return [self._ids.get(piece, UNK) for piece in pieces]

    def spoken(self, ids: Iterable[int]) -> Iterator[str]:
        """The pieces that belong into decoded text."""
        return (self.pieces[index] for index in ids if index not in SILENT)

    def save(self, path: Path, **settings: Any) -> None:
        """Writes the pieces and a tokeniser's settings as one JSON object."""
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
            raise damaged(path, "there is no list of pieces")
        pieces = cast(list[str], pieces)
        if len(set(pieces)) != len(pieces):
            raise damaged(path, "a piece stands there twice")
        return cls(pieces), settings


def read_json(path: Path) -> dict[str, Any]:
    """Reads one JSON object.

    Raises: UserError, when the file is missing or holds something else.
    """
    try:
        content: Any = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise damaged(path, str(error)) from error
    if not isinstance(content, dict):
        raise damaged(path, "expected a JSON object")
    return cast(dict[str, Any], content)


def damaged(path: Path, reason: str) -> UserError:
    """The error for a tokeniser's file that cannot be used."""
    return UserError(f"this tokeniser is damaged: {reason}", where=str(path), hint="copy the whole run folder again")
