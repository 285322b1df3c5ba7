"""The settings of a parser: data, model, train, decode."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.data.tree.linear import PUNCTUATION
from heedful.errors import UserError
from heedful.model.seq2seq import SeqToSeqConfig
from heedful.model.transformer import TransformerConfig
from heedful.task.config import PRECISION, DataSettings, RunConfig
from heedful.task.models import Models
from heedful.task.parse.models import MODELS

TAGS: dict[str, frozenset[str] | None] = {"punctuation": PUNCTUATION, "none": frozenset(), "all": None}
"""Which part-of-speech tags are kept in symbols; all others become XX."""


class WordSettings(BaseModel):
    """The vocabulary of words, and how often words are masked in training.

    The `size` most frequent forms of the training trees have their own ids. Other words are represented by their shape
    and ending, in classes of at least `rare` forms. A word that occurs n times is masked with probability
    hide / (hide + n), so that the classes are trained too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(default=20_000, ge=1, description="the most words that are known by their form")
    rare: int = Field(default=2, ge=1, description="least forms of a class of other words, by shape and ending")
    hide: float = Field(default=0.5, ge=0, description="how often rare words are masked in training")


class TreeSettings(DataSettings):
    """The data files, and how trees become sequences.

    `functions` keeps function tags (NP-SBJ). `tags` says which part-of-speech tags are kept (punctuation, none, all).
    `reverse` reads sentences from their end. `split` says how questions are split into words: as in the Penn Treebank
    (ptb), or at blanks only (blanks). Training trees of more than `max_length` symbols are left out and reported.
    """

    functions: bool = Field(default=False, description="keep function tags, as in NP-SBJ")
    tags: Literal["punctuation", "none", "all"] = Field(
        default="punctuation", description="part-of-speech tags that are kept"
    )
    reverse: bool = Field(default=False, description="read sentences from their end")
    split: Literal["ptb", "blanks"] = Field(
        default="ptb", description="how sentences are split into words: as in the Penn Treebank, or at blanks"
    )
    words: WordSettings = Field(default=WordSettings(), description="the vocabulary of words")
    max_length: int = Field(default=200, ge=1, description="most symbols of a training tree; others are left out")
    valid_most: int = Field(default=1000, ge=1, description="validation uses at most this many trees")


class DecodeSettings(BaseModel):
    """How trees are searched for. Every tree found is well-formed.

    A sentence is truncated to `longest_source` words. A tree has at most `ratio` symbols per word plus 20, at most
    `deepest` nested constituents, and at most `run` opening brackets in a row. With `precision` "auto", matrix products
    use bfloat16 where the hardware supports it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beam: int = Field(default=5, ge=1, description="width of the beam search; 1: greedy")
    length_penalty: float = Field(default=0.0, ge=0, description="how much trees of more symbols are preferred")
    longest_source: int = Field(default=300, ge=1, description="words of a sentence that are read")
    ratio: float = Field(default=4.0, ge=1, description="most symbols per word, plus 20")
    deepest: int = Field(default=50, ge=1, description="most nested constituents")
    run: int = Field(default=8, ge=1, description="most opening brackets in a row")
    tokens: int = Field(default=2048, ge=1, description="padded words in a batch")
    precision: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description=PRECISION)


class ParseConfig(RunConfig, frozen=True):
    """All settings of a parser; a run folder keeps them in ``config.yaml``."""

    models: ClassVar[Models] = MODELS
    least_steps: ClassVar[int] = 600
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
    data: TreeSettings = Field(default=TreeSettings(), description="files, and how trees become sequences")
    decode: DecodeSettings = Field(default=DecodeSettings(), description="how trees are searched for")

    @model_validator(mode="after")
    def _places_are_not_reversed(self) -> "ParseConfig":
        settings = self.model.settings
        region = settings.attention.region if isinstance(settings, SeqToSeqConfig) else "everywhere"
        # These models use the position of the next word, which assumes that symbols follow the order of the words.
        uses_positions = (
            isinstance(settings, TransformerConfig)
            or getattr(settings, "decoder", "") == "guided"
            or region != "everywhere"
        )
        if self.data.reverse and uses_positions:
            raise UserError(
                f"data.reverse is true, but {self.model.name} uses the position of the next word",
                hint="set data.reverse to false",
            )
        return self

    @property
    def longest_source(self) -> int:
        """The most words of a sentence that are read: a limit of ``decode``, or of the model."""
        positions = self.model.settings.longest_source
        # One position is for EOS.
        return self.decode.longest_source if positions is None else min(self.decode.longest_source, positions - 1)
