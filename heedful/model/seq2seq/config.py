"""The settings of a recurrent encoder-decoder."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.layer.recurrent import CELLS
from heedful.model.attention_config import AttentionConfig, known

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

    decoder: str = "bahdanau"
    attention: AttentionConfig = AttentionConfig()
    near: int = Field(default=1, ge=1, description="guided: radius of the window that is read before a step")
    cell: str = "gru"
    embed: int = Field(default=256, ge=1)
    hidden: int = Field(default=256, ge=1)
    layers: int = Field(default=1, ge=1)
    bidirectional: bool = True
    merge: str = "concat"
    start: str = "first-word"
    tie: str = "none"
    dropout: float = Field(default=0.2, ge=0, lt=1)
    smoothing: float = Field(default=0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _names_are_known(self) -> "SeqToSeqConfig":
        for what, names in NAMES.items():
            known(getattr(self, what), dict.fromkeys(names), what=what)
        return self

    @property
    def longest_source(self) -> int | None:
        """The largest number of source tokens, EOS included; None: no limit."""
        attends = self.decoder in LOOKING
        return self.attention.max_length if attends and self.attention.score == "location" else None

    @property
    def longest_target(self) -> int | None:
        """The largest number of target tokens: no limit."""
        return None
