"""Text to ids and back: words, characters or subword pieces, kept as plain files."""

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

_OF_VOCABULARY = {
    "word": WordTokeniser.from_settings,
    "shaped-word": ShapedWordTokeniser.from_settings,
    "character": CharacterTokeniser.from_settings,
}


def load_tokeniser(folder: Path, name: str) -> Tokeniser:
    """Loads the tokeniser that was saved in a folder under a name; which kind it is, its files say.

    Raises: UserError, when there is none, or its file is damaged. Nothing in the files is executed.
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
    if kind not in _OF_VOCABULARY:
        raise damaged(path, f"unknown kind {kind!r}, expected {' or '.join(_OF_VOCABULARY)}")
    return _OF_VOCABULARY[kind](vocabulary, settings)
