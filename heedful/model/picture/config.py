"""The settings of an encoder of pictures."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, model_validator

from heedful.errors import UserError
from heedful.model.names import check_names

NAMES: dict[str, tuple[str, ...]] = {"position": ("coordinates", "none")}
"""The allowed values of settings."""

GROUP = 8
"""Channels that are normalised together."""


class PictureConfig(BaseModel):
    """How a picture becomes states, one for each cell of a grid.

    Every number in `channels` halves the height and the width: with three, a picture of 64 × 64 pixels has 8 × 8 cells.
    With `features`, the picture has been read by another network, and states are made of its features.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden: int = Field(default=128, ge=1, description="width of the state of a cell")
    channels: tuple[int, ...] = Field(
        default=(32, 64, 128), min_length=1, description="channels after each halving of the picture"
    )
    blocks: int = Field(default=1, ge=0, description="residual blocks after each halving")
    position: str = Field(default="coordinates", description="what tells a state where its cell is")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="of the entries of states")
    features: int | None = Field(
        default=None, ge=1, description="width of precomputed features of a cell (null: the encoder reads pixels)"
    )

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return dict(NAMES)

    @model_validator(mode="after")
    def _names_are_known(self) -> "PictureConfig":
        check_names(self)
        return self

    @model_validator(mode="after")
    def _channels_fit(self) -> "PictureConfig":
        wrong = [channels for channels in self.channels if channels < GROUP or channels % GROUP]
        if wrong:
            raise UserError(
                f"channels {list(self.channels)} has {wrong[0]}, which is no multiple of {GROUP}",
                hint=f"channels are normalised in groups of {GROUP}: give multiples of it",
            )
        return self
