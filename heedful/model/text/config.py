"""What a reader of texts is made of, by name and number."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.errors import UserError
from heedful.model.attention_config import AttentionConfig, known

NAMES: dict[str, tuple[str, ...]] = {
    "encoder": ("words", "cnn", "rnn", "rcnn", "transformer"),
    "pooling": ("last", "mean", "max", "attention", "context", "asked"),
    "structure": ("flat", "hierarchy"),
    "cell": ("gru", "lstm"),
    "merge": ("concat", "sum"),
    "norm": ("pre", "post"),
    "end": ("none", "tanh"),
    "gain": ("last", "linear"),
}
"""The words that settings may be; what stands behind them is in the tables of `encoder`, `level` and `classifier`."""


class TextConfig(BaseModel):
    """How a text becomes vectors, and one vector: the default is a bidirectional LSTM with attention.

    `encoder` reads the words: words (their vectors alone), cnn (n-grams), rnn, rcnn (the words between their
    contexts), transformer. `pooling` makes one vector of what it read: last, mean, max, attention (Zhou et al.:
    tanh, a learned query), context (Yang et al.: a hidden layer, a learned query), asked (a recurrent layer's last
    state is the query, and stands beside the result). `structure` hierarchy reads every sentence so, and then the
    sentences. `merge` joins the two directions of rnn (pooling last keeps them side by side); `end` is what follows
    pooling. `forget` is where the gates start that keep a state: from 1 it carries words far, and attention may look at
    any place that still tells of them; from -2 it looks at the word itself. `gain` linear makes each word's state
    answer in training, the later the more (SA-LSTM). `attention` is what the poolings that look do; score dot is their
    papers'. Numbers that the named parts do not use are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str = "rnn"
    pooling: str = "attention"
    structure: str = "flat"
    attention: AttentionConfig = AttentionConfig(score="dot")
    embed: int = Field(default=128, ge=1, description="columns of a word's vector")
    hidden: int = Field(default=128, ge=1, description="columns of each direction, of contexts, of a transformer")
    layers: int = Field(default=1, ge=1)
    cell: str = "lstm"
    bidirectional: bool = True
    merge: str = "concat"
    forget: float | None = Field(
        default=None, description="first bias of an LSTM's forget gates (None: 1), of a GRU's update gates (None: 0)"
    )
    widths: tuple[int, ...] = Field(default=(3, 4, 5), min_length=1, description="words of an n-gram, for cnn")
    maps: int = Field(default=100, ge=1, description="features of each width, for cnn")
    heads: int = Field(default=4, ge=1, description="for transformer")
    feedforward: int = Field(default=512, ge=1, description="for transformer")
    norm: str = "pre"
    end: str = "none"
    gain: str = "last"
    dropout: float = Field(default=0.3, ge=0, lt=1, description="between layers, and of what the output reads")
    embed_dropout: float = Field(default=0.3, ge=0, lt=1, description="of the words' vectors, number by number")
    word_dropout: float = Field(default=0.0, ge=0, lt=1, description="how often a word is taken for an unknown one")
    smoothing: float = Field(default=0.0, ge=0, lt=1)
    max_norm: float = Field(default=0.0, ge=0, description="longest row of the output's weights; 0: any")

    @model_validator(mode="after")
    def _names_are_known(self) -> "TextConfig":
        for what, names in NAMES.items():
            known(getattr(self, what), dict.fromkeys(names), what=what)
        return self

    @model_validator(mode="after")
    def _parts_fit(self) -> "TextConfig":
        if self.encoder == "transformer" and self.hidden % self.heads:
            raise UserError(f"hidden {self.hidden} is no multiple of heads {self.heads}", hint="choose others")
        if min(self.widths) < 1:
            raise UserError(f"widths {list(self.widths)} has one below 1", hint="an n-gram has at least one word")
        if self.gain == "linear" and not self._reads_on:
            raise UserError(
                f"gain 'linear' lets every state answer as if it were the last, but encoder {self.encoder!r} with "
                f"pooling {self.pooling!r} has no such states",
                hint="set encoder rnn, pooling last, bidirectional false and structure flat, or gain last",
            )
        return self

    @property
    def _reads_on(self) -> bool:
        """Whether each state knows what was read so far, and the last one is taken."""
        return self.encoder == "rnn" and self.pooling == "last" and not self.bidirectional and self.structure == "flat"
