"""The settings of a language model: data, model, train, decode."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.errors import UserError
from heedful.task.config import LOWERCASE, PRECISION, DataSettings, RunConfig, section
from heedful.task.language_model.models import MODELS
from heedful.task.models import Models
from heedful.task.settings import join_settings
from heedful.task.tokenisers import TokeniserSettings


class TextSettings(DataSettings):
    """The data files and their tokeniser.

    `documents` says what a document is. With "file", all files are joined into one long text, which training cuts into
    windows at different positions each epoch. With "line", each line is a document. The model reads `window` tokens at
    a time; longer lines are read in several windows.
    Without `valid`, the share `hold_out` at the end of each file is held out, measured in characters, or in lines if
    these are documents. The first `valid_most` tokens of the validation text are scored.
    """

    documents: Literal["file", "line"] = Field(default="file", description="what a document is")
    text: TokeniserSettings = Field(default=TokeniserSettings(tokeniser="character"), description="the tokeniser")
    lowercase: bool = Field(default=False, description=LOWERCASE)
    window: int = Field(default=128, ge=1, description="tokens that the model reads at a time")
    valid_most: int = Field(default=200_000, ge=1, description="validation scores at most this many tokens")


class DecodeSettings(BaseModel):
    """How text is continued, and how it is scored.

    A continuation has at most `length` tokens, which are sampled. A `temperature` below 1 sharpens the distribution.
    `top_k` keeps the most likely tokens; 1 is greedy. `top_p` keeps the fewest tokens that reach this probability
    together. The same `seed` gives the same continuation of a text, independent of the other texts.
    When text is scored, each window also reads `context` tokens before those that it scores (None: half a window).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    length: int = Field(default=200, ge=1, description="most tokens of a continuation")
    temperature: float = Field(default=1.0, gt=0, description="of the sampling; below 1 sharpens")
    top_k: int | None = Field(default=None, ge=1, description="sample from the most likely tokens; null: from all")
    top_p: float = Field(
        default=1.0, gt=0, le=1, description="sample from the fewest tokens that reach this probability together"
    )
    seed: int = Field(default=1, ge=0, description="seed of the sampling")
    context: int | None = Field(
        default=None, ge=0, description="tokens read before those that are scored; null: half a window"
    )
    tokens: int = Field(default=8192, ge=1, description="tokens in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description=PRECISION)


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
    data: TextSettings = Field(default=TextSettings(), description="files and tokeniser")
    decode: DecodeSettings = Field(default=DecodeSettings(), description="how text is continued and scored")

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
        """How many tokens each window reads before those that it scores."""
        return self.data.window // 2 if self.decode.context is None else self.decode.context

    @classmethod
    def task_defaults(cls, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """The general defaults; a Transformer attends over at most `window` tokens."""
        # Text can then be continued beyond a window: the model never meets distances that training has not shown.
        defaults = super().task_defaults(chosen)
        if defaults["model"]["name"] != "transformer":
            return defaults
        window = section(chosen, "data").get("window", cls.model_fields["data"].default.window)
        return join_settings({"model": {"reach": window, "max_length": window}}, defaults)
