"""What is learned of text without labels, and how, as one tree of settings: data, model, train."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from heedful.model.pretrain import PretrainConfig
from heedful.task.config import ModelChoice, RunConfig
from heedful.task.models import Models
from heedful.task.pretrain.models import MODELS
from heedful.task.tokenisers import TokeniserSettings


class DataSettings(BaseModel):
    """Which files, and how their text becomes tokens; a classifier that begins here reads its own text so, too.

    Without `valid`, `hold_out` of the texts are held out. A text is learned `window` tokens at a time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: tuple[str, ...] = ()
    valid: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    text_column: str = "text"
    hold_out: float = Field(default=0.05, gt=0, lt=1)
    text: TokeniserSettings = TokeniserSettings(tokeniser="word", size=30_000)
    lowercase: bool = True
    window: int = Field(default=100, ge=1)


class Pretrainings(ModelChoice):
    """An objective by name and the settings of its model."""

    models: ClassVar[Models] = MODELS

    settings: PretrainConfig


class PretrainRunConfig(RunConfig):
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

    task: Literal["pretrain"] = "pretrain"
    data: DataSettings = DataSettings()
    model: Pretrainings = Field(default_factory=lambda: Pretrainings.model_validate({"name": MODELS.default}))
