"""What a classifier is made of and how it is trained, as one tree of settings: data, model, train, answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.data.vectors import vectors_width
from heedful.errors import UserError
from heedful.task.classify.models import MODELS
from heedful.task.config import DataSettings, RunConfig, section
from heedful.task.folder import load_settings, task_of
from heedful.task.models import Models
from heedful.task.settings import join_settings
from heedful.task.tasks import task_named
from heedful.task.tokenisers import TokeniserSettings


class LabelledSettings(DataSettings):
    """Which files, and how their text becomes tokens.

    Texts are held out of each class. A text of more than `max_length` tokens is cut there, in training and in use.
    `text_column` and `label_column` are what a table calls its columns. `vectors` is a file of word vectors in the text
    format of word2vec or GloVe to begin from.
    """

    text_column: str = "text"
    label_column: str = "label"
    text: TokeniserSettings = TokeniserSettings(tokeniser="word", size=30_000)
    lowercase: bool = True
    max_length: int = Field(default=500, ge=1)
    vectors: str | None = None


class AnswerSettings(BaseModel):
    """How texts are answered: `temperature` divides the scores before the softmax.

    Training chooses the temperature on the validation texts (Guo et al. 2017, section 4.2, arXiv:1706.04599), so that
    of the answers with probability 0.8 about 80 in 100 are right. With `precision` "auto" products are bfloat16 where
    the hardware multiplies it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(default=1.0, gt=0)
    tokens: int = Field(default=8192, ge=1, description="padded tokens in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


class ClassifyConfig(RunConfig, frozen=True):
    """All settings of a classifier; a run folder keeps them in ``config.yaml``.

    `labels` are the classes in their order, found in the training texts. `start` is a run folder of ``heedful
    pretrain`` that the words, the recurrent layers and the tokeniser come from.
    """

    models: ClassVar[Models] = MODELS
    defaults: ClassVar[Mapping[str, Any]] = {
        "train": {"metric": "valid_accuracy", "tokens": 1024, "schedule": "cosine", "warmup": 50, "average": 3}
    }

    settled: ClassVar[tuple[str, ...]] = ("labels",)
    changeable: ClassVar[tuple[str, ...]] = ("answer",)

    task: Literal["classify"] = "classify"
    data: LabelledSettings = LabelledSettings()
    answer: AnswerSettings = AnswerSettings()
    labels: tuple[str, ...] = ()
    start: str | None = None

    @model_validator(mode="after")
    def _begins_once(self) -> "ClassifyConfig":
        if self.start is not None and self.data.vectors is not None:
            raise UserError(
                f"words are to begin from {self.start!r} (start) and from {self.data.vectors!r} (data.vectors)",
                hint="leave out one of the two",
            )
        return self

    @classmethod
    def own_defaults(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """As for every task; and what a classifier begins from says how large it is."""
        start = given.get("start")
        if isinstance(start, str) and "labels" not in given:
            named = join_settings({"model": {"name": "sa-lstm"}}, given)
            return join_settings(super().own_defaults(named), _settings_of(Path(start)))
        defaults = super().own_defaults(given)
        vectors = section(given, "data").get("vectors")
        if isinstance(vectors, str) and "labels" not in given:
            defaults["model"]["embed"] = vectors_width(Path(vectors))
        return defaults


def _settings_of(start: Path) -> dict[str, Any]:
    """The settings of a classifier that begins from a pretraining.

    Raises: UserError, when the folder is of another task.
    """
    task = task_of(start)
    if task != "pretrain":
        raise UserError(f"this run is of the task {task!r}", where=str(start), hint="expected a run of pretrain")
    pretraining: Any = load_settings(task_named(task).config, start)
    model = pretraining.model.settings
    size = {"cell": model.cell, "embed": model.embed, "hidden": model.hidden, "layers": model.layers}
    data = {"text": pretraining.data.text.model_dump(), "lowercase": pretraining.data.lowercase}
    return {"model": {**size, "bidirectional": False}, "data": data}
