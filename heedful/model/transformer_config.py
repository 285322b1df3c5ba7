"""The settings of encoder-decoder Transformers, and the norms and positions that they name."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import nn

from heedful.errors import UserError
from heedful.layer.position import Learned, NoPosition, Rotary, Sinusoidal
from heedful.layer.residual import PostNorm, PreNorm
from heedful.model.attention_config import smallest, under
from heedful.model.attention_sections import SHORT_FORM, TransformerSections
from heedful.model.names import check_names

TIES: tuple[str, ...] = ("all", "target", "none")


def check_heads(width: int, heads: int, position: str) -> None:
    """Checks that the width is a multiple of the heads, and that a head's width is even for rotary positions.

    Raises: UserError, with the numbers that do not fit.
    """
    if width % heads:
        raise UserError(f"width {width} is no multiple of heads {heads}", hint="change width or heads")
    if position == "rotary" and width // heads % 2:
        raise UserError(
            f"position 'rotary' rotates pairs of columns, but {width} columns in {heads} heads make {width // heads} "
            "per head",
            hint="choose an even number of columns per head",
        )


class EncoderDecoderConfig(BaseModel):
    """The settings that all Transformers share, whatever their layers are.

    | setting | values |
    |---|---|
    | `norm`: where layers normalise | pre, post |
    | `position`: how the order of words enters | sinusoidal, learned, rotary, none |
    | `tie`: which word matrices are shared | all (source, target and output), target (target and output), none |
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attention: TransformerSections = Field(default=TransformerSections(), description=SHORT_FORM)
    width: int = Field(default=256, ge=1, description="columns of word vectors and layers, a multiple of heads")
    heads: int = Field(default=4, ge=1, description="heads of each attention")
    encoder_layers: int = Field(default=3, ge=1, description="layers of the encoder")
    decoder_layers: int = Field(default=3, ge=1, description="layers of the decoder")
    feedforward: int = Field(default=1024, ge=1, description="columns inside a feed-forward layer")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="rate of dropout of embeddings and sublayers")
    norm: str = Field(default="pre", description="where layers normalise: before a sublayer or after the sum")
    position: str = Field(default="sinusoidal", description="how the order of words enters")
    tie: str = Field(
        default="all", description="shared word matrices: all (source, target, output), target (target, output), none"
    )
    smoothing: float = Field(default=0.1, ge=0, lt=1, description="label smoothing of the loss")
    max_length: int = Field(default=512, ge=1, description="number of learned positions; other kinds have no limit")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"norm": NORMS, "position": POSITIONS, "tie": TIES}

    @model_validator(mode="after")
    def _names_are_known(self) -> "EncoderDecoderConfig":
        check_names(self)
        return self

    @model_validator(mode="after")
    def _heads_fit_the_width(self) -> "EncoderDecoderConfig":
        check_heads(self.width, self.heads, self.position)
        return self

    @property
    def attentions(self) -> dict[str, frozenset[str]]:
        """The settings in use of each attention, by the path of its section."""
        return under("attention", {"self": self.attention.self.in_use, "source": self.attention.source.in_use})

    @property
    def longest_source(self) -> int | None:
        """The largest number of source tokens, EOS included; None: no limit."""
        return smallest(self._positions, self.attention.self.longest, self.attention.source.longest)

    @property
    def longest_target(self) -> int | None:
        """The largest number of target tokens, EOS or BOS included; None: no limit."""
        return smallest(self._positions, self.attention.self.longest)

    @property
    def _positions(self) -> int | None:
        return self.max_length if self.position == "learned" else None


class TransformerConfig(EncoderDecoderConfig):
    """A Transformer of 256 columns and 3 + 3 layers; the paper's base model is 512 wide, 8 heads, 6 + 6, 2048."""


class PositionSettings(Protocol):
    """The settings that positions are built from: width, heads, and the number of learned positions."""

    @property
    def width(self) -> int: ...
    @property
    def heads(self) -> int: ...
    @property
    def max_length(self) -> int: ...


class Positions(NamedTuple):
    """How order enters a model: a module that adds positions to word vectors, and a rotation for self-attention."""

    added: Callable[[], nn.Module]
    rotate: Rotary | None


Norm = type[PreNorm] | type[PostNorm]

NORMS: dict[str, Norm] = {"pre": PreNorm, "post": PostNorm}

POSITIONS: dict[str, Callable[[PositionSettings], Positions]] = {
    "sinusoidal": lambda config: Positions(Sinusoidal, None),
    "learned": lambda config: Positions(lambda: Learned(config.max_length, config.width), None),
    "rotary": lambda config: Positions(NoPosition, Rotary(config.width // config.heads)),
    "none": lambda config: Positions(NoPosition, None),
}
