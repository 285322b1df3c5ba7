"""What a translator is made of and how it is trained, as one tree of settings: data, model, train, decode."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.errors import UserError
from heedful.task.config import DataSettings, RunConfig, section
from heedful.task.look import Look
from heedful.task.models import Models
from heedful.task.tokenisers import TokeniserSettings
from heedful.task.translate.models import MODELS


class PairSettings(DataSettings):
    """Which files, and how their text becomes tokens.

    With `shared` both sides have one vocabulary, made as `source` says. `lowercase` holds for both sides, so scores
    are of lowercased text. Training pairs of more than `max_length` tokens on a side are left out, and counted. Pairs
    of one source are held out together. `valid_alignments` and `test_alignments` are files of gold links.
    """

    valid_alignments: str | None = None
    test_alignments: str | None = None
    source: TokeniserSettings = TokeniserSettings()
    target: TokeniserSettings = TokeniserSettings()
    shared: bool = True
    lowercase: bool = False
    max_length: int = Field(default=200, ge=1)
    valid_most: int = Field(default=1000, ge=1, description="validation looks at the first so many pairs")


class DecodeSettings(BaseModel):
    """How translations are searched for.

    A source of more than `longest_source` tokens is cut there; an output has at most `ratio` tokens for each of the
    source's, and ten more. With `precision` "auto" products are bfloat16 where the hardware multiplies it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beam: int = Field(default=5, ge=1)
    length_penalty: float = Field(default=1.0, ge=0)
    coverage_penalty: float = Field(default=0.0, ge=0)
    longest_source: int = Field(default=500, ge=1)
    ratio: float = Field(default=2.0, gt=0)
    tokens: int = Field(default=4096, ge=1, description="padded source tokens in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


class TranslateConfig(RunConfig, frozen=True):
    """All settings of a translator; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS
    changeable: ClassVar[tuple[str, ...]] = ("decode", "look")

    task: Literal["translate"] = "translate"
    data: PairSettings = PairSettings()
    decode: DecodeSettings = DecodeSettings()
    look: Look | None = None

    @model_validator(mode="after")
    def _links_are_of_pairs(self) -> "TranslateConfig":
        for split, links in (("valid", self.data.valid_alignments), ("test", self.data.test_alignments)):
            if links is not None and not getattr(self.data, split):
                raise UserError(
                    f"--{split}-alignments without --{split}", hint="give the pairs that these links are of"
                )
        return self

    @model_validator(mode="after")
    def _training_pairs_fit_the_model(self) -> "TranslateConfig":
        longest = self.model.settings.longest_source
        if longest is not None and self.data.max_length >= longest:
            raise UserError(
                f"this model knows {longest} positions, too few for data.max_length {self.data.max_length} and the end",
                hint=f"set data.max_length to {longest - 1} or less, or the model's max_length to more",
            )
        return self

    @classmethod
    def task_defaults(cls, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """As for every task; and of a model that ties all words, two vocabularies leave the target's."""
        defaults = super().task_defaults(chosen)
        preset = cls.models.named(defaults["model"]["name"])[1].preset
        if getattr(preset, "tie", None) == "all" and section(chosen, "data").get("shared") is False:
            defaults["model"]["tie"] = "target"
        return defaults

    @property
    def longest_source(self) -> int:
        """Where a source is cut, in tokens without EOS: what `decode` says, or what the model can read."""
        known = self.model.settings.longest_source
        return self.decode.longest_source if known is None else min(self.decode.longest_source, known - 1)

    @property
    def longest_target(self) -> int | None:
        """Where a target is cut, in tokens without BOS or EOS; None for no end."""
        known = self.model.settings.longest_target
        return None if known is None else known - 1
