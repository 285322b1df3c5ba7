"""FCAN: parts of a picture, chosen on maps of a fully convolutional network, label it together."""

from collections.abc import Iterable

import torch
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from torch import Tensor, nn

from heedful.choice import Selection, reinforce
from heedful.errors import UserError
from heedful.layer.dropout import Dropout
from heedful.layer.label import LabelOutput, label_loss
from heedful.layer.loss import TokenLoss
from heedful.model.encoder import check_encoder
from heedful.model.names import check_names
from heedful.model.picture.config import PictureConfig
from heedful.model.picture.encoder import build_picture_encoder
from heedful.model.picture.localiser import Localiser, others_mean, window_means
from heedful.model.picture.output import GridSize, LabelledPictures, PictureOutput, encode_cells, window_boxes
from heedful.model.picture.policy import POLICIES, Policy
from heedful.model.picture.reward import REWARDS, is_right, part_losses

WINDOW = "rows and columns of cells of a part, an odd number"
POLICY = "how it is chosen where to look: learned; or, as controls, frozen (random) or centre"
POLICY_WEIGHT = "weight of the policy gradient in the loss"
ENTROPY_WEIGHT = "weight of the entropy of where to look, which keeps it from settling too early"
"""Descriptions of settings that several models have."""


class FcanConfig(BaseModel):
    """How many parts are looked at, how large they are, and how choosing them is rewarded.

    | `reward` | a part gets |
    |---|---|
    | greedy | 1 if its label is right and its loss is below that of the parts before it, else 0 |
    | likelihood | the log-likelihood of the right label |

    `policy` "frozen" keeps the localisers at their initial random weights, and "centre" always looks at the centre:
    controls, which show what looking elsewhere is worth.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture: PictureConfig = Field(default=PictureConfig(), description="what makes a state of every cell")
    parts: int = Field(default=3, ge=1, description="parts that are looked at")
    window: int = Field(default=3, ge=1, description=WINDOW)
    localiser: int = Field(default=64, ge=1, description="channels inside a localiser")
    whole: bool = Field(default=True, description="whether the whole picture is labelled, too, and counts as a part")
    reward: str = Field(default="greedy", description="what a part is rewarded for")
    policy: str = Field(default="learned", description=POLICY)
    policy_weight: float = Field(default=1.0, ge=0, description=POLICY_WEIGHT)
    entropy_weight: float = Field(default=0.01, ge=0, description=ENTROPY_WEIGHT)
    dropout: float = Field(default=0.3, ge=0, lt=1, description="of the output's input")
    smoothing: float = Field(default=0.0, ge=0, lt=1, description="label smoothing of the loss")

    @classmethod
    def choices(cls) -> dict[str, Iterable[str]]:
        """The names that settings may have."""
        return {"reward": REWARDS, "policy": POLICIES}

    @field_validator("window")
    @classmethod
    def _has_a_middle(cls, window: int) -> int:
        return odd_window(window)

    @model_validator(mode="after")
    def _names_are_known(self) -> "FcanConfig":
        check_names(self)
        return self


def odd_window(window: int) -> int:
    """A window's size, if it has a cell in its middle.

    Raises: UserError, for an even number.
    """
    if window % 2 == 0:
        raise UserError(f"window {window} is an even number", hint="a window has a cell in its middle: give 1, 3, 5 …")
    return window


class FullyConvolutionalAttention(nn.Module):
    """K localisers choose a window each, all at once; every window and the whole picture are labelled.

    In training, windows are sampled and every label has its loss. Localisers get no gradient through the windows, and
    learn by REINFORCE instead, with the mean reward of the other pictures of the batch as baseline. In evaluation, each
    localiser takes its most probable cell. The answer has the mean of all logits.
    A window is the mean of its cells' states, which depend on more of the picture than their cells.
    Parameters: ``encoder``, ``localiser``, ``outputs`` (of the parts), ``whole``.
    Source: Liu et al. 2016 (arXiv:1603.06765).
    """

    def __init__(self, config: FcanConfig, encoder: nn.Module, *, classes: int) -> None:
        super().__init__()
        self.config, self.encoder = config, encoder
        dim = check_encoder(encoder)
        self.localiser = Localiser(dim, config.parts, channels=config.localiser, policy=config.policy)
        self.outputs = nn.ModuleList(LabelOutput(dim, classes) for _ in range(config.parts))
        self.whole = LabelOutput(dim, classes) if config.whole else None
        self.dropout = Dropout(config.dropout)

    @classmethod
    def build(cls, config: FcanConfig, *, classes: int, **_: object) -> "FullyConvolutionalAttention":
        """The model with the encoder of its settings."""
        return cls(config, build_picture_encoder(config.picture), classes=classes)

    @property
    def row_names(self) -> tuple[str, ...]:
        """What the rows of maps and boxes are."""
        return tuple(f"part {number}" for number in range(1, self.config.parts + 1))

    def forward(
        self, pictures: Float[Tensor, "B ..."], grid: GridSize | None = None, policy: Policy | None = None
    ) -> PictureOutput:
        """The mean logits, and where each part is; `policy` chooses the parts instead of the localisers."""
        cells = encode_cells(self.encoder, pictures, grid)
        chosen = self.localiser(cells, window_means(cells, self.config.window), policy)
        size = (cells.shape[2], cells.shape[3])
        boxes = window_boxes(chosen.index, size, self.config.window)
        return PictureOutput(self._logits(cells, chosen).mean(1), self.localiser.maps(cells), size, boxes)

    def loss(self, batch: LabelledPictures) -> TokenLoss:
        """The losses of all labels and the policy gradient, summed over pictures."""
        cells = encode_cells(self.encoder, batch.pictures, batch.grid)
        chosen = self.localiser(cells, window_means(cells, self.config.window))
        return self.loss_at(cells, chosen, batch.labels)

    def loss_at(self, cells: Float[Tensor, "B A h w"], chosen: Selection, labels: Int[Tensor, " B"]) -> TokenLoss:
        """The loss for windows that have been chosen."""
        config, logits = self.config, self._logits(cells, chosen)
        parts = logits[:, : config.parts]
        reward = REWARDS[config.reward](is_right(parts, labels), part_losses(parts, labels))
        policy = reinforce(chosen, reward, baseline=others_mean(reward), entropy_weight=config.entropy_weight)
        # A picture without a label has no reward.
        policy = torch.where(labels[:, None] >= 0, policy, 0.0).sum()
        of_all = label_loss(logits.flatten(0, 1), labels.repeat_interleave(logits.shape[1]), smoothing=config.smoothing)
        mean = label_loss(logits.mean(1), labels)
        return TokenLoss(of_all.total + config.policy_weight * policy, mean.nll, mean.tokens)

    def _logits(self, cells: Float[Tensor, "B A h w"], chosen: Selection) -> Float[Tensor, "B L C"]:
        """The logits of every part, and last of the whole picture if that counts."""
        contexts = self.dropout(chosen.context).unbind(1)
        logits = [output(context) for output, context in zip(self.outputs, contexts, strict=True)]
        if self.whole is not None:
            logits.append(self.whole(self.dropout(cells.mean((2, 3)))))
        return torch.stack(logits, dim=1)
