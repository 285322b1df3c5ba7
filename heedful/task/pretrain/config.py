"""The settings of pretraining: data, model, train."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from heedful.task.config import DataSettings, RunConfig
from heedful.task.models import Models
from heedful.task.pretrain.models import MODELS
from heedful.task.tokenisers import TokeniserSettings


class TextSettings(DataSettings):
    """The data files and their tokeniser, which a classifier that is initialised from this run also uses.

    The model reads `window` tokens of a text at a time.
    """

    hold_out: float = Field(default=0.05, gt=0, lt=1)
    text_column: str = "text"
    text: TokeniserSettings = TokeniserSettings(tokeniser="word", size=30_000)
    lowercase: bool = True
    window: int = Field(default=100, ge=1)


class PretrainRunConfig(RunConfig, frozen=True):
    """All settings of a pretraining; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS
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
    data: TextSettings = TextSettings()
