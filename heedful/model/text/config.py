"""The settings of an encoder of texts and its pooling."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.errors import UserError
from heedful.model.attention_config import smallest, under
from heedful.model.attention_sections import SHORT_FORM, TextSections
from heedful.model.names import check_names

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


ATTENDING = ("attention", "context", "asked")
"""The poolings with attention."""


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
    any later state that still depends on the decisive word. At -2 it weights the word itself. `attention.pooling`
    configures the poolings with attention, whose papers use score dot, and `attention.self` the encoder "transformer".
    Numbers that the named parts do not use are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str = Field(default="rnn", description="what makes a state of every word")
    pooling: str = Field(default="attention", description="what makes one vector of the states")
    structure: str = Field(default="flat", description="one level, or sentences and then the text")
    attention: TextSections = Field(default=TextSections(), description=SHORT_FORM)
    embed: int = Field(default=128, ge=1, description="width of word vectors")
    hidden: int = Field(default=128, ge=1, description="width of each direction, of contexts, of a transformer")
    layers: int = Field(default=1, ge=1, description="layers of the encoder, for rnn and transformer")
    cell: str = Field(default="lstm", description="recurrent cell, for rnn")
    bidirectional: bool = Field(default=True, description="whether rnn reads in both directions")
    merge: str = Field(default="concat", description="how the two directions are joined, for rnn")
    forget: float | None = Field(
        default=None, description="first bias of an LSTM's forget gates (null: 1), of a GRU's update gates (null: 0)"
    )
    widths: tuple[int, ...] = Field(default=(3, 4, 5), min_length=1, description="words of an n-gram, for cnn")
    maps: int = Field(default=100, ge=1, description="features of each width, for cnn")
    heads: int = Field(default=4, ge=1, description="heads of each attention, for transformer")
    feedforward: int = Field(default=512, ge=1, description="columns inside a feed-forward layer, for transformer")
    norm: str = Field(default="pre", description="where layers normalise, for transformer")
    end: str = Field(default="none", description="what follows the pooling")
    gain: str = Field(default="last", description="states that predict the label in training")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="between layers, and of the output's input")
    embed_dropout: float = Field(default=0.3, ge=0, lt=1, description="of the entries of word vectors")
    word_dropout: float = Field(default=0.0, ge=0, lt=1, description="rate at which words are replaced by <unk>")
    smoothing: float = Field(default=0.0, ge=0, lt=1, description="label smoothing of the loss")
    output: str = Field(default="full", description="the softmax over labels")
    samples: int = Field(default=1024, ge=1, description="labels sampled for each batch, with output sampled")
    max_norm: float = Field(default=0.0, ge=0, description="largest norm of a row of the output's weights; 0: no limit")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return dict(NAMES)

    @model_validator(mode="after")
    def _names_are_known(self) -> "TextConfig":
        check_names(self)
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
    def attentions(self) -> dict[str, frozenset[str]]:
        """The settings in use of each attention, by the path of its section."""
        sections: dict[str, frozenset[str]] = {}
        if self.pooling in ATTENDING:
            # The hidden layer of pooling "context" has this width, too.
            width = {"width"} if self.pooling == "context" else set[str]()
            sections["pooling"] = self.attention.pooling.in_use | width
        if self.encoder == "transformer":
            sections["self"] = self.attention.self.in_use
        return under("attention", sections)

    @property
    def longest(self) -> int | None:
        """The largest number of tokens of a text; None: no limit."""
        pooling = self.attention.pooling.longest if self.pooling in ATTENDING else None
        return smallest(pooling, self.attention.self.longest if self.encoder == "transformer" else None)

    @property
    def _reads_on(self) -> bool:
        """Whether each state depends on exactly the words so far, and pooling takes the last one."""
        return self.encoder == "rnn" and self.pooling == "last" and not self.bidirectional and self.structure == "flat"
