"""What a language model is made of and how it is trained, as one tree of settings: data, model, train, decode."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.errors import UserError
from heedful.task.config import DataSettings, RunConfig, section
from heedful.task.language_model.models import MODELS
from heedful.task.models import Models
from heedful.task.settings import join_settings
from heedful.task.tokenisers import TokeniserSettings


class TextSettings(DataSettings):
    """Which files, and how their text becomes tokens.

    `documents` says what a document is: "file", all files one after the other are one long text, which training cuts
    into windows at other places each epoch; or "line", each line begins and ends by itself. The model reads `window`
    tokens at a time; of a longer line the next so many come next. Without `valid`, `hold_out` of each text is held out
    at its end: of its characters, or of its lines where they are documents. Of validation text the first `valid_most`
    tokens are scored.
    """

    documents: Literal["file", "line"] = "file"
    text: TokeniserSettings = TokeniserSettings(tokeniser="character")
    lowercase: bool = False
    window: int = Field(default=128, ge=1)
    valid_most: int = Field(default=200_000, ge=1)


class DecodeSettings(BaseModel):
    """How text is continued, and how it is scored.

    A continuation has at most `length` tokens. Each is drawn from the model's distribution: `temperature` below 1
    sharpens it, `top_k` leaves the so many likeliest, `top_p` the fewest that reach this probability together; top_k 1
    takes the likeliest always. The same `seed` draws the same continuation of a text, whatever stands beside it.
    When text is scored, `context` tokens before those asked for are read with them (None: half a window).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    length: int = Field(default=200, ge=1)
    temperature: float = Field(default=1.0, gt=0)
    top_k: int | None = Field(default=None, ge=1)
    top_p: float = Field(default=1.0, gt=0, le=1)
    seed: int = Field(default=1, ge=0)
    context: int | None = Field(default=None, ge=0)
    tokens: int = Field(default=8192, ge=1, description="tokens in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


class LanguageConfig(RunConfig, frozen=True):
    """All settings of a language model; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS
    defaults: ClassVar[Mapping[str, Any]] = {
        "train": {
            "metric": "valid_loss",
            "epochs": None,
            "steps": 1500,
            "valid_every": 500,
            "tokens": 2048,
            "rate": 3e-3,
            "warmup": 100,
            "schedule": "cosine",
            "average": 1,
        }
    }

    changeable: ClassVar[tuple[str, ...]] = ("decode",)

    task: Literal["language-model"] = "language-model"
    data: TextSettings = TextSettings()
    decode: DecodeSettings = DecodeSettings()

    @model_validator(mode="after")
    def _windows_fit(self) -> "LanguageConfig":
        longest, window = self.model.settings.longest, self.data.window
        if longest is not None and window > longest:
            raise UserError(
                f"this model knows {longest} positions, too few for data.window {window}",
                hint=f"set data.window to {longest} or less, or the model's max_length to more",
            )
        if self.decode.context is not None and self.decode.context >= window:
            raise UserError(
                f"decode.context {self.decode.context} leaves no room in data.window {window}",
                hint=f"set it to {window - 1} or less",
            )
        return self

    @property
    def context(self) -> int:
        """How many tokens are read again before those that are asked for, when text is scored."""
        return self.data.window // 2 if self.decode.context is None else self.decode.context

    @classmethod
    def task_defaults(cls, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """As for every task; and a Transformer reaches as far as it reads in training, so that text may go on.

        Distances that training has not shown would mislead it.
        """
        defaults = super().task_defaults(chosen)
        if defaults["model"]["name"] != "transformer":
            return defaults
        window = section(chosen, "data").get("window", cls.model_fields["data"].default.window)
        return join_settings({"model": {"reach": window, "max_length": window}}, defaults)
