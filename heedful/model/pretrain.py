"""Pretraining of a recurrent text classifier on text without labels (SA-LSTM)."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn
from torch.nn.functional import linear

from heedful.layer.loss import TokenLoss, token_loss
from heedful.layer.recurrent import CELLS, Recurrent, State
from heedful.model.language.base import Sequences, real_rows
from heedful.model.names import check_names
from heedful.model.text.vectors import WordVectors
from heedful.shapes import PAD


class PretrainConfig(BaseModel):
    """The word vectors and recurrent layers to pretrain, and the objective: autoencoder or next-word.

    `embed`, `hidden`, `layers` and `cell` must equal those of the later classifier, which must be unidirectional.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    objective: str = Field(default="autoencoder", description="what is predicted")
    cell: str = Field(default="lstm", description="recurrent cell, as in the later classifier")
    embed: int = Field(default=128, ge=1, description="columns of word vectors, as in the later classifier")
    hidden: int = Field(default=128, ge=1, description="columns of a recurrent state, as in the later classifier")
    layers: int = Field(default=1, ge=1, description="recurrent layers, as in the later classifier")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="between layers")
    embed_dropout: float = Field(default=0.0, ge=0, lt=1, description="of the entries of word vectors")
    word_dropout: float = Field(default=0.1, ge=0, lt=1, description="rate at which words are replaced by <unk>")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"objective": OBJECTIVES, "cell": CELLS}

    @model_validator(mode="after")
    def _names_are_known(self) -> "PretrainConfig":
        check_names(self)
        return self


class Pretraining(nn.Module):
    """Recurrent layers that are trained to output a text: one they have read before, or the next word of it.

    autoencoder: the SAME layers read ``x_1 .. x_T, EOS`` and then output the text again from their last state. There
    is no attention, so that the state must hold the whole text. next-word: a language model. Longer texts are cut into
    pieces that are trained on separately (see `heedful.data.stream.split_documents`), which bounds memory.
    Parameters: ``vectors.embedding`` and ``recurrent``, from which a classifier can be initialised; ``readout``
    (Linear) and ``output_bias``, which turn a state into logits. The output matrix is that of the word vectors (ours;
    the paper has a separate one).
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
        """The word vectors."""
        return self.vectors.embedding

    @property
    def output_weight(self) -> Float[Tensor, "V E"]:
        """The word vectors as the softmax's matrix."""
        weight = self.embedding.weight
        # The softmax would send a gradient into the vector of padding, which must stay zero. A constant row in its
        # place has no gradient.
        return torch.cat([torch.zeros_like(weight[: PAD + 1]), weight[PAD + 1 :]])

    def logits(self, inputs: Int[Tensor, "B T"], state: State | None = None) -> Float[Tensor, "B T V"]:
        """Logits of the word after each input, starting from `state`."""
        return linear(
            self.readout(self.recurrent(self.vectors(inputs), state)[0]), self.output_weight, self.output_bias
        )

    def loss(self, batch: Sequences) -> TokenLoss:
        """The loss summed over the targets that are not padding."""
        states, _ = self.recurrent(self.vectors(batch.inputs), OBJECTIVES[self.config.objective](self, batch))
        rows, targets = real_rows(states, batch.targets)
        return token_loss(self.readout(rows), self.output_weight, self.output_bias, target=targets)

    def read(self, tokens: Int[Tensor, "B T"]) -> State:
        """The state after each row's last word."""
        # torch's packed sequences refuse a length of 0: an empty row is read as a single padding token.
        lengths = (tokens != PAD).sum(-1).clamp_min(1)
        return self.recurrent(self.vectors(tokens), lengths=lengths)[1]


def _from_the_text(model: Pretraining, batch: Sequences) -> State | None:
    """The state after reading the text that is to be output."""
    return model.read(batch.targets)


def _from_nothing(model: Pretraining, batch: Sequences) -> State | None:
    return None


OBJECTIVES: dict[str, Callable[[Pretraining, Any], State | None]] = {
    "autoencoder": _from_the_text,
    "next-word": _from_nothing,
}
"""Objectives by name: each gives the state that the output starts from (None: zeros)."""
