"""What a parser is made of and how it is trained, as one tree of settings: data, model, train, decode."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.data.tree.linear import PUNCTUATION
from heedful.errors import UserError
from heedful.model.seq2seq import SeqToSeqConfig
from heedful.model.transformer import TransformerConfig
from heedful.task.config import DataSettings, RunConfig
from heedful.task.models import Models
from heedful.task.parse.models import MODELS

TAGS: dict[str, frozenset[str] | None] = {"punctuation": PUNCTUATION, "none": frozenset(), "all": None}
"""Which tags of words are said as they are: the others are XX."""


class WordSettings(BaseModel):
    """Which words have an id of their own, and how often they are hidden in training.

    The `size` commonest forms of the training trees are known; other words are known by their shape and ending, in
    classes of at least `rare` forms. A word seen n times is hidden with probability hide / (hide + n).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(default=20_000, ge=1)
    rare: int = Field(default=2, ge=1)
    hide: float = Field(default=0.5, ge=0)


class TreeSettings(DataSettings):
    """Which files, and how trees become sequences.

    `functions` keeps function tags (NP-SBJ); `tags` says which part-of-speech tags are said (punctuation, none, all);
    `reverse` reads sentences from their end; `split` cuts questions into words as the Penn Treebank does (ptb) or at
    blanks only (blanks). Training trees of more than `max_length` symbols are left out, and counted.
    """

    functions: bool = False
    tags: Literal["punctuation", "none", "all"] = "punctuation"
    reverse: bool = False
    split: Literal["ptb", "blanks"] = "ptb"
    words: WordSettings = WordSettings()
    max_length: int = Field(default=200, ge=1)
    valid_most: int = Field(default=1000, ge=1, description="validation looks at the first so many trees")


class DecodeSettings(BaseModel):
    """How trees are searched for: every one that is found is well-formed.

    A sentence of more than `longest_source` words is cut there. A tree has at most `ratio` symbols for each word and
    twenty more, no more than `deepest` constituents in one another, and no more than `run` that begin at one place
    without another symbol between. With `precision` "auto" products are bfloat16 where the hardware multiplies it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beam: int = Field(default=5, ge=1)
    length_penalty: float = Field(default=0.0, ge=0)
    longest_source: int = Field(default=300, ge=1)
    ratio: float = Field(default=4.0, ge=1)
    deepest: int = Field(default=50, ge=1)
    run: int = Field(default=8, ge=1)
    tokens: int = Field(default=2048, ge=1, description="padded words in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


class ParseConfig(RunConfig, frozen=True):
    """All settings of a parser; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS
    defaults: ClassVar[Mapping[str, Any]] = {
        "train": {
            "metric": "valid_bracket_f1",
            "tokens": 2048,
            "rate": 3e-3,
            "schedule": "cosine",
            "warmup": 200,
            "epochs": 30,
            "valid_every": 300,
        }
    }

    changeable: ClassVar[tuple[str, ...]] = ("decode",)

    task: Literal["parse"] = "parse"
    data: TreeSettings = TreeSettings()
    decode: DecodeSettings = DecodeSettings()

    @model_validator(mode="after")
    def _places_are_not_reversed(self) -> "ParseConfig":
        settings = self.model.settings
        region = settings.attention.region if isinstance(settings, SeqToSeqConfig) else "everywhere"
        stands = (
            isinstance(settings, TransformerConfig)
            or getattr(settings, "decoder", "") == "guided"
            or region != "everywhere"
        )
        if self.data.reverse and stands:
            raise UserError(
                f"data.reverse is true, but {self.model.name} knows where in the sentence it stands",
                hint="set data.reverse to false: reading both ways it does not matter",
            )
        return self

    @property
    def longest_source(self) -> int:
        """Where a sentence is cut, in words: what `decode` says, or what the model can read."""
        known = self.model.settings.longest_source
        return self.decode.longest_source if known is None else min(self.decode.longest_source, known - 1)
