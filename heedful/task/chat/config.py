"""The settings of a chat partner: data, model, train, decode, score."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.data.dialogue import ContextLimit
from heedful.errors import UserError
from heedful.task.chat.models import MODELS
from heedful.task.config import LOWERCASE, PRECISION, DataSettings, RunConfig
from heedful.task.models import Models
from heedful.task.tokenisers import TokeniserSettings


class TalkSettings(DataSettings):
    """The data files, their tokeniser, how much of a dialogue is read, and whose turns are learnt.

    The context of a reply is the last `turns` turns before it (None: all), truncated to the last `max_context` tokens.
    Replies of more than `max_reply` tokens are left out. Both are reported. `learn` names the speaker whose turns are
    learnt (None: all speakers). Speakers without names are "1", who begins, and "2". Dialogues are never split between
    training and validation.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    text: TokeniserSettings = Field(default=TokeniserSettings(), description="the tokeniser")
    lowercase: bool = Field(default=False, description=LOWERCASE)
    turns: int | None = Field(default=10, ge=1, description="turns before a reply that are read; null: all")
    max_context: int = Field(default=200, ge=2, description="last tokens of these turns that are read")
    max_reply: int = Field(default=100, ge=1, description="most tokens of a reply to learn; others are left out")
    learn: str | None = Field(default=None, description="speaker whose turns are learnt; null: all speakers")
    valid_most: int = Field(default=2000, ge=1, description="validation uses at most this many replies")

    @property
    def context_limit(self) -> ContextLimit:
        """How much of a dialogue is read."""
        return ContextLimit(self.turns, self.max_context)


class DecodeSettings(BaseModel):
    """How replies are found: by beam search, or by sampling if a `temperature` is set (below 1 sharpens).

    A reply has at most `longest` tokens. With `precision` "auto", matrix products use bfloat16 where the hardware
    supports it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beam: int = Field(default=4, ge=1, description="width of the beam search; 1: greedy")
    length_penalty: float = Field(default=1.0, ge=0, description="how much longer replies are preferred")
    temperature: float | None = Field(
        default=None, gt=0, description="sample at this temperature, below 1 sharpens; null: search"
    )
    longest: int = Field(default=60, ge=1, description="most tokens of a reply")
    tokens: int = Field(default=4096, ge=1, description="padded tokens in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description=PRECISION)


class ScoreSettings(BaseModel):
    """How replies are scored: recall is measured on `contexts` evenly spaced replies.

    The other candidates are drawn with `seed`. Replies of more than `longest` tokens, or than the model has positions
    for, are left out and counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contexts: int = Field(default=500, ge=1, description="replies on which recall is measured, evenly spaced")
    seed: int = Field(default=1, ge=0, description="seed of the draw of other candidates")
    longest: int = Field(default=1000, ge=1, description="most tokens of a reply; longer ones are left out and counted")


class ChatConfig(RunConfig, frozen=True):
    """All settings of a partner; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS
    least_steps: ClassVar[int] = 1200
    defaults: ClassVar[Mapping[str, Any]] = {"train": {"metric": "valid_perplexity", "schedule": "cosine"}}

    changeable: ClassVar[tuple[str, ...]] = ("decode", "score")

    task: Literal["chat"] = "chat"
    data: TalkSettings = Field(default=TalkSettings(), description="files, tokeniser, and how much is read")
    decode: DecodeSettings = Field(default=DecodeSettings(), description="how replies are found")
    score: ScoreSettings = Field(default=ScoreSettings(), description="how replies are scored")

    @property
    def longest_scored(self) -> int:
        """The most tokens of a reply that is scored, without EOS."""
        positions = self.model.settings.longest_target
        return self.score.longest if positions is None else min(self.score.longest, positions - 1)

    @model_validator(mode="after")
    def _dialogues_fit_the_model(self) -> "ChatConfig":
        settings, data = self.model.settings, self.data
        if settings.tie == "all":
            raise UserError(
                "model.tie is 'all', but the context has turn marks that replies lack: there are two vocabularies",
                hint="set model.tie to target or none",
            )
        for name, length, longest in (
            ("data.max_context", data.max_context, settings.longest_source),
            ("data.max_reply", data.max_reply, settings.longest_target),
            ("decode.longest", self.decode.longest, settings.longest_target),
        ):
            if longest is not None and length >= longest:
                raise UserError(
                    f"this model knows {longest} positions, too few for {name} {length} and EOS",
                    hint=f"set {name} to {longest - 1} or less, or the model's max_length to more",
                )
        return self
