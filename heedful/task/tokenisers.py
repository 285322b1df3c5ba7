"""How text becomes tokens, as a setting, and tokenisers learnt from training text."""

from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from heedful.data.tokenise import CharacterTokeniser, SentencePieceTokeniser, Tokeniser, WordTokeniser


class TokeniserSettings(BaseModel):
    """How a text becomes tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokeniser: Literal["sentencepiece", "word", "character"] = "sentencepiece"
    size: int = Field(default=8000, ge=8, description="most tokens; a small text gives fewer")


_TRAIN: dict[str, Callable[..., Tokeniser]] = {
    "sentencepiece": SentencePieceTokeniser.train,
    "word": WordTokeniser.train,
    "character": CharacterTokeniser.train,
}


def learn_tokeniser(settings: TokeniserSettings, texts: Sequence[str], *, lowercase: bool = False) -> Tokeniser:
    """The tokeniser that the settings name, learnt from texts.

    Raises: UserError, when there is no text.
    """
    return _TRAIN[settings.tokeniser](texts, settings.size, lowercase=lowercase)
