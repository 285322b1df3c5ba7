"""The settings of an encoder of texts and its pooling."""

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
    "output": ("full", "sampled", "hierarchical"),
}
"""The allowed values of settings; the tables of `encoder`, `poolings` and `classifier` map them to classes."""


class TextConfig(BaseModel):
    """How a text becomes one vector: the default is a bidirectional LSTM with attention.

    | setting | values |
    |---|---|
    | `encoder`: a state per word | words (vectors only), cnn (n-grams), rnn, rcnn (words in context), transformer |
    | `pooling`: one vector of the states | last, mean, max, attention, context, asked |
    | `structure` | flat; hierarchy (each sentence is encoded and pooled, then the sentences) |
    | `merge`: the two directions of rnn | concat, sum (pooling last always concatenates) |
    | `end`: what follows pooling | none, tanh |
    | `gain`: states that predict the label in training | last; linear (all, with weights that grow: SA-LSTM) |
    | `output`: the softmax over labels | full; sampled (`samples` labels, in training); hierarchical (group, label) |

    Pooling "attention" (Zhou et al.) applies tanh and has a learned query, "context" (Yang et al.) a hidden layer and a
    learned query. The query of "asked" is a recurrent layer's last state, and is concatenated with the result.
    `forget` is the initial bias of the gates that keep a state. At 1 states carry words far, and attention may weight
    any later state that still depends on the decisive word. At -2 it weights the word itself. `attention` configures
    the poolings with attention; their papers use score dot. Numbers that the named parts do not use are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str = "rnn"
    pooling: str = "attention"
    structure: str = "flat"
    attention: AttentionConfig = AttentionConfig(score="dot")
    embed: int = Field(default=128, ge=1, description="width of word vectors")
    hidden: int = Field(default=128, ge=1, description="width of each direction, of contexts, of a transformer")
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
    dropout: float = Field(default=0.3, ge=0, lt=1, description="between layers, and of the output's input")
    embed_dropout: float = Field(default=0.3, ge=0, lt=1, description="of the entries of word vectors")
    word_dropout: float = Field(default=0.0, ge=0, lt=1, description="rate at which words are replaced by <unk>")
    smoothing: float = Field(default=0.0, ge=0, lt=1)
    output: str = "full"
    samples: int = Field(default=1024, ge=1, description="labels sampled for each batch, with output sampled")
    max_norm: float = Field(default=0.0, ge=0, description="largest norm of a row of the output's weights; 0: no limit")

    @model_validator(mode="after")
    def _names_are_known(self) -> "TextConfig":
        for what, names in NAMES.items():
            known(getattr(self, what), dict.fromkeys(names), what=what)
        return self

    @model_validator(mode="after")
    def _parts_fit(self) -> "TextConfig":
        if self.encoder == "transformer" and self.hidden % self.heads:
            raise UserError(f"hidden {self.hidden} is no multiple of heads {self.heads}", hint="change hidden or heads")
        if min(self.widths) < 1:
            raise UserError(f"widths {list(self.widths)} has a number below 1", hint="an n-gram has at least one word")
        if self.gain == "linear" and not self._reads_on:
            raise UserError(
                f"gain 'linear' predicts the label from every state as if it were the last, but encoder "
                f"{self.encoder!r} with pooling {self.pooling!r} has no such states",
                hint="set encoder rnn, pooling last, bidirectional false and structure flat, or gain last",
            )
        if self.gain == "linear" and self.output != "full":
            raise UserError(
                f"gain 'linear' has no loss with output {self.output!r}", hint="set output full, or gain last"
            )
        return self

    @property
    def _reads_on(self) -> bool:
        """Whether each state depends on exactly the words so far, and pooling takes the last one."""
        return self.encoder == "rnn" and self.pooling == "last" and not self.bidirectional and self.structure == "flat"
