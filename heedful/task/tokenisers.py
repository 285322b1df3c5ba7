"""How text becomes tokens, as a setting, and tokenisers learnt from training text."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.data.tokenise import (
    CharacterTokeniser,
    SentencePieceTokeniser,
    ShapedWordTokeniser,
    Tokeniser,
    WordTokeniser,
)
from heedful.errors import UserError


class TokeniserSettings(BaseModel):
    """How a text becomes tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokeniser: Literal["sentencepiece", "word", "character"] = "sentencepiece"
    size: int = Field(default=8000, ge=8, description="most tokens; a small text gives fewer")
    min_count: int = Field(default=1, ge=1, description="rarer words or characters are unknown; not for sentencepiece")
    unknown: Literal["one", "shape"] = Field(
        default="one", description="whether unknown words are all one, or known by shape and ending"
    )

    @model_validator(mode="after")
    def _shapes_are_of_rare_words(self) -> "TokeniserSettings":
        if self.unknown == "shape" and (self.tokeniser != "word" or self.min_count < 2):
            raise UserError(
                f"unknown is 'shape', tokeniser {self.tokeniser!r} and min_count {self.min_count}, but shapes are "
                "those of words, and are learnt from rare ones",
                hint="set tokeniser to word and min_count to 2 or more",
            )
        return self


def learn_tokeniser(settings: TokeniserSettings, texts: Sequence[str], *, lowercase: bool = False) -> Tokeniser:
    """The tokeniser that the settings name, learnt from texts.

    Raises: UserError, when there is no text.
    """
    if settings.tokeniser == "sentencepiece":
        return SentencePieceTokeniser.train(texts, settings.size, lowercase=lowercase)
    counted: dict[str, Any] = {"lowercase": lowercase, "min_count": settings.min_count}
    kind = {"word": WordTokeniser, "character": CharacterTokeniser}[settings.tokeniser]
    if settings.unknown == "shape":
        kind = ShapedWordTokeniser
    return kind.train(texts, settings.size, **counted)
