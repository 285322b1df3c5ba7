"""A plain classifier of pictures, which looks at all of them alike: the control of those that choose where to look."""

from collections.abc import Iterable
from itertools import pairwise

import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from heedful.layer.dropout import Dropout
from heedful.layer.label import LabelOutput, label_loss
from heedful.layer.loss import TokenLoss
from heedful.model.encoder import check_encoder
from heedful.model.names import check_names
from heedful.model.picture.config import PictureConfig
from heedful.model.picture.encoder import build_picture_encoder
from heedful.model.picture.output import GridSize, LabelledPictures, PictureOutput, encode_cells

POOLINGS = ("mean", "max")
"""How the states of all cells become one vector."""


class PlainConfig(BaseModel):
    """An encoder of pictures, a pooling of all cells and hidden layers.

    Choose `picture.channels` and `layers` so that it has the parameters and the multiply-adds of the model that it is
    compared with; `heedful.model.picture.cost.cost_of` counts both.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture: PictureConfig = Field(default=PictureConfig(), description="what makes a state of every cell")
    pooling: str = Field(default="mean", description="what makes one vector of the states of all cells")
    layers: tuple[int, ...] = Field(default=(), description="columns of hidden layers before the output")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="of the output's input")
    smoothing: float = Field(default=0.0, ge=0, lt=1, description="label smoothing of the loss")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"pooling": POOLINGS}

    @model_validator(mode="after")
    def _names_are_known(self) -> "PlainConfig":
        check_names(self)
        return self


class PlainClassifier(nn.Module):
    """The mean or the maximum of all cells, hidden layers, and a linear output over labels.

    Parameters: ``encoder``, ``layers`` (Linear), ``output``.
    """

    row_names = ()
    """It has no maps."""

    def __init__(self, config: PlainConfig, encoder: nn.Module, *, classes: int) -> None:
        super().__init__()
        self.config, self.encoder = config, encoder
        widths = [check_encoder(encoder), *config.layers]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))
        self.output, self.dropout = LabelOutput(widths[-1], classes), Dropout(config.dropout)

    @classmethod
    def build(cls, config: PlainConfig, *, classes: int, **_: object) -> "PlainClassifier":
        """The model with the encoder of its settings."""
        return cls(config, build_picture_encoder(config.picture), classes=classes)

    def forward(self, pictures: Float[Tensor, "B ..."], grid: GridSize | None = None) -> PictureOutput:
        """The logits."""
        return PictureOutput(self._logits(pictures, grid))

    def loss(self, batch: LabelledPictures) -> TokenLoss:
        """The loss of the label, summed over pictures."""
        return label_loss(self._logits(batch.pictures, batch.grid), batch.labels, smoothing=self.config.smoothing)

    def _logits(self, pictures: Tensor, grid: GridSize | None) -> Tensor:
        cells = encode_cells(self.encoder, pictures, grid)
        features = cells.mean((2, 3)) if self.config.pooling == "mean" else cells.amax((2, 3))
        for layer in self.layers:
            features = torch.relu(layer(features))
        return self.output(self.dropout(features))
