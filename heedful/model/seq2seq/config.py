"""The settings of a recurrent encoder-decoder."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.layer.recurrent import CELLS
from heedful.model.attention_config import AttentionConfig
from heedful.model.names import check_names

NAMES: dict[str, tuple[str, ...]] = {
    "decoder": (
        "simple",
        "feedback",
        "peek",
        "static",
        "bahdanau",
        "luong",
        "luong-feeding",
        "grammar",
        "guided",
        "show-attend-tell",
        "adaptive",
    ),
    "cell": tuple(CELLS),
    "merge": ("concat", "sum"),
    "start": ("first-word", "final", "zero"),
    "tie": ("all", "target", "none"),
}
"""The allowed values of settings; the tables of `encoder` and `model` map them to classes."""

LOOKING = ("static", "bahdanau", "luong", "luong-feeding", "grammar", "guided", "show-attend-tell", "adaptive")
"""The decoders with attention to the source."""


class SeqToSeqConfig(BaseModel):
    """An RNN encoder-decoder: the default is RNNsearch of Bahdanau et al. 2015, 256 wide.

    `hidden` is the width of the decoder and of each direction of the encoder.

    | setting | values |
    |---|---|
    | `merge`: how the encoder's two directions are joined | concat, sum |
    | `start`: the decoder's first state | first-word, final, zero |
    | `tie`: which word matrices are shared | all (source, target and output), target (target and output), none |
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decoder: str = Field(default="bahdanau", description="how the decoder reads the source and outputs words")
    attention: AttentionConfig = Field(
        default=AttentionConfig(), description="the decoder's attention to the source, if it has one"
    )
    near: int = Field(default=1, ge=1, description="guided: radius of the window that is read before a step")
    cell: str = Field(default="gru", description="recurrent cell")
    embed: int = Field(default=256, ge=1, description="columns of word vectors")
    hidden: int = Field(default=256, ge=1, description="columns of the decoder and of each direction of the encoder")
    layers: int = Field(default=1, ge=1, description="recurrent layers of encoder and decoder")
    bidirectional: bool = Field(default=True, description="the encoder reads in both directions")
    merge: str = Field(default="concat", description="how the encoder's two directions are joined")
    start: str = Field(default="first-word", description="what gives the decoder's first state")
    tie: str = Field(
        default="none", description="shared word matrices: all (source, target, output), target (target, output), none"
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="rate of dropout of embeddings, layers and readout")
    smoothing: float = Field(default=0.1, ge=0, lt=1, description="label smoothing of the loss")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return dict(NAMES)

    @model_validator(mode="after")
    def _names_are_known(self) -> "SeqToSeqConfig":
        check_names(self)
        return self

    @property
    def attentions(self) -> dict[str, frozenset[str]]:
        """The settings in use of each attention, by the path of its section."""
        return {"attention": self.attention.in_use} if self.decoder in LOOKING else {}

    @property
    def longest_source(self) -> int | None:
        """The largest number of source tokens, EOS included; None: no limit."""
        return self.attention.longest if self.decoder in LOOKING else None

    @property
    def longest_target(self) -> int | None:
        """The largest number of target tokens: no limit."""
        return None
