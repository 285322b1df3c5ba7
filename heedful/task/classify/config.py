"""The settings of a classifier: data, model, train, answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.data.vectors import vectors_width
from heedful.errors import UserError
from heedful.task.classify.models import MODELS
from heedful.task.config import LOWERCASE, MAX_LENGTH, PRECISION, VECTORS, DataSettings, RunConfig, section
from heedful.task.folder import load_settings, task_of
from heedful.task.models import Models
from heedful.task.settings import join_settings
from heedful.task.tasks import task_named
from heedful.task.tokenisers import TokeniserSettings


class LabelledSettings(DataSettings):
    """The data files and their tokeniser.

    Texts are held out of each class. A text is truncated to `max_length` tokens, in training and in use. `text_column`
    and `label_column` are the names of the columns of a table. `vectors` is a file of word vectors to initialise from,
    in the text format of word2vec or GloVe. `balance` draws rare labels more often: a label of n texts in proportion to
    n^(1 - balance). Labels of which some share their part before `label_separator` are paths in a tree; None for labels
    that are not.
    """

    text_column: str = Field(default="text", description="column of the texts in a table")
    label_column: str = Field(default="label", description="column of the labels in a table")
    text: TokeniserSettings = Field(
        default=TokeniserSettings(tokeniser="word", size=30_000), description="the tokeniser"
    )
    lowercase: bool = Field(default=True, description=LOWERCASE)
    max_length: int = Field(default=500, ge=1, description=MAX_LENGTH)
    balance: float = Field(
        default=0.0, ge=0, le=1, description="labels drawn in training: 0 as often as they occur, 1 all equally often"
    )
    label_separator: str | None = Field(
        default="/",
        min_length=1,
        description="parts of a label that is a path in a tree, each level of which is scored",
    )
    vectors: str | None = Field(default=None, description=VECTORS)


class AnswerSettings(BaseModel):
    """How texts are labelled: `temperature` divides the scores before the softmax.

    Training chooses the temperature on the validation texts, so that about 80 % of the labels with probability 0.8 are
    correct (Guo et al. 2017, section 4.2, arXiv:1706.04599). With `precision` "auto", matrix products use bfloat16
    where the hardware supports it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(default=1.0, gt=0, description="divides the scores; training chooses it")
    tokens: int = Field(default=8192, ge=1, description="padded tokens in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description=PRECISION)


class ClassifyConfig(RunConfig, frozen=True):
    """All settings of a classifier; a run folder keeps them in ``config.yaml``.

    `labels` are the classes in order, taken from the training texts. `start` is a run folder of ``heedful pretrain``,
    which provides the initial embeddings and recurrent layers, and the tokeniser.
    """

    models: ClassVar[Models] = MODELS
    least_steps: ClassVar[int] = 500
    defaults: ClassVar[Mapping[str, Any]] = {
        "train": {"metric": "valid_accuracy", "tokens": 1024, "schedule": "cosine", "warmup": 50, "average": 3}
    }

    settled: ClassVar[tuple[str, ...]] = ("labels",)
    changeable: ClassVar[tuple[str, ...]] = ("answer", "data.text_column", "data.label_column")

    task: Literal["classify"] = "classify"
    data: LabelledSettings = Field(default=LabelledSettings(), description="files and tokeniser")
    answer: AnswerSettings = Field(default=AnswerSettings(), description="how texts are labelled")
    labels: tuple[str, ...] = Field(default=(), description="the labels, taken from the training texts")
    start: str | None = Field(default=None, description="run folder of pretrain to start from, as --start gives it")

    @model_validator(mode="after")
    def _begins_once(self) -> "ClassifyConfig":
        if self.start is not None and self.data.vectors is not None:
            raise UserError(
                f"words cannot start from both {self.start!r} (start) and {self.data.vectors!r} (data.vectors)",
                hint="leave out one of the two",
            )
        return self

    @model_validator(mode="after")
    def _texts_fit_the_model(self) -> "ClassifyConfig":
        longest = getattr(self.model.settings, "longest", None)
        if longest is not None and self.data.max_length > longest:
            raise UserError(
                f"this model knows {longest} positions, too few for data.max_length {self.data.max_length}",
                hint=f"set data.max_length to {longest} or less, or the attention's max_length to more",
            )
        return self

    @classmethod
    def task_defaults(cls, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """The general defaults, with sizes that fit the pretraining or the word vectors to initialise from."""
        start = chosen.get("start")
        # Settings with labels are those of a run folder. They are complete, and the files may be gone by then.
        if isinstance(start, str) and "labels" not in chosen:
            named = join_settings({"model": {"name": "sa-lstm"}}, chosen)
            return join_settings(super().task_defaults(named), _settings_of(Path(start)))
        defaults = super().task_defaults(chosen)
        vectors = section(chosen, "data").get("vectors")
        if isinstance(vectors, str) and "labels" not in chosen:
            defaults["model"]["embed"] = vectors_width(Path(vectors))
        return defaults


def _settings_of(start: Path) -> dict[str, Any]:
    """The settings of a classifier that is initialised from a pretraining.

    Raises: UserError, when the folder is a run of another task.
    """
    task = task_of(start)
    if task != "pretrain":
        raise UserError(f"this run is of the task {task!r}", where=str(start), hint="expected a run of pretrain")
    pretraining: Any = load_settings(task_named(task).config, start)
    model = pretraining.model.settings
    size = {"cell": model.cell, "embed": model.embed, "hidden": model.hidden, "layers": model.layers}
    data = {"text": pretraining.data.text.model_dump(), "lowercase": pretraining.data.lowercase}
    return {"model": {**size, "bidirectional": False}, "data": data}
