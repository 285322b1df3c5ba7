"""Localising by describing: each localiser looks where a part's attributes can be read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from torch import Tensor, nn
from torch.nn import functional

from heedful.choice import Selection, reinforce
from heedful.errors import UserError
from heedful.kernel import upcast
from heedful.layer.dropout import Dropout
from heedful.layer.label import LabelOutput, label_loss
from heedful.layer.loss import TokenLoss
from heedful.model.encoder import check_encoder
from heedful.model.names import check_names
from heedful.model.picture.config import PictureConfig
from heedful.model.picture.encoder import build_picture_encoder
from heedful.model.picture.fcan import ENTROPY_WEIGHT, POLICY, POLICY_WEIGHT, WINDOW, odd_window
from heedful.model.picture.localiser import Localiser, others_mean, window_means
from heedful.model.picture.output import GridSize, LabelledPictures, PictureOutput, encode_cells, window_boxes
from heedful.model.picture.policy import POLICIES, Policy


class PartAttributes(NamedTuple):
    """How often each class has each attribute, from 0 to 1, and which attributes belong to each part."""

    values: Float[Tensor, "C N"]
    parts: Mapping[str, Sequence[int]]


class AttributeGuidedConfig(BaseModel):
    """How parts are localised by their attributes: there is one localiser for each part of the table of attributes.

    `distinct` is taken from the reward of a part whose window overlaps that of another part. `policy` is as for fcan.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture: PictureConfig = Field(default=PictureConfig(), description="what makes a state of every cell")
    window: int = Field(default=3, ge=1, description=WINDOW)
    localiser: int = Field(default=64, ge=1, description="channels inside a localiser")
    distinct: float = Field(default=0.5, ge=0, description="taken from a part's reward where it overlaps another part")
    attribute_weight: float = Field(default=1.0, ge=0, description="weight of the attributes' loss")
    policy: str = Field(default="learned", description=POLICY)
    policy_weight: float = Field(default=1.0, ge=0, description=POLICY_WEIGHT)
    entropy_weight: float = Field(default=0.01, ge=0, description=ENTROPY_WEIGHT)
    dropout: float = Field(default=0.3, ge=0, lt=1, description="of the output's input")
    smoothing: float = Field(default=0.0, ge=0, lt=1, description="label smoothing of the loss")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"policy": POLICIES}

    @field_validator("window")
    @classmethod
    def _has_a_middle(cls, window: int) -> int:
        return odd_window(window)

    @model_validator(mode="after")
    def _names_are_known(self) -> "AttributeGuidedConfig":
        check_names(self)
        return self


class AttributeGuided(nn.Module):
    """A localiser for each part; its window has to tell the part's attributes. Windows and picture give the label.

    A localiser is rewarded with 1 where the loss of its attributes is below its mean over the other pictures of the
    batch, less `distinct` where its window overlaps another one. (The paper compares with a running mean; the batch's
    needs no state.) Localisers learn by REINFORCE as in `FullyConvolutionalAttention`, from attributes alone: the loss
    of the label does not reach them. The label is read from the mean of all cells and the windows of all parts.
    Parameters: ``encoder``, ``localiser``, ``describe`` (a Linear for each part), ``output``.
    Raises: UserError, when there are no attributes.
    Source: Liu et al. 2017 (arXiv:1605.06217).
    """

    attributes: Tensor

    def __init__(
        self, config: AttributeGuidedConfig, encoder: nn.Module, *, classes: int, attributes: PartAttributes | None
    ) -> None:
        super().__init__()
        if attributes is None or not attributes.parts:
            raise UserError(
                "the model 'attribute-guided' needs a table of attributes",
                hint="give a table with label, part, attribute and value: --attributes FILE",
            )
        self.config, self.encoder, self.parts = config, encoder, dict(attributes.parts)
        dim = check_encoder(encoder)
        self.localiser = Localiser(dim, len(self.parts), channels=config.localiser, policy=config.policy)
        self.describe = nn.ModuleList(nn.Linear(dim, len(members)) for members in self.parts.values())
        self.output, self.dropout = LabelOutput(dim * (1 + len(self.parts)), classes), Dropout(config.dropout)
        # The run folder keeps the table itself.
        self.register_buffer("attributes", attributes.values.float(), persistent=False)

    @classmethod
    def build(
        cls, config: AttributeGuidedConfig, *, classes: int, attributes: PartAttributes | None = None
    ) -> "AttributeGuided":
        """The model with the encoder of its settings."""
        return cls(config, build_picture_encoder(config.picture), classes=classes, attributes=attributes)

    @property
    def row_names(self) -> tuple[str, ...]:
        """The names of the parts: what the rows of maps and boxes are."""
        return tuple(self.parts)

    def forward(
        self, pictures: Float[Tensor, "B ..."], grid: GridSize | None = None, policy: Policy | None = None
    ) -> PictureOutput:
        """The logits, and where each part is; `policy` chooses the parts instead of the localisers."""
        cells = encode_cells(self.encoder, pictures, grid)
        chosen = self.localiser(cells, window_means(cells, self.config.window), policy)
        size = (cells.shape[2], cells.shape[3])
        boxes = window_boxes(chosen.index, size, self.config.window)
        return PictureOutput(self._logits(cells, chosen), self.localiser.maps(cells), size, boxes)

    def loss(self, batch: LabelledPictures) -> TokenLoss:
        """The losses of labels and attributes and the policy gradient, summed over pictures."""
        cells = encode_cells(self.encoder, batch.pictures, batch.grid)
        chosen = self.localiser(cells, window_means(cells, self.config.window))
        return self.loss_at(cells, chosen, batch.labels)

    def loss_at(self, cells: Float[Tensor, "B A h w"], chosen: Selection, labels: Int[Tensor, " B"]) -> TokenLoss:
        """The loss for windows that have been chosen."""
        config, grid = self.config, (cells.shape[2], cells.shape[3])
        of_label = label_loss(self._logits(cells, chosen), labels, smoothing=config.smoothing)
        known = labels[:, None] >= 0
        described = torch.where(known, self.attribute_losses(chosen.context, labels), 0.0)
        reward = (described.detach() < others_mean(described.detach())).to(described.dtype)
        reward = reward - config.distinct * overlapping(chosen.index, grid, config.window).to(reward.dtype)
        policy = reinforce(chosen, reward, baseline=others_mean(reward), entropy_weight=config.entropy_weight)
        policy = torch.where(known, policy, 0.0).sum()
        total = of_label.total + config.attribute_weight * described.sum() + config.policy_weight * policy
        return TokenLoss(total, of_label.nll, of_label.tokens)

    def attribute_losses(self, contexts: Float[Tensor, "B K A"], labels: Int[Tensor, " B"]) -> Float[Tensor, "B K"]:
        """The binary cross-entropy of each part's attributes, their mean, in nats."""
        targets, losses = self.attributes[labels.clamp(min=0)], list[Tensor]()
        windows = self.dropout(contexts).unbind(1)
        for describe, window, members in zip(self.describe, windows, self.parts.values(), strict=True):
            logits = upcast(describe(window))
            of_part = targets[:, list(members)].to(logits.dtype)
            losses.append(functional.binary_cross_entropy_with_logits(logits, of_part, reduction="none").mean(-1))
        return torch.stack(losses, dim=1)

    def _logits(self, cells: Float[Tensor, "B A h w"], chosen: Selection) -> Float[Tensor, "B C"]:
        features = torch.cat([cells.mean((2, 3)), chosen.context.flatten(1)], dim=-1)
        return self.output(self.dropout(features))


def overlapping(index: Int[Tensor, "B K"], grid: GridSize, window: int) -> Bool[Tensor, "B K"]:
    """Whether the window of each part overlaps that of another part of the picture."""
    row, column = index // grid[1], index % grid[1]
    near = ((row[:, :, None] - row[:, None]).abs() < window) & ((column[:, :, None] - column[:, None]).abs() < window)
    itself = torch.eye(index.shape[1], dtype=torch.bool, device=index.device)
    return (near & ~itself).any(-1)
