"""What a matcher is made of and how it is trained, as one tree of settings: data, model, train, answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from heedful.data.overlap import FAMILIES
from heedful.data.vectors import vectors_width
from heedful.model.attention_config import known
from heedful.model.match.convolutional import ConvolutionalConfig
from heedful.task.config import DataSettings, RunConfig, section
from heedful.task.match.models import MODELS
from heedful.task.models import Models
from heedful.task.tokenisers import TokeniserSettings

METRICS = {"classes": "valid_accuracy", "relevance": "valid_map", "similarity": "valid_pearson"}
"""By what the best weights are chosen, for each goal."""


class MatchSettings(DataSettings):
    """Which files, how their text becomes tokens, and what is counted of a pair besides.

    All pairs of a group are held out together. A text of more than `max_length` tokens is cut there. `features` are
    families of numbers that the model gets beside the texts (see `heedful.data.overlap`); none for a model that reads
    alone. With `answered`, a ranking learns only from groups that have a relevant pair, as the papers do. `vectors`
    is a file of word vectors in the text format of word2vec or GloVe to begin from.
    """

    text: TokeniserSettings = TokeniserSettings(tokeniser="word", size=50_000)
    lowercase: bool = True
    max_length: int = Field(default=60, ge=1)
    features: tuple[str, ...] = tuple(FAMILIES)
    answered: bool = True
    vectors: str | None = None

    @field_validator("features")
    @classmethod
    def _known_features(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(known(name, FAMILIES, what="family of features") for name in names)


class AnswerSettings(BaseModel):
    """How pairs are answered. With `precision` "auto" products are bfloat16 where the hardware multiplies it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: int = Field(default=8192, ge=1, description="padded tokens in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


class MatchConfig(RunConfig, frozen=True):
    """All settings of a matcher; a run folder keeps them in ``config.yaml``.

    `goal` is what labels say: classes, relevance (1 or 0, to rank the pairs of a group), similarity (a number); auto
    finds it out from the training labels. `labels` are the classes in their order, `scale` the lowest and the highest
    number, both found in the training pairs.
    """

    models: ClassVar[Models] = MODELS
    defaults: ClassVar[Mapping[str, Any]] = {
        "train": {"metric": "auto", "tokens": 1024, "schedule": "cosine", "warmup": 50, "average": 3, "epochs": 10}
    }

    settled: ClassVar[tuple[str, ...]] = ("goal", "labels", "scale", "train.metric")
    changeable: ClassVar[tuple[str, ...]] = ("answer",)

    task: Literal["match"] = "match"
    data: MatchSettings = MatchSettings()
    answer: AnswerSettings = AnswerSettings()
    goal: Literal["auto", "classes", "relevance", "similarity"] = "auto"
    labels: tuple[str, ...] = ()
    scale: tuple[float, float] = (0.0, 1.0)

    @classmethod
    def task_defaults(cls, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """As for every task; and words have as many columns as the vectors that they begin from."""
        defaults = super().task_defaults(chosen)
        vectors = section(chosen, "data").get("vectors")
        if isinstance(vectors, str) and "labels" not in chosen:
            width = {"embed": vectors_width(Path(vectors))}
            convolutional = isinstance(MODELS.named(defaults["model"]["name"])[1].preset, ConvolutionalConfig)
            defaults["model"] |= width if convolutional else {"text": width}
        return defaults

    @property
    def longest(self) -> int:
        """How many tokens of a text are read."""
        own = self.model.settings.longest
        return self.data.max_length if own is None else min(own, self.data.max_length)
