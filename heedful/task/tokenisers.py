"""The settings of a tokeniser, and learning one from training text."""

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
    """How text is split into tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokeniser: Literal["sentencepiece", "word", "character"] = Field(
        default="sentencepiece", description="what a token is: a learnt subword, a word or a character"
    )
    size: int = Field(default=8000, ge=8, description="the most tokens of the vocabulary; small corpora give fewer")
    min_count: int = Field(default=1, ge=1, description="rarer words or characters are unknown (not for sentencepiece)")
    unknown: Literal["one", "shape"] = Field(
        default="one", description="one token for all unknown words, or tokens by shape and ending"
    )

    @model_validator(mode="after")
    def _shapes_are_of_rare_words(self) -> "TokeniserSettings":
        if self.unknown == "shape" and (self.tokeniser != "word" or self.min_count < 2):
            raise UserError(
                f"unknown is 'shape', tokeniser {self.tokeniser!r} and min_count {self.min_count}, but "
                "shapes need a word tokeniser and are learnt from rare words",
                hint="set tokeniser to word and min_count to 2 or more",
            )
        return self


def learn_tokeniser(settings: TokeniserSettings, texts: Sequence[str], *, lowercase: bool = False) -> Tokeniser:
    """Learns the tokeniser that the settings name from texts.

    Raises: UserError, when there is no text.
    """
    if settings.tokeniser == "sentencepiece":
        return SentencePieceTokeniser.train(texts, settings.size, lowercase=lowercase)
    counted: dict[str, Any] = {"lowercase": lowercase, "min_count": settings.min_count}
    kind = {"word": WordTokeniser, "character": CharacterTokeniser}[settings.tokeniser]
    if settings.unknown == "shape":
        kind = ShapedWordTokeniser
    return kind.train(texts, settings.size, **counted)
