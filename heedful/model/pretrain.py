"""What a recurrent text classifier learns first, from text without labels (SA-LSTM)."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn
from torch.nn.functional import linear

from heedful.layer.loss import TokenLoss, token_loss
from heedful.layer.recurrent import CELLS, Recurrent, State
from heedful.model.attention_config import known
from heedful.model.language.base import Sequences, real_rows
from heedful.model.text.vectors import WordVectors
from heedful.shapes import PAD


class PretrainConfig(BaseModel):
    """The words and recurrent layers of a classifier to be, and what they are to learn: autoencoder or next-word.

    `embed`, `hidden`, `layers` and `cell` are those of the classifier, which must read in one direction.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    objective: str = "autoencoder"
    cell: str = "lstm"
    embed: int = Field(default=128, ge=1)
    hidden: int = Field(default=128, ge=1)
    layers: int = Field(default=1, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1, description="between layers")
    embed_dropout: float = Field(default=0.0, ge=0, lt=1, description="of the words' vectors, number by number")
    word_dropout: float = Field(default=0.1, ge=0, lt=1, description="how often a word is taken for an unknown one")

    @model_validator(mode="after")
    def _names_are_known(self) -> "PretrainConfig":
        known(self.objective, OBJECTIVES, what="objective")
        known(self.cell, CELLS, what="cell")
        return self


class Pretraining(nn.Module):
    """One set of recurrent layers that learns to say a text: after having read it, or word by word.

    autoencoder: the SAME layers read ``x_1 .. x_T, EOS`` and then say them again from their last state; there is no
    attention, so that the state must hold the text. next-word: a language model. Texts longer than a run are learned
    run by run (see `heedful.data.stream.split_documents`), which bounds memory.
    Parameters: ``vectors.embedding`` and ``recurrent``, which a classifier can begin from, as they are; ``readout``
    (Linear) and ``output_bias``, by which a state becomes logits over the words' own vectors: ours, the paper has an
    output matrix of its own.
    Source: Dai and Le 2015, section 2 (arXiv:1511.01432).
    """

    def __init__(self, config: PretrainConfig, size: int) -> None:
        super().__init__()
        self.config = config
        self.vectors = WordVectors(size, config.embed, dropout=config.embed_dropout, word_dropout=config.word_dropout)
        self.recurrent = Recurrent(
            CELLS[config.cell], config.embed, config.hidden, layers=config.layers, dropout=config.dropout
        )
        self.readout = nn.Linear(config.hidden, config.embed)
        self.output_bias = nn.Parameter(torch.zeros(size))
        nn.init.xavier_uniform_(self.readout.weight)
        nn.init.zeros_(self.readout.bias)

    @property
    def embedding(self) -> nn.Embedding:
        """The words' vectors."""
        return self.vectors.embedding

    @property
    def output_weight(self) -> Float[Tensor, "V E"]:
        """The words' vectors; padding's is left out of what the softmax learns, for it must stay zero."""
        weight = self.embedding.weight
        return torch.cat([torch.zeros_like(weight[: PAD + 1]), weight[PAD + 1 :]])

    def logits(self, inputs: Int[Tensor, "B T"], state: State | None = None) -> Float[Tensor, "B T V"]:
        """Logits of the word after each, from a state."""
        return linear(
            self.readout(self.recurrent(self.vectors(inputs), state)[0]), self.output_weight, self.output_bias
        )

    def loss(self, batch: Sequences) -> TokenLoss:
        """The loss summed over the words that are asked for."""
        states, _ = self.recurrent(self.vectors(batch.inputs), OBJECTIVES[self.config.objective](self, batch))
        rows, targets = real_rows(states, batch.targets)
        return token_loss(self.readout(rows), self.output_weight, self.output_bias, target=targets)

    def read(self, tokens: Int[Tensor, "B T"]) -> State:
        """The state after each row's last word; a row without any is read as one of padding."""
        lengths = (tokens != PAD).sum(-1).clamp_min(1)
        return self.recurrent(self.vectors(tokens), lengths=lengths)[1]


def _from_the_text(model: Pretraining, batch: Sequences) -> State | None:
    """The state of one who has read what is to be said."""
    return model.read(batch.targets)


def _from_nothing(model: Pretraining, batch: Sequences) -> State | None:
    return None


OBJECTIVES: dict[str, Callable[[Pretraining, Any], State | None]] = {
    "autoencoder": _from_the_text,
    "next-word": _from_nothing,
}
"""Objectives by name: the state that saying begins with."""
