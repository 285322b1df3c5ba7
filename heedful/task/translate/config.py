"""What a translator is made of and how it is trained, as one tree of settings: data, model, train, decode."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.errors import UserError
from heedful.model.seq2seq import SeqToSeqConfig
from heedful.model.transformer import TransformerConfig
from heedful.model.weighted_transformer import WeightedTransformerConfig
from heedful.task.config import ModelChoice, RunConfig, make_settings, section
from heedful.task.models import Models
from heedful.task.settings import check_settings, join_settings
from heedful.task.tokenisers import TokeniserSettings
from heedful.task.translate.models import MODELS


class DataSettings(BaseModel):
    """Which files, and how their text becomes tokens.

    With `shared` both sides have one vocabulary, made as `source` says. `lowercase` holds for both sides, so scores
    are of lowercased text. Training pairs of more than `max_length` tokens on a side are left out, and counted.
    Without `valid`, `hold_out` of the training pairs are held out, drawn by the seed, all of one source together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: tuple[str, ...] = ()
    valid: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    hold_out: float = Field(default=0.1, gt=0, lt=1)
    source: TokeniserSettings = TokeniserSettings()
    target: TokeniserSettings = TokeniserSettings()
    shared: bool = True
    lowercase: bool = False
    max_length: int = Field(default=200, ge=1)
    valid_most: int = Field(default=1000, ge=1, description="validation looks at the first so many pairs")


class Translators(ModelChoice):
    """A translator by name and its own settings."""

    models: ClassVar[Models] = MODELS

    settings: TransformerConfig | WeightedTransformerConfig | SeqToSeqConfig


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


class Look(BaseModel):
    """Which of a model's maps is read as word alignment, and how.

    `module` is the attention's name in the model (None: the mean of all attentions to the source), `head` the head
    (None: their mean). With `shift` 1 a word's row is read one step later, when it is the decoder's input. A link is
    made to the source word with the most weight, if that is at least `threshold`, after the map has been settled (see
    `heedful.task.words.settle`) by `even`, how much a source word that many look at loses, and `carry`, how much a
    target word goes with the one before. A word that looks at the end of the source most is left without a link; with
    `end` false the end does not count, and the word goes with its next best. What is shown of the map is as the model
    has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str | None
    head: int | None = None
    shift: Literal[0, 1] = 0
    threshold: float = Field(default=0.0, ge=0, le=1)
    even: float = Field(default=0.0, ge=0, le=1)
    carry: float = Field(default=0.0, ge=0, le=1)
    end: bool = True

    @model_validator(mode="after")
    def _a_head_is_one_of_a_module(self) -> "Look":
        if self.module is None and self.head is not None:
            raise UserError(
                f"look.head is {self.head} and look.module null: the mean of all layers has no heads",
                hint="name the module, or set look.head to null",
            )
        return self

    def __str__(self) -> str:
        module = "all layers" if self.module is None else self.module
        head = "all heads" if self.head is None else f"head {self.head}"
        later = ", one step later" if self.shift else ""
        return f"{module}, {head}{later}"


class TranslateConfig(RunConfig):
    """All settings of a translator; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS

    task: Literal["translate"] = "translate"
    data: DataSettings = DataSettings()
    model: Translators = Field(default_factory=lambda: make_choice(MODELS.default))
    decode: DecodeSettings = DecodeSettings()
    look: Look | None = None

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
    def own_defaults(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """As for every task; and of a model that ties all words, two vocabularies leave the target's."""
        defaults = super().own_defaults(given)
        preset = cls.models.named(defaults["model"]["name"])[1].preset
        if getattr(preset, "tie", None) == "all" and section(given, "data").get("shared") is False:
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

    def replaced(self, **sections: Mapping[str, Any]) -> "TranslateConfig":
        """The same settings with some of some sections changed, checked again."""
        return check_settings(TranslateConfig, join_settings(self.model_dump(), sections))


def make_config(*layers: Mapping[str, Any], where: str | None = None) -> TranslateConfig:
    """The settings of a translator from layers of plain settings, the later ones winning.

    Raises: UserError, for an unknown name, setting or value.
    """
    return make_settings(TranslateConfig, *layers, where=where)


def make_choice(name: str, **settings: Any) -> Translators:
    """A translator by name, with some of its settings changed.

    Raises: UserError, for an unknown name or setting.
    """
    return Translators.model_validate({"name": name, **settings})
