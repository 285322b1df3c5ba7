"""What a recurrent translator is made of, by name and number."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.layer.recurrent import CELLS
from heedful.model.attention_config import AttentionConfig, known

NAMES: dict[str, tuple[str, ...]] = {
    "decoder": ("simple", "feedback", "peek", "static", "bahdanau", "luong", "luong-feeding", "grammar", "guided"),
    "cell": tuple(CELLS),
    "merge": ("concat", "sum"),
    "start": ("first-word", "final", "zero"),
    "tie": ("all", "target", "none"),
}
"""The words that settings may be; what stands behind them is in the tables of `encoder` and `model`."""

LOOKING = ("static", "bahdanau", "luong", "luong-feeding", "grammar", "guided")
"""The decoders that look at the source."""


class SeqToSeqConfig(BaseModel):
    """An RNN encoder-decoder: the default is RNNsearch of Bahdanau et al. 2015, 256 wide.

    `hidden` is the width of the decoder and of each direction of the encoder. `merge` joins the two directions of
    the encoder (concat, sum); `start` makes the decoder's first state (first-word, final, zero); `tie` says which word
    matrices are one (all: source, target and output; target: target and output; none).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decoder: str = "bahdanau"
    attention: AttentionConfig = AttentionConfig()
    near: int = Field(default=1, ge=1, description="guided: source words to each side that are read before a step")
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
        """How many source tokens can be read, EOS included; None for no end."""
        looks = self.decoder in LOOKING
        return self.attention.max_length if looks and self.attention.score == "location" else None

    @property
    def longest_target(self) -> int | None:
        """How many target tokens can be said: there is no end."""
        return None
