"""Subword pieces by sentencepiece: the default for real text, without unknown characters."""

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
from heedful.store import reading, replacing, write_text_atomically

_ALGORITHMS = ("unigram", "bpe")
_BLANK = "▁"
_BYTES = 256  # byte fallback adds a piece for every byte
_MAX_TEXTS = 1_000_000  # more texts do not improve the pieces; of more, every n-th is taken
_MAX_CHARACTERS = 20_000  # of each text; the rest is ignored in training


class SentencePieceTokeniser:
    """Pieces of words learnt from text. Characters not seen in training are spelt in bytes, so nothing is unknown.

    `decode` inverts `encode`, except that white space becomes single spaces. There is no other normalisation.
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
        """Learns at most `size` pieces; fewer if the text has too few, and the property `size` says how many.

        For a joint vocabulary pass the texts of both languages. The same text gives the same pieces.
        `algorithm` is sentencepiece's "unigram" or "bpe".
        Raises: UserError, when there is no text, `size` is below what bytes need, or the algorithm is unknown.
        """
        if algorithm not in _ALGORITHMS:
            raise UserError(f"unknown algorithm {algorithm!r}", hint=did_you_mean(algorithm, _ALGORITHMS))
        lines = _sample([_normalised(text, lowercase) for text in texts])
        if not lines:
            raise UserError("there is no text to learn pieces from")
        _check_size(size)
        return cls(_learn(lines, size, algorithm), lowercase=lowercase)

    @property
    def size(self) -> int:
        return self._processor.vocab_size()

    def encode(self, text: str) -> list[int]:
        return self._processor.encode(_normalised(text, self.lowercase))

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        return self._processor.encode([_normalised(text, self.lowercase) for text in texts])

    def decode(self, ids: Sequence[int]) -> str:
        return self._processor.decode([int(index) for index in ids if index not in SILENT])

    def pieces(self, ids: Sequence[int]) -> list[str]:
        return [self._processor.id_to_piece(int(index)) for index in ids]

    def surface_pieces(self, text: str) -> list[str]:
        return self.pieces(self.encode(text))

    def word_index(self, ids: Sequence[int]) -> list[int]:
        """A piece that begins with ▁ starts a word, so words are what stands between spaces."""
        words: list[int] = []
        index, after_special = -1, True
        for identity, piece in zip(ids, self.pieces(ids), strict=True):
            special = identity in SILENT
            # What follows a special id begins a word, with or without ▁.
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
        """Reads what `save` wrote, or a plain sentencepiece model with this package's special ids.

        Raises: UserError, when a file is damaged or its special ids differ.
        """
        path, settings = folder / f"{name}.model", folder / f"{name}.tokeniser.json"
        # A plain model of sentencepiece comes without settings.
        lowercase = bool(read_json(settings).get("lowercase")) if settings.exists() else False
        with reading(path):
            model = path.read_bytes()
        try:
            loaded = cls(model, lowercase=lowercase)
            if loaded.size <= len(SPECIAL):
                raise damaged(path, "it holds no pieces")
            special = [loaded._processor.id_to_piece(index) for index in SPECIAL]
        except (OSError, RuntimeError, IndexError) as error:
            raise damaged(path, str(error)) from error
        if special != list(SPECIAL.values()):
            raise damaged(path, f"the ids 0 to 3 are {', '.join(special)}, expected {', '.join(SPECIAL.values())}")
        return loaded

    def __reduce__(self) -> tuple[Any, ...]:  # the processor cannot be pickled for worker processes; the model can
        return _rebuild, (self._model, self.lowercase)


def _rebuild(model: bytes, lowercase: bool) -> SentencePieceTokeniser:
    return SentencePieceTokeniser(model, lowercase=lowercase)


def _normalised(text: str, lowercase: bool) -> str:
    """All Unicode white space as single spaces: the only thing that encoding loses."""
    text = " ".join(text.split())
    return text.lower() if lowercase else text


def _sample(lines: list[str]) -> list[str]:
    """Every n-th line, cut and without empty ones, so that training stays quick."""
    return [line[:_MAX_CHARACTERS] for line in lines[:: len(lines) // _MAX_TEXTS + 1] if line]


def _check_size(size: int) -> None:
    needed = _BYTES + len(SPECIAL)
    if size < 2 * needed:
        raise UserError(
            f"{size} pieces are too few: {needed} of them are bytes and special ids",
            hint=f"choose {2 * needed} or more, or the character tokeniser",
        )


def _learn(lines: list[str], size: int, algorithm: str) -> bytes:
    """The serialised model. The limit on size is soft, so that a small text gives fewer pieces and no error."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_without_rare(lines, size)),
        model_writer=model,
        model_type=algorithm,
        vocab_size=size,
        hard_vocab_limit=False,
        # Of what is left: `_without_rare` has taken out the characters that would need too many pieces.
        character_coverage=1.0,
        byte_fallback=True,
        # Its default, NFKC, would change full-width letters and others, and `decode` could not give them back.
        normalization_rule_name="identity",
        # In bytes, of which a character has up to four; longer lines would be left out.
        max_sentence_length=4 * _MAX_CHARACTERS,
        pad_id=PAD,
        bos_id=BOS,
        eos_id=EOS,
        unk_id=UNK,
        pad_piece=SPECIAL[PAD],
        bos_piece=SPECIAL[BOS],
        eos_piece=SPECIAL[EOS],
        unk_piece=SPECIAL[UNK],
        # Errors only: its progress would be written to standard error.
        minloglevel=2,
    )
    return model.getvalue()


def _without_rare(lines: list[str], size: int) -> list[str]:
    """Replaces the rarest characters by spaces, where all characters would take more than half of the pieces.

    They are then spelt in bytes. Otherwise Chinese text could leave no room for pieces of two characters.
    """
    counts = Counter[str]()
    for line in lines:
        counts.update(line)
    kept = (size - _BYTES - len(SPECIAL)) // 2
    # Ties by code point, so that the same text gives the same pieces.
    rare = sorted(counts, key=lambda character: (-counts[character], character))[kept:]
    table = str.maketrans(dict.fromkeys(rare, " "))
    return [line.translate(table) for line in lines] if rare else lines
