"""What is predicted for a pair of texts: one of several classes, relevance, or similarity on a scale.

A goal defines the number of outputs of a pair (`outputs`), the loss in nats, summed over pairs (`loss`), and how
outputs become the prediction that users see (`answer`).
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from heedful.layer.loss import TokenLoss
from heedful.shapes import ShapeError, describe


@runtime_checkable
class MatchInput(Protocol):
    """What a model needs of a batch of B pairs; `labels` belong to its first R rows, where R is B or 0."""

    @property
    def left(self) -> Int[Tensor, "B S"]: ...
    @property
    def left_lengths(self) -> Int[Tensor, " B"]: ...
    @property
    def right(self) -> Int[Tensor, "B T"]: ...
    @property
    def right_lengths(self) -> Int[Tensor, " B"]: ...
    @property
    def features(self) -> Float[Tensor, "B F"]: ...
    @property
    def labels(self) -> Float[Tensor, " R"]: ...


@dataclass(frozen=True)
class Classes:
    """One of `count` classes, numbered from 0. The loss is softmax cross-entropy; answers are probabilities."""

    count: int

    @property
    def outputs(self) -> int:
        return self.count

    def loss(self, outputs: Float[Tensor, "R K"], labels: Float[Tensor, " R"]) -> Float[Tensor, ""]:
        # Under autocast outputs are bfloat16, in which probabilities near 1 are one number.
        return functional.cross_entropy(outputs.float(), labels.long(), reduction="sum")

    def answer(self, outputs: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
        return torch.softmax(outputs.float(), dim=-1)


@dataclass(frozen=True)
class Relevance:
    """Whether the right text answers the left one, 1 or 0. The loss is logistic; the answer is a probability."""

    @property
    def outputs(self) -> int:
        return 1

    def loss(self, outputs: Float[Tensor, "R 1"], labels: Float[Tensor, " R"]) -> Float[Tensor, ""]:
        return functional.binary_cross_entropy_with_logits(outputs.float().squeeze(-1), labels, reduction="sum")

    def answer(self, outputs: Float[Tensor, "B 1"]) -> Float[Tensor, "B 1"]:
        return torch.sigmoid(outputs.float())


@dataclass(frozen=True)
class Similarity:
    """The similarity of two texts, a number on a scale from `low` to `high`, such as 1 to 5.

    A logistic function maps the output to the scale. The loss is half the squared error in units of a tenth of the
    scale: up to a constant the negative log-likelihood of a normal distribution with that standard deviation.
    """

    low: float
    high: float

    @property
    def outputs(self) -> int:
        return 1

    def loss(self, outputs: Float[Tensor, "R 1"], labels: Float[Tensor, " R"]) -> Float[Tensor, ""]:
        tenths = (self.answer(outputs).squeeze(-1) - labels) * (10.0 / (self.high - self.low))
        return 0.5 * tenths.square().sum()

    def answer(self, outputs: Float[Tensor, "B 1"]) -> Float[Tensor, "B 1"]:
        return self.low + (self.high - self.low) * torch.sigmoid(outputs.float())


Goal = Classes | Relevance | Similarity


def goal_loss(goal: Goal, outputs: Float[Tensor, "B K"], labels: Float[Tensor, " R"]) -> TokenLoss:
    """The loss summed over the rows that have a label; `TokenLoss.tokens` counts pairs.

    Raises: ShapeError, when there are more labels than rows.
    """
    if labels.shape[0] > outputs.shape[0]:
        raise ShapeError(
            f"labels {describe(labels)} are more than the rows of {describe(outputs)}: expected at most one per pair."
        )
    total = goal.loss(outputs[: labels.shape[0]], labels)
    return TokenLoss(total, total.detach(), labels.shape[0])
