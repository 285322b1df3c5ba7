"""The settings of a translator: data, model, train, decode."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.errors import UserError
from heedful.task.config import LOWERCASE, PRECISION, DataSettings, RunConfig, section
from heedful.task.models import Models
from heedful.task.tokenisers import TokeniserSettings
from heedful.task.translate.models import MODELS
from heedful.watch.look import Look


class PairSettings(DataSettings):
    """The data files and their tokenisers.

    With `shared`, both sides have one vocabulary, learnt with the settings `source`. `lowercase` applies to both sides,
    so that scores are computed on lowercased text. Training pairs with more than `max_length` tokens on a side are left
    out and reported. Pairs with the same source are held out together. `valid_alignments` and `test_alignments` are
    files of gold links.
    """

    valid_alignments: str | None = Field(default=None, description="gold links of the validation pairs")
    test_alignments: str | None = Field(default=None, description="gold links of the test pairs")
    source: TokeniserSettings = Field(default=TokeniserSettings(), description="the source's tokeniser")
    target: TokeniserSettings = Field(default=TokeniserSettings(), description="the target's tokeniser")
    shared: bool = Field(default=True, description="one vocabulary for both sides, learnt with the settings of source")
    lowercase: bool = Field(default=False, description=LOWERCASE)
    max_length: int = Field(
        default=200, ge=1, description="most tokens of a side of a training pair; others are left out"
    )
    valid_most: int = Field(default=1000, ge=1, description="validation uses at most this many pairs")


class DecodeSettings(BaseModel):
    """How translations are searched for.

    A source is truncated to `longest_source` tokens. An output has at most `ratio` tokens per source token plus 10.
    With `precision` "auto", matrix products use bfloat16 where the hardware supports it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beam: int = Field(default=5, ge=1, description="width of the beam search; 1: greedy")
    length_penalty: float = Field(default=1.0, ge=0, description="how much longer translations are preferred")
    coverage_penalty: float = Field(default=0.0, ge=0, description="how much unattended source words are penalised")
    longest_source: int = Field(default=500, ge=1, description="tokens of a source that are read")
    ratio: float = Field(default=2.0, gt=0, description="most target tokens per source token, plus 10")
    tokens: int = Field(default=4096, ge=1, description="padded source tokens in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description=PRECISION)


class TranslateConfig(RunConfig, frozen=True):
    """All settings of a translator; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS
    least_steps: ClassVar[int] = 1200
    changeable: ClassVar[tuple[str, ...]] = ("decode", "look")

    task: Literal["translate"] = "translate"
    data: PairSettings = Field(default=PairSettings(), description="files and tokenisers")
    decode: DecodeSettings = Field(default=DecodeSettings(), description="how translations are searched for")
    look: Look | None = Field(
        default=None, description="which attention is read as word alignment; null: training chooses it"
    )

    @model_validator(mode="after")
    def _links_are_of_pairs(self) -> "TranslateConfig":
        for split, links in (("valid", self.data.valid_alignments), ("test", self.data.test_alignments)):
            if links is not None and not getattr(self.data, split):
                raise UserError(
                    f"--{split}-alignments without --{split}", hint="give the sentence pairs that these links belong to"
                )
        return self

    @model_validator(mode="after")
    def _training_pairs_fit_the_model(self) -> "TranslateConfig":
        longest = self.model.settings.longest_source
        if longest is not None and self.data.max_length >= longest:
            raise UserError(
                f"this model knows {longest} positions, too few for data.max_length {self.data.max_length} and EOS",
                hint=f"set data.max_length to {longest - 1} or less, or the model's max_length to more",
            )
        return self

    @classmethod
    def task_defaults(cls, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """The general defaults; models that tie all embeddings tie only the target's if there are two vocabularies."""
        defaults = super().task_defaults(chosen)
        preset = cls.models.named(defaults["model"]["name"])[1].preset
        if getattr(preset, "tie", None) == "all" and section(chosen, "data").get("shared") is False:
            defaults["model"]["tie"] = "target"
        return defaults

    @property
    def longest_source(self) -> int:
        """The most source tokens that are read, without EOS: a limit of ``decode``, or of the model."""
        positions = self.model.settings.longest_source
        return self.decode.longest_source if positions is None else min(self.decode.longest_source, positions - 1)

    @property
    def longest_target(self) -> int | None:
        """The most target tokens, without BOS and EOS; None for no limit."""
        positions = self.model.settings.longest_target
        return None if positions is None else positions - 1
