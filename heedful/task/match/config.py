"""The settings of a matcher: data, model, train, answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from heedful.data.overlap import FAMILIES
from heedful.data.vectors import vectors_width
from heedful.model.match.convolutional import ConvolutionalConfig
from heedful.model.names import known
from heedful.task.config import LOWERCASE, MAX_LENGTH, PRECISION, VECTORS, DataSettings, RunConfig, section
from heedful.task.match.models import MODELS
from heedful.task.models import Models
from heedful.task.tokenisers import TokeniserSettings

METRICS = {"classes": "valid_accuracy", "relevance": "valid_map", "similarity": "valid_pearson"}
"""The metric that chooses the best weights, for each goal."""


class MatchSettings(DataSettings):
    """The data files, their tokeniser, and the overlap features of a pair.

    All pairs of a group are held out together. A text is truncated to `max_length` tokens. `features` are families of
    numbers that the model gets besides the texts (see `heedful.data.overlap`); they may be empty. With `answered`, a
    ranking is trained only on groups that have a relevant pair, as in the papers. `vectors` is a file of word vectors
    to initialise from, in the text format of word2vec or GloVe.
    """

    text: TokeniserSettings = Field(
        default=TokeniserSettings(tokeniser="word", size=50_000), description="the tokeniser"
    )
    lowercase: bool = Field(default=True, description=LOWERCASE)
    max_length: int = Field(default=60, ge=1, description=MAX_LENGTH)
    features: tuple[str, ...] = Field(
        default=tuple(FAMILIES), description=f"numbers about a pair's overlap, out of {', '.join(FAMILIES)}; may be []"
    )
    answered: bool = Field(default=True, description="train rankings only on groups that have a relevant pair")
    vectors: str | None = Field(default=None, description=VECTORS)

    @field_validator("features")
    @classmethod
    def _known_features(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(known(name, FAMILIES, what="family of features") for name in names)


class AnswerSettings(BaseModel):
    """How pairs are answered. With `precision` "auto", products use bfloat16 where the hardware supports it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: int = Field(default=8192, ge=1, description="padded tokens in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description=PRECISION)


class MatchConfig(RunConfig, frozen=True):
    """All settings of a matcher; a run folder keeps them in ``config.yaml``.

    `goal` is the kind of the labels: classes, relevance (1 or 0, to rank the pairs of a group) or similarity (a
    number); auto infers it from the training labels. `labels` are the classes in order, and `scale` is the lowest and
    highest similarity. Both are taken from the training pairs.
    """

    models: ClassVar[Models] = MODELS
    least_steps: ClassVar[int] = 500
    defaults: ClassVar[Mapping[str, Any]] = {
        "train": {"metric": "auto", "tokens": 1024, "schedule": "cosine", "warmup": 50, "average": 3, "epochs": 10}
    }

    settled: ClassVar[tuple[str, ...]] = ("goal", "labels", "scale", "train.metric")
    changeable: ClassVar[tuple[str, ...]] = ("answer",)

    task: Literal["match"] = "match"
    data: MatchSettings = Field(default=MatchSettings(), description="files, tokeniser and overlap features")
    answer: AnswerSettings = Field(default=AnswerSettings(), description="how pairs are answered")
    goal: Literal["auto", "classes", "relevance", "similarity"] = Field(
        default="auto", description="kind of the labels; auto: inferred from the training labels"
    )
    labels: tuple[str, ...] = Field(default=(), description="the classes, taken from the training pairs")
    scale: tuple[float, float] = Field(
        default=(0.0, 1.0), description="lowest and highest similarity, taken from the training pairs"
    )

    @classmethod
    def task_defaults(cls, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """The general defaults, with embeddings of the width of the word vectors to initialise from."""
        defaults = super().task_defaults(chosen)
        vectors = section(chosen, "data").get("vectors")
        # Settings with labels are those of a run folder. They are complete, and the file may be gone by then.
        if isinstance(vectors, str) and "labels" not in chosen:
            width = {"embed": vectors_width(Path(vectors))}
            convolutional = isinstance(MODELS.named(defaults["model"]["name"])[1].preset, ConvolutionalConfig)
            defaults["model"] |= width if convolutional else {"text": width}
        return defaults

    @property
    def longest(self) -> int:
        """The most tokens of a text that are read."""
        limit = self.model.settings.longest
        return self.data.max_length if limit is None else min(limit, self.data.max_length)
