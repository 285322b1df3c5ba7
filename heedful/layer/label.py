"""The output layer of a text classifier: a linear layer with a bound on its weights, and the loss."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from heedful.layer.loss import TokenLoss


class LabelOutput(nn.Module):
    """``W x + b``, a logit per label; with `max_norm` no row of W is longer than that after a training step.

    Parameters: ``weight`` [labels, dim], ``bias`` [labels].
    Source: Hinton et al. 2012, section 2, for the bound (arXiv:1207.0580); Kim 2014, section 2.1 (arXiv:1408.5882).
    """

    def __init__(self, dim: int, labels: int, *, max_norm: float = 0.0) -> None:
        super().__init__()
        self.max_norm = max_norm
        self.weight = nn.Parameter(torch.empty(labels, dim))
        self.bias = nn.Parameter(torch.zeros(labels))
        nn.init.xavier_uniform_(self.weight)
        self.to_bounds()

    def forward(self, features: Float[Tensor, "*B D"]) -> Float[Tensor, "*B C"]:
        """The logits."""
        return functional.linear(features, self.weight, self.bias)

    def loss(self, features: Float[Tensor, "N D"], labels: Int[Tensor, " N"], *, smoothing: float = 0.0) -> TokenLoss:
        """The cross-entropy of `label_loss`."""
        return label_loss(self(features), labels, smoothing=smoothing)

    def to_bounds(self) -> None:
        """Shortens rows that are longer than `max_norm`; training calls it after every step."""
        shorten_rows(self.weight, self.max_norm)

    def extra_repr(self) -> str:
        return f"{self.weight.shape[1]}, {self.weight.shape[0]}, max_norm={self.max_norm}"


@torch.no_grad()
def shorten_rows(weight: Float[Tensor, "C D"], max_norm: float) -> None:
    """Scales the rows that are longer than `max_norm` down to it, in place; 0 means no limit."""
    if max_norm:
        # In place, because the optimiser holds this very tensor.
        weight.copy_(torch.renorm(weight, p=2, dim=0, maxnorm=max_norm))


def label_loss(
    logits: Float[Tensor, "N C"],
    labels: Int[Tensor, " _"],
    *,
    smoothing: float = 0.0,
    share: Float[Tensor, " _"] | None = None,
) -> TokenLoss:
    """Cross-entropy summed over rows; rows with a negative label are ignored.

    `share` is the weight of each row (1 by default). With smoothing e the target is (1 - e) on the label plus e / C on
    all C labels. Sums and the softmax are in at least float32. `tokens` of the result is the number of labelled rows.
    Source: Szegedy et al. 2016, section 7 (arXiv:1512.00567), for the smoothing.
    """
    log_probability = torch.log_softmax(logits, dim=-1, dtype=torch.promote_types(torch.float32, logits.dtype))
    labelled = labels >= 0
    # -1, the label of unlabelled rows, is no index: these rows gather label 0, and are replaced by 0 below.
    of_label = log_probability.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    nll = torch.where(labelled, -of_label, 0.0)
    loss = torch.where(labelled, -(1.0 - smoothing) * of_label - smoothing * log_probability.mean(-1), 0.0)
    if share is not None:
        loss, nll = loss * share, nll * share
    return TokenLoss(loss.sum(), nll.detach().sum(), int(labelled.sum()))
