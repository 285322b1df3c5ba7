"""The settings of captioners: one class for each way in which they attend and learn."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.errors import UserError
from heedful.layer.recurrent import CELLS
from heedful.model.attention_config import AttentionConfig, under
from heedful.model.attention_sections import SHORT_FORM, TransformerSections
from heedful.model.names import check_names
from heedful.model.picture import PictureConfig
from heedful.model.seq2seq import SeqToSeqConfig
from heedful.model.transformer_config import NORMS, POSITIONS, TransformerConfig, check_heads

TIES: tuple[str, ...] = ("target", "none")


class RecurrentCaptionerConfig(BaseModel):
    """The settings that all recurrent captioners share; `decoder` is that of `SeqToSeqConfig`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture: PictureConfig = Field(default=PictureConfig(), description="the encoder of pictures")
    attention: AttentionConfig = Field(default=AttentionConfig(), description="the decoder's attention to the cells")
    cell: str = Field(default="lstm", description="recurrent cell")
    embed: int = Field(default=128, ge=1, description="columns of word vectors")
    hidden: int = Field(default=256, ge=1, description="columns of the decoder's state")
    layers: int = Field(default=1, ge=1, description="recurrent layers of the decoder")
    tie: str = Field(default="none", description="shared word matrices: target (target and output), none")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="rate of dropout of embeddings, layers and readout")
    smoothing: float = Field(default=0.0, ge=0, lt=1, description="label smoothing of the loss")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"cell": tuple(CELLS), "tie": TIES}

    @model_validator(mode="after")
    def _names_are_known(self) -> "RecurrentCaptionerConfig":
        check_names(self)
        return self

    @property
    def attentions(self) -> dict[str, frozenset[str]]:
        """The settings in use of each attention, by the path of its section."""
        return {"attention": self.attention.in_use}

    def decoder(self, name: str) -> SeqToSeqConfig:
        """The settings of the recurrent decoder with this name.

        Its first state is ``tanh(W mean_i a_i)`` (Xu et al. 2015, section 3.1.2, arXiv:1502.03044).
        """
        shared = self.model_dump(include={"cell", "embed", "hidden", "layers", "tie", "dropout", "smoothing"})
        # Not dumped and read again: a score of the user's own is no setting, and would be lost.
        return SeqToSeqConfig(decoder=name, attention=self.attention, **shared)


class SoftCaptionerConfig(RecurrentCaptionerConfig):
    """Show, Attend and Tell with soft attention: a word reads the mean of all cells by weight."""

    penalty: float = Field(
        default=1.0, ge=0, description="how much a cell is to have a total weight of 1 over all words; 0: no penalty"
    )


class HardCaptionerConfig(RecurrentCaptionerConfig):
    """Show, Attend and Tell with hard attention: in training a word reads one cell, sampled by weight.

    Raises: UserError, for a choice or a region whose weights are no probabilities of cells.
    """

    entropy: float = Field(default=0.02, ge=0, description="weight of the entropy of the weights, which is rewarded")
    reward: float = Field(
        default=0.1, ge=0, description="weight of the policy gradient; 1: exact, smaller: less noise beside the words"
    )
    expected: float = Field(
        default=0.5, ge=0, le=1, description="share of captions that read the mean of all cells in place of a sample"
    )
    decay: float = Field(default=0.9, ge=0, lt=1, description="of the moving average that is the baseline")

    @model_validator(mode="after")
    def _weights_are_probabilities(self) -> "HardCaptionerConfig":
        choice, region = self.attention.choice, self.attention.region
        # One-hot weights leave nothing to sample, and a gated row is no distribution.
        if choice in ("hard", "gumbel") or "predicted" in region:
            raise UserError(
                f"hard attention samples cells by weight, but attention.choice is {choice!r} and attention.region "
                f"{region!r}",
                hint="leave the choice at 'soft' and the region at 'everywhere': the model itself samples",
            )
        return self


class AdaptiveCaptionerConfig(RecurrentCaptionerConfig):
    """Adaptive attention: a word reads the cells or a sentinel, which holds what the decoder knows."""

    hide_sentinel: float = Field(
        default=0.5, ge=0, le=1, description="share of training steps at which the sentinel is hidden"
    )


class TransformerCaptionerConfig(BaseModel):
    """Layers of a Transformer's decoder, each with an attention to the words so far and one to the cells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture: PictureConfig = Field(default=PictureConfig(), description="the encoder of pictures")
    attention: TransformerSections = Field(default=TransformerSections(), description=SHORT_FORM)
    heads: int = Field(default=4, ge=1, description="heads of each attention")
    layers: int = Field(default=2, ge=1, description="layers of the decoder")
    feedforward: int = Field(default=512, ge=1, description="columns inside a feed-forward layer")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="rate of dropout of embeddings and sublayers")
    norm: str = Field(default="pre", description="where layers normalise: before a sublayer or after the sum")
    position: str = Field(default="sinusoidal", description="how the order of words enters")
    tie: str = Field(default="target", description="shared word matrices: target (target and output), none")
    smoothing: float = Field(default=0.0, ge=0, lt=1, description="label smoothing of the loss")
    max_length: int = Field(default=512, ge=1, description="number of learned positions; other kinds have no limit")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"norm": NORMS, "position": POSITIONS, "tie": TIES}

    @model_validator(mode="after")
    def _names_are_known(self) -> "TransformerCaptionerConfig":
        check_names(self)
        return self

    @model_validator(mode="after")
    def _heads_fit_the_width(self) -> "TransformerCaptionerConfig":
        check_heads(self.picture.hidden, self.heads, self.position)
        return self

    @property
    def attentions(self) -> dict[str, frozenset[str]]:
        """The settings in use of each attention, by the path of its section."""
        return under("attention", {"self": self.attention.self.in_use, "source": self.attention.source.in_use})

    @property
    def longest_target(self) -> int | None:
        """The largest number of words of a caption, EOS included; None: no limit."""
        return self.decoder.longest_target

    @property
    def decoder(self) -> TransformerConfig:
        """The settings of the decoder, as wide as the states of cells."""
        shared = self.model_dump(exclude={"picture", "attention", "layers"})
        return TransformerConfig(
            width=self.picture.hidden, attention=self.attention, decoder_layers=self.layers, **shared
        )
