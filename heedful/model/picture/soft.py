"""Soft spatial attention: a label from the weighted mean of all cells of a picture."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from heedful.layer.dropout import Dropout
from heedful.layer.label import LabelOutput, label_loss
from heedful.layer.loss import TokenLoss
from heedful.layer.pooling import AttentionPooling, HiddenLayer
from heedful.model.attention_config import AttentionConfig, under
from heedful.model.attention_sections import SHORT_FORM, AttentionSections
from heedful.model.encoder import check_encoder
from heedful.model.names import check_names
from heedful.model.picture.config import PictureConfig
from heedful.model.picture.encoder import build_picture_encoder
from heedful.model.picture.output import GridSize, LabelledPictures, PictureOutput, encode_cells, window_boxes
from heedful.model.picture.policy import Policy

WEIGHTS = ("learned", "uniform")
"""How cells are weighted: by attention, or all alike, as a control."""


class PictureSections(AttentionSections):
    """The attention of a classifier of pictures."""

    pooling: AttentionConfig = Field(
        default=AttentionConfig(score="dot"), description="from the cells of a picture to one vector"
    )


class SoftConfig(BaseModel):
    """An encoder of pictures and attention over its cells, with a learned query.

    Keys are a hidden layer of `view` columns over the cells' states. `weights` "uniform" gives all cells the same
    weight: a control, which shows what attention is worth.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture: PictureConfig = Field(default=PictureConfig(), description="what makes a state of every cell")
    attention: PictureSections = Field(default=PictureSections(), description=SHORT_FORM)
    view: int = Field(default=64, ge=1, description="columns of keys and of the learned query")
    weights: str = Field(default="learned", description="of cells: learned, or as a control uniform")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="of the output's input")
    smoothing: float = Field(default=0.0, ge=0, lt=1, description="label smoothing of the loss")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"weights": WEIGHTS}

    @model_validator(mode="after")
    def _names_are_known(self) -> "SoftConfig":
        check_names(self)
        return self

    @property
    def attentions(self) -> dict[str, frozenset[str]]:
        """The settings in use of each attention, by the path of its section."""
        return under("attention", {"pooling": self.attention.pooling.in_use} if self.weights == "learned" else {})


class SoftAttention(nn.Module):
    """``c = sum_i alpha_i s_i``, ``alpha = softmax_i(score(q, tanh(W s_i + b)))``, and a linear output over labels.

    Parameters: ``encoder``, ``pooling`` (`AttentionPooling`), ``output``.
    Source: Xu et al. 2015, section 4.2, for the soft weights over a picture (arXiv:1502.03044); Yang et al. 2016,
    eq. 5-7, for the learned query (ACL N16-1174).
    """

    row_names = ("attention",)
    """What the rows of maps and boxes are."""

    def __init__(self, config: SoftConfig, encoder: nn.Module, *, classes: int) -> None:
        super().__init__()
        self.config, self.encoder = config, encoder
        dim = check_encoder(encoder)
        attention = config.attention.pooling.build(config.view, config.view)
        self.pooling = AttentionPooling(dim, attention, view=HiddenLayer(dim, config.view), query_dim=config.view)
        self.output, self.dropout = LabelOutput(dim, classes), Dropout(config.dropout)
        if config.weights == "uniform":
            self.pooling.requires_grad_(False)

    @classmethod
    def build(cls, config: SoftConfig, *, classes: int, **_: object) -> "SoftAttention":
        """The model with the encoder of its settings."""
        return cls(config, build_picture_encoder(config.picture), classes=classes)

    def forward(
        self, pictures: Float[Tensor, "B ..."], grid: GridSize | None = None, policy: Policy | None = None
    ) -> PictureOutput:
        """The logits, the weights of the cells, and the cell with the largest weight.

        With a `policy`, all weight is on the cell that it chooses.
        """
        cells = encode_cells(self.encoder, pictures, grid)
        size = (cells.shape[2], cells.shape[3])
        weights = self._weights(cells, policy)
        states = cells.flatten(2).transpose(1, 2)
        pooled = self._pooled(cells) if policy is None else (weights.to(states.dtype) @ states).squeeze(1)
        boxes = window_boxes(weights.argmax(-1), size, 1)
        return PictureOutput(self.output(self.dropout(pooled)), weights, size, boxes)

    def loss(self, batch: LabelledPictures) -> TokenLoss:
        """The loss of the label, summed over pictures."""
        pooled = self._pooled(encode_cells(self.encoder, batch.pictures, batch.grid))
        return label_loss(self.output(self.dropout(pooled)), batch.labels, smoothing=self.config.smoothing)

    def _pooled(self, cells: Float[Tensor, "B A h w"]) -> Float[Tensor, "B A"]:
        if self.config.weights == "uniform":
            return cells.mean((2, 3))
        states = cells.flatten(2).transpose(1, 2)
        return self.pooling(states, _all(states))

    def _weights(self, cells: Float[Tensor, "B A h w"], policy: Policy | None) -> Float[Tensor, "B 1 S"]:
        states = cells.flatten(2).transpose(1, 2)
        if policy is not None:
            index = policy.cells((cells.shape[0], 1), (cells.shape[2], cells.shape[3])).to(cells.device)
            return torch.zeros(cells.shape[0], 1, states.shape[1], device=cells.device).scatter_(2, index[..., None], 1)
        if self.config.weights == "uniform":
            return torch.full((cells.shape[0], 1, states.shape[1]), 1 / states.shape[1], device=cells.device)
        return self.pooling.weigh(states, _all(states)).unsqueeze(1)


def _all(states: Tensor) -> Tensor:
    return torch.ones(states.shape[:2], dtype=torch.bool, device=states.device)
