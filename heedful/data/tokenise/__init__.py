"""Tokenisers: words, characters or subword pieces, saved as plain files."""

from pathlib import Path

from heedful.data.tokenise.base import SPECIAL, Tokeniser, Vocabulary, damaged
from heedful.data.tokenise.character import CharacterTokeniser
from heedful.data.tokenise.shaped_word import ShapedWordTokeniser
from heedful.data.tokenise.subword import SentencePieceTokeniser
from heedful.data.tokenise.word import WordTokeniser
from heedful.errors import UserError

__all__ = [
    "SPECIAL",
    "CharacterTokeniser",
    "SentencePieceTokeniser",
    "ShapedWordTokeniser",
    "Tokeniser",
    "WordTokeniser",
    "load_tokeniser",
]

_BY_KIND = {
    "word": WordTokeniser.from_settings,
    "shaped-word": ShapedWordTokeniser.from_settings,
    "character": CharacterTokeniser.from_settings,
}


def load_tokeniser(folder: Path, name: str) -> Tokeniser:
    """Loads the tokeniser saved in `folder` under `name`, of whichever kind. Nothing in its files is executed.

    Raises: UserError, when there is none, or its file is damaged.
    """
    if (folder / f"{name}.model").exists():
        return SentencePieceTokeniser.load(folder, name)
    path = folder / f"{name}.vocab.json"
    if not path.exists():
        raise UserError(
            f"there is no tokeniser {name!r}", where=str(folder), hint=f"expected {name}.model or {path.name}"
        )
    vocabulary, settings = Vocabulary.load(path)
    kind = settings.get("kind")
    if kind not in _BY_KIND:
        raise damaged(path, f"unknown kind {kind!r}, expected {' or '.join(_BY_KIND)}")
    return _BY_KIND[kind](vocabulary, settings)
