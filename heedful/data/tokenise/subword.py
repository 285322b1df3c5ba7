"""Subword pieces by sentencepiece: the default for real text, with no unknown characters at all."""

import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sentencepiece

from heedful.data.tokenise.base import SILENT, SPECIAL, damaged, read_json
from heedful.errors import UserError, did_you_mean
from heedful.shapes import BOS, EOS, PAD, UNK
from heedful.store import replacing, write_text_atomically

_ALGORITHMS = ("unigram", "bpe")
_BLANK = "▁"
_BYTES = 256  # with byte fallback every byte has a piece
_MOST_TEXTS = 1_000_000  # more do not make better pieces; a regular sample is taken
_LONGEST = 20_000  # characters of a text that are looked at


class SentencePieceTokeniser:
    """Pieces of words learnt from text; a character it never saw is spelt in bytes, so nothing is unknown.

    `decode` undoes `encode` up to runs of blanks, which become one space: the text is not normalised otherwise.
    Source: Kudo, Richardson 2018 (arXiv:1808.06226); unigram: Kudo 2018 (arXiv:1804.10959); bpe: Sennrich et al.
    2016 (arXiv:1508.07909).
    """

    def __init__(self, model: bytes, *, lowercase: bool = False) -> None:
        self._processor: Any = sentencepiece.SentencePieceProcessor(model_proto=model)
        self._model = model
        self.lowercase = lowercase

    @classmethod
    def train(
        cls, texts: Iterable[str], size: int = 8000, *, algorithm: str = "unigram", lowercase: bool = False
    ) -> "SentencePieceTokeniser":
        """Learns at most `size` pieces; fewer where the text does not hold so many, and `size` then says how many.

        Give the texts of both languages for a joint vocabulary. The same text gives the same pieces.
        `algorithm` is sentencepiece's "unigram" or "bpe".
        Raises: UserError, when there is no text, `size` is below what bytes need, or the algorithm is unknown.
        """
        if algorithm not in _ALGORITHMS:
            raise UserError(f"unknown algorithm {algorithm!r}", hint=did_you_mean(algorithm, _ALGORITHMS))
        lines = _thinned([_prepared(text, lowercase) for text in texts])
        if not lines:
            raise UserError("there is no text to learn pieces from")
        _check_size(size)
        return cls(_learn(lines, size, algorithm), lowercase=lowercase)

    @property
    def size(self) -> int:
        return self._processor.vocab_size()

    def encode(self, text: str) -> list[int]:
        return self._processor.encode(_prepared(text, self.lowercase))

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        return self._processor.encode([_prepared(text, self.lowercase) for text in texts])

    def decode(self, ids: Sequence[int]) -> str:
        return self._processor.decode([int(index) for index in ids if index not in SILENT])

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return [self._processor.id_to_piece(int(index)) for index in ids]

    def typed(self, text: str) -> list[str]:
        return self.pieces(self.encode(text))

    def word_index(self, ids: Sequence[int]) -> list[int]:
        """A word starts at the piece with ▁ in front, so words are what stands between blanks."""
        words: list[int] = []
        index, after_special = -1, True
        for identity, piece in zip(ids, self.pieces(ids), strict=True):
            special = identity in SILENT
            index += special or after_special or piece.startswith(_BLANK)
            after_special = special
            words.append(index)
        return words

    def save(self, folder: Path, name: str) -> None:
        with replacing(folder / f"{name}.model") as temporary:
            temporary.write_bytes(self._model)
        settings = {"kind": "sentencepiece", "lowercase": self.lowercase}
        write_text_atomically(folder / f"{name}.tokeniser.json", json.dumps(settings) + "\n")

    @classmethod
    def load(cls, folder: Path, name: str) -> "SentencePieceTokeniser":
        """Reads what `save` wrote, or a plain sentencepiece model that was trained with the ids of this package.

        Raises: UserError, when a file is damaged or the special ids are others.
        """
        path, settings = folder / f"{name}.model", folder / f"{name}.tokeniser.json"
        lowercase = bool(read_json(settings).get("lowercase")) if settings.exists() else False
        try:
            loaded = cls(path.read_bytes(), lowercase=lowercase)
            if loaded.size <= len(SPECIAL):
                raise damaged(path, "it holds no pieces")
            found = [loaded._processor.id_to_piece(index) for index in SPECIAL]
        except (OSError, RuntimeError, IndexError) as error:
            raise damaged(path, str(error)) from error
        if found != list(SPECIAL.values()):
            raise damaged(path, f"the ids 0 to 3 are {', '.join(found)}, expected {', '.join(SPECIAL.values())}")
        return loaded

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._model, self.lowercase)


def _rebuild(model: bytes, lowercase: bool) -> SentencePieceTokeniser:
    return SentencePieceTokeniser(model, lowercase=lowercase)


def _prepared(text: str, lowercase: bool) -> str:
    """All blanks of Unicode as single spaces: the only thing that encoding loses."""
    text = " ".join(text.split())
    return text.lower() if lowercase else text


def _thinned(lines: list[str]) -> list[str]:
    """A regular sample that is quick to learn from, without empty lines."""
    return [line[:_LONGEST] for line in lines[:: len(lines) // _MOST_TEXTS + 1] if line]


def _check_size(size: int) -> None:
    needed = _BYTES + len(SPECIAL)
    if size < 2 * needed:
        raise UserError(
            f"{size} pieces are too few: {needed} of them are bytes and special ids",
            hint=f"give {2 * needed} or more, or choose the character tokeniser",
        )


def _learn(lines: list[str], size: int, algorithm: str) -> bytes:
    """The model as sentencepiece stores it; its limit on size is soft, so a small text just gives fewer pieces."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_without_rare(lines, size)),
        model_writer=model,
        model_type=algorithm,
        vocab_size=size,
        hard_vocab_limit=False,
        character_coverage=1.0,
        byte_fallback=True,
        normalization_rule_name="identity",
        max_sentence_length=4 * _LONGEST,
        pad_id=PAD,
        bos_id=BOS,
        eos_id=EOS,
        unk_id=UNK,
        pad_piece=SPECIAL[PAD],
        bos_piece=SPECIAL[BOS],
        eos_piece=SPECIAL[EOS],
        unk_piece=SPECIAL[UNK],
        minloglevel=2,
    )
    return model.getvalue()


def _without_rare(lines: list[str], size: int) -> list[str]:
    """Blanks in the place of the rarest characters, where all would take more than half of the pieces.

    Those are spelt in bytes then. Without this, text in Chinese could leave no room for pieces of two characters.
    """
    counts = Counter[str]()
    for line in lines:
        counts.update(line)
    places = (size - _BYTES - len(SPECIAL)) // 2
    rare = sorted(counts, key=lambda character: (-counts[character], character))[places:]
    table = str.maketrans(dict.fromkeys(rare, " "))
    return [line.translate(table) for line in lines] if rare else lines
