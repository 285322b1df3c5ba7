"""How text becomes tokens, as a setting, and tokenisers learnt from training text."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from heedful.data.tokenise import CharacterTokeniser, SentencePieceTokeniser, Tokeniser, WordTokeniser


class TokeniserSettings(BaseModel):
    """How a text becomes tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokeniser: Literal["sentencepiece", "word", "character"] = "sentencepiece"
    size: int = Field(default=8000, ge=8, description="most tokens; a small text gives fewer")
    min_count: int = Field(default=1, ge=1, description="rarer words or characters are unknown; not for sentencepiece")


def learn_tokeniser(settings: TokeniserSettings, texts: Sequence[str], *, lowercase: bool = False) -> Tokeniser:
    """The tokeniser that the settings name, learnt from texts.

    Raises: UserError, when there is no text.
    """
    if settings.tokeniser == "sentencepiece":
        return SentencePieceTokeniser.train(texts, settings.size, lowercase=lowercase)
    kind = _OF_PIECES[settings.tokeniser]
    return kind.train(texts, settings.size, lowercase=lowercase, min_count=settings.min_count)


_OF_PIECES: dict[str, type[WordTokeniser] | type[CharacterTokeniser]] = {
    "word": WordTokeniser,
    "character": CharacterTokeniser,
}
