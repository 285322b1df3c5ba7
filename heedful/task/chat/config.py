"""What a partner in talk is made of and how it is trained: data, model, train, decode, score."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.data.dialogue import ContextLimit
from heedful.errors import UserError
from heedful.task.chat.models import MODELS
from heedful.task.config import DataSettings, RunConfig
from heedful.task.models import Models
from heedful.task.tokenisers import TokeniserSettings


class TalkSettings(DataSettings):
    """Which files, how their text becomes tokens, how much of a dialogue is read, and whose turns are learnt.

    A reply is learnt from the last `turns` turns before it (None: all), of which the last `max_context` tokens are
    read; what is cut off is counted. Replies of more than `max_reply` tokens are left out, and counted. `learn` names
    the speaker whose turns are learnt (None: everybody's); speakers without names are "1", who begins, and "2".
    Dialogues are held out whole.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    text: TokeniserSettings = TokeniserSettings()
    lowercase: bool = False
    turns: int | None = Field(default=10, ge=1)
    max_context: int = Field(default=200, ge=2)
    max_reply: int = Field(default=100, ge=1)
    learn: str | None = None
    valid_most: int = Field(default=2000, ge=1, description="validation looks at the first so many replies")

    @property
    def window(self) -> ContextLimit:
        """How much of a dialogue is read."""
        return ContextLimit(self.turns, self.max_context)


class DecodeSettings(BaseModel):
    """How replies are found: by a beam, or drawn at a `temperature` if there is one (below 1 sharpens).

    A reply has at most `longest` tokens. With `precision` "auto" products are bfloat16 where the hardware multiplies
    it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beam: int = Field(default=4, ge=1)
    length_penalty: float = Field(default=1.0, ge=0)
    temperature: float | None = Field(default=None, gt=0)
    longest: int = Field(default=60, ge=1)
    tokens: int = Field(default=4096, ge=1, description="padded tokens in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


class ScoreSettings(BaseModel):
    """How replies are scored: recall looks at `contexts` of them, evenly spread, and draws the others by `seed`.

    Replies of more than `longest` tokens, or than the model has places for, are left out, and counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contexts: int = Field(default=500, ge=1)
    seed: int = Field(default=1, ge=0)
    longest: int = Field(default=1000, ge=1)


class ChatConfig(RunConfig, frozen=True):
    """All settings of a partner; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS
    defaults: ClassVar[Mapping[str, Any]] = {"train": {"metric": "valid_perplexity", "schedule": "cosine"}}

    changeable: ClassVar[tuple[str, ...]] = ("decode", "score")

    task: Literal["chat"] = "chat"
    data: TalkSettings = TalkSettings()
    decode: DecodeSettings = DecodeSettings()
    score: ScoreSettings = ScoreSettings()

    @property
    def longest_scored(self) -> int:
        """The most tokens of a reply that is scored, its end not counted."""
        places = self.model.settings.longest_target
        return self.score.longest if places is None else min(self.score.longest, places - 1)

    @model_validator(mode="after")
    def _dialogues_fit_the_model(self) -> "ChatConfig":
        settings, data = self.model.settings, self.data
        if settings.tie == "all":
            raise UserError(
                "model.tie is 'all', but what is read has turn marks, which are never said: there are two vocabularies",
                hint="set model.tie to target or none",
            )
        for name, given, longest in (
            ("data.max_context", data.max_context, settings.longest_source),
            ("data.max_reply", data.max_reply, settings.longest_target),
            ("decode.longest", self.decode.longest, settings.longest_target),
        ):
            if longest is not None and given >= longest:
                raise UserError(
                    f"this model knows {longest} positions, too few for {name} {given} and the end",
                    hint=f"set {name} to {longest - 1} or less, or the model's max_length to more",
                )
        return self
