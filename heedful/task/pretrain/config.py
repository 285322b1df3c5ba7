"""The settings of pretraining: data, model, train."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from heedful.task.config import LOWERCASE, DataSettings, RunConfig
from heedful.task.models import Models
from heedful.task.pretrain.models import MODELS
from heedful.task.tokenisers import TokeniserSettings


class TextSettings(DataSettings):
    """The data files and their tokeniser, which a classifier that is initialised from this run also uses.

    The model reads `window` tokens of a text at a time.
    """

    hold_out: float = Field(default=0.05, gt=0, lt=1, description="share held out for validation without valid")
    text_column: str = Field(default="text", description="column of the texts in a table")
    text: TokeniserSettings = Field(
        default=TokeniserSettings(tokeniser="word", size=30_000), description="the tokeniser"
    )
    lowercase: bool = Field(default=True, description=LOWERCASE)
    window: int = Field(default=100, ge=1, description="tokens of a text that the model reads at a time")


class PretrainRunConfig(RunConfig, frozen=True):
    """All settings of a pretraining; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS
    least_steps: ClassVar[int] = 300
    defaults: ClassVar[Mapping[str, Any]] = {
        "train": {
            "metric": "valid_loss",
            "epochs": 5,
            "tokens": 2048,
            "schedule": "cosine",
            "warmup": 100,
            "average": 1,
        }
    }

    changeable: ClassVar[tuple[str, ...]] = ("data.text_column",)

    task: Literal["pretrain"] = "pretrain"
    data: TextSettings = Field(default=TextSettings(), description="files and tokeniser")
