"""Recurrent language models: an LSTM or GRU, with or without attention to its past states."""

from collections.abc import Iterable
from typing import NamedTuple

from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.dropout import Dropout
from heedful.layer.embedding import TokenEmbedding
from heedful.layer.readout import Attentional, beside
from heedful.layer.recurrent import CELLS, Recurrent, State
from heedful.model.attention_config import AttentionConfig
from heedful.model.language.base import LanguageModel
from heedful.model.language.look import NoAttention, PastAttention
from heedful.model.names import check_names


class RecurrentLanguageConfig(BaseModel):
    """Recurrent layers of 256 columns over words of 128, with additive attention to their past states.

    `attention` null gives the plain recurrent model. The softmax shares the embedding's matrix, so that `embed` is also
    the width of the readout.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attention: AttentionConfig | None = Field(
        default=AttentionConfig(), description="attention to the past states; null: none"
    )
    cell: str = Field(default="lstm", description="recurrent cell")
    embed: int = Field(default=128, ge=1, description="columns of token vectors and of the readout")
    hidden: int = Field(default=256, ge=1, description="columns of a recurrent state")
    layers: int = Field(default=1, ge=1, description="recurrent layers")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="rate of dropout of embeddings, layers and readout")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"cell": CELLS}

    @model_validator(mode="after")
    def _names_are_known(self) -> "RecurrentLanguageConfig":
        check_names(self)
        return self

    @property
    def attentions(self) -> dict[str, frozenset[str]]:
        """The settings in use of each attention, by the path of its section."""
        return {} if self.attention is None else {"attention": self.attention.in_use}

    @property
    def longest(self) -> int | None:
        """The largest number of tokens of a text; None: no limit."""
        return None if self.attention is None else self.attention.longest


class RecurrentLanguageState(NamedTuple):
    """The recurrent state ``[B, L, H]`` each, and the memory of all states so far (None without attention)."""

    layers: State
    past: Memory | None


class RecurrentLanguage(LanguageModel):
    """``h_t = RNN(h_{t-1}, E x_t)``; ``c_t`` from ``h_t`` over its past; ``softmax(E tanh(W [c_t; h_t]) + b)``.

    The past is ``h_1 ... h_{t-1}``. The recurrence does not read the context, so that all steps are computed at once.
    A model without attention has no ``c_t``.
    Parameters: ``embedding``, ``recurrent``, ``look`` (the attention), ``readout`` (W), ``output`` (tied, with a bias).
    Source: Daniluk et al. 2017, eq. 1-5 (arXiv:1702.04521), whose window is the region "window".
    """

    def __init__(self, config: RecurrentLanguageConfig, size: int) -> None:
        super().__init__()
        self.config = config
        # Entries of order 1: from smaller ones the model learns late where to attend.
        self.embedding = TokenEmbedding(size, config.embed)
        self.dropout = Dropout(config.dropout)
        self.recurrent = Recurrent(
            CELLS[config.cell], config.embed, config.hidden, layers=config.layers, dropout=config.dropout
        )
        self.look = NoAttention() if config.attention is None else PastAttention(config.attention, config.hidden)
        self.readout = Attentional(self.look.output_dim, config.hidden, config.embed)
        self.output = nn.Linear(config.embed, size)
        nn.init.zeros_(self.output.bias)
        self.output.weight = self.embedding.weight

    def forward_step(
        self, tokens: Int[Tensor, "B T"], state: RecurrentLanguageState | None
    ) -> tuple[Tensor, RecurrentLanguageState]:
        """``[c_t; h_t]`` of each of the tokens, and the state after the last."""
        layers, past = (None, None) if state is None else state
        states, layers = self.recurrent(self.dropout(self.embedding(tokens)), layers)
        context, memory = self.look(states, past)
        return beside(context, states), RecurrentLanguageState(layers, memory)

    def pre_logits(self, features: Float[Tensor, "... F"]) -> Float[Tensor, "... E"]:
        """``tanh(W [c_t; h_t])``."""
        return self.dropout(self.readout(self.dropout(features)))
