"""Output layers for very many labels: training does not compute the scores of all of them.

`SampledOutput` has the parameters and answers of `LabelOutput`; its loss samples labels. `HierarchicalOutput` is
another model: it predicts a group of labels and then a label of the group. Both compute all labels in use.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from heedful.layer.label import shorten_rows
from heedful.layer.loss import TokenLoss


class SampledOutput(nn.Module):
    """``W x + b``, a logit per label; training estimates the softmax from `samples` labels.

    With `max_norm` no row of W is longer than that after a training step.
    Parameters: ``weight`` [labels, dim], ``bias`` [labels].
    """

    def __init__(self, dim: int, labels: int, *, samples: int, max_norm: float = 0.0) -> None:
        super().__init__()
        self.samples, self.max_norm = samples, max_norm
        self.weight = nn.Parameter(torch.empty(labels, dim))
        self.bias = nn.Parameter(torch.zeros(labels))
        nn.init.xavier_uniform_(self.weight)
        self.to_bounds()

    def forward(self, features: Float[Tensor, "*B D"]) -> Float[Tensor, "*B C"]:
        """The logits of all labels."""
        return functional.linear(features, self.weight, self.bias)

    def loss(self, features: Float[Tensor, "N D"], labels: Int[Tensor, " N"], *, smoothing: float = 0.0) -> TokenLoss:
        """The estimated cross-entropy of `sampled_loss`."""
        return sampled_loss(features, self.weight, self.bias, labels=labels, samples=self.samples, smoothing=smoothing)

    def to_bounds(self) -> None:
        """Shortens rows that are longer than `max_norm`; training calls it after every step."""
        shorten_rows(self.weight, self.max_norm)

    def extra_repr(self) -> str:
        return f"{self.weight.shape[1]}, {self.weight.shape[0]}, samples={self.samples}, max_norm={self.max_norm}"


class HierarchicalOutput(nn.Module):
    """The log-probability of every label, as ``log p(group) + log p(label | group)``: two softmaxes.

    A group consists of ceil(sqrt(labels)) consecutive labels. Labels that are paths are sorted, so that neighbours in
    the tree are mostly in one group. Training computes the groups and the labels of one group: about 2 sqrt(labels)
    scores per text. With `max_norm` no row of a weight is longer than that after a training step.
    Parameters: ``weight`` [labels, dim], ``bias`` [labels], ``group_weight`` [groups, dim], ``group_bias`` [groups].
    Source: Goodman 2001 (arXiv:cs/0108006), section 2; Morin and Bengio 2005 (AISTATS R5) for deeper trees.
    """

    def __init__(self, dim: int, labels: int, *, max_norm: float = 0.0) -> None:
        super().__init__()
        self.max_norm = max_norm
        self.size = math.isqrt(labels - 1) + 1  # ceil(sqrt(labels)), in integers
        self.groups = -(-labels // self.size)
        self.weight = nn.Parameter(torch.empty(labels, dim))
        self.bias = nn.Parameter(torch.zeros(labels))
        self.group_weight = nn.Parameter(torch.empty(self.groups, dim))
        self.group_bias = nn.Parameter(torch.zeros(self.groups))
        nn.init.xavier_uniform_(self.weight)
        nn.init.xavier_uniform_(self.group_weight)
        self.to_bounds()

    def forward(self, features: Float[Tensor, "*B D"]) -> Float[Tensor, "*B C"]:
        """The log-probabilities of all labels, whose exponentials sum to 1."""
        labels = self.weight.shape[0]
        scores = functional.linear(features, self.weight, self.bias)
        # The last group may be smaller: the labels that it lacks get the probability 0.
        missing = self.groups * self.size - labels
        by_group = functional.pad(scores, (0, missing), value=-math.inf).unflatten(-1, (self.groups, self.size))
        within = _log_softmax(by_group)
        return (within + self._log_groups(features).unsqueeze(-1)).flatten(-2)[..., :labels]

    def loss(self, features: Float[Tensor, "N D"], labels: Int[Tensor, " N"], *, smoothing: float = 0.0) -> TokenLoss:
        """Cross-entropy summed over rows; rows with a negative label are ignored.

        With smoothing e, each of the two softmaxes is smoothed: its target is (1 - e) on the label plus e spread evenly
        over the labels of the softmax.
        """
        labelled = labels >= 0
        # -1, the label of unlabelled rows, is no index: these rows compute label 0, and are replaced by 0 below.
        target = labels.clamp(min=0)
        group, position = target // self.size, target % self.size
        members = group.unsqueeze(-1) * self.size + torch.arange(self.size, device=labels.device)
        exists = members < self.weight.shape[0]
        # Padded members repeat the last label; their scores are masked.
        members = members.clamp(max=self.weight.shape[0] - 1)
        rows = functional.embedding(members, self.weight)
        scores = torch.bmm(rows, features.unsqueeze(-1).to(rows.dtype)).squeeze(-1) + self.bias[members]
        within = _log_softmax(scores.masked_fill(~exists, -math.inf))
        parts = (self._log_groups(features), group, None), (within, position, exists)
        total = sum((_smoothed(*part, smoothing=smoothing) for part in parts), torch.zeros(()))
        nll = sum((_smoothed(*part, smoothing=0.0) for part in parts), torch.zeros(()))
        total, nll = (torch.where(labelled, of_rows, 0.0).sum() for of_rows in (total, nll))
        return TokenLoss(total, nll.detach(), int(labelled.sum()))

    def to_bounds(self) -> None:
        """Shortens rows that are longer than `max_norm`; training calls it after every step."""
        shorten_rows(self.weight, self.max_norm)
        shorten_rows(self.group_weight, self.max_norm)

    def extra_repr(self) -> str:
        labels, dim = self.weight.shape
        return f"{dim}, {labels}, groups={self.groups}, max_norm={self.max_norm}"

    def _log_groups(self, features: Tensor) -> Tensor:
        return _log_softmax(functional.linear(features, self.group_weight, self.group_bias))


def sampled_loss(
    features: Float[Tensor, "N D"],
    weight: Float[Tensor, "C _"],
    bias: Float[Tensor, " C"],
    *,
    labels: Int[Tensor, " N"],
    samples: int,
    smoothing: float = 0.0,
) -> TokenLoss:
    """Cross-entropy whose normaliser is estimated from the labels of the batch and `samples` others.

    The normaliser is the sum of ``exp(logit)`` over the labels of the batch, which is exact, plus the sum over the
    sampled ones times the number of remaining labels per sample. Samples are drawn uniformly without replacement by
    torch's generator. So the estimate of the normaliser is unbiased, frequent labels are mostly exact, and with at
    least as many samples as labels the loss is that of `label_loss`. The gradient of its logarithm has a bias that
    vanishes as the samples grow. The reported `nll` is estimated in the same way.
    Source: Bengio and Senécal 2008, section III (doi:10.1109/TNN.2007.912312); Jean et al. 2015, section 3
    (arXiv:1412.2007). They sample by frequency; we add the labels of the batch instead, which are drawn by it.
    """
    labelled = labels >= 0
    of_batch = labels[labelled].unique()
    is_of_batch = torch.zeros(weight.shape[0], dtype=torch.bool, device=labels.device)
    is_of_batch[of_batch] = True
    not_of_batch = torch.randperm(weight.shape[0], device=labels.device)
    not_of_batch = not_of_batch[~is_of_batch[not_of_batch]]
    drawn = not_of_batch[:samples]
    index = torch.cat([of_batch, drawn])
    logits = functional.linear(features, functional.embedding(index, weight), bias[index])
    logits = logits.to(torch.promote_types(torch.float32, logits.dtype))
    # Each sampled label stands for len(not_of_batch) / len(drawn) labels; log of that is added to its logit.
    weights = torch.zeros_like(logits[0])
    weights[len(of_batch) :] = math.log(max(1, len(not_of_batch)) / max(1, len(drawn)))
    lse = (logits + weights).logsumexp(-1)
    # `of_batch` is sorted. Unlabelled rows gather some label, and are replaced by 0 below.
    position = torch.searchsorted(of_batch, labels.clamp(min=0)).clamp(max=len(index) - 1)
    of_label = logits.gather(-1, position.unsqueeze(-1)).squeeze(-1)
    nll = torch.where(labelled, lse - of_label, 0.0)
    total = nll
    if smoothing:
        # The mean logit of all labels is linear in the mean weight, and so exact without any other logit.
        mean = functional.linear(features, weight.mean(0, keepdim=True), bias.mean(0, keepdim=True)).squeeze(-1)
        total = torch.where(labelled, lse - (1.0 - smoothing) * of_label - smoothing * mean, 0.0)
    return TokenLoss(total.sum(), nll.detach().sum(), int(labelled.sum()))


def _log_softmax(scores: Tensor) -> Tensor:
    return torch.log_softmax(scores, dim=-1, dtype=torch.promote_types(torch.float32, scores.dtype))


def _smoothed(log_probability: Tensor, target: Tensor, exists: Tensor | None, *, smoothing: float) -> Tensor:
    """The cross-entropy of each row against a smoothed target; `exists` marks the columns that are not padding."""
    of_target = log_probability.gather(-1, target.unsqueeze(-1)).squeeze(-1)
    if not smoothing:
        return -of_target
    if exists is None:
        mean = log_probability.mean(-1)
    else:
        # -inf times 0 would be NaN: padding is replaced before the sum.
        mean = log_probability.masked_fill(~exists, 0.0).sum(-1) / exists.sum(-1)
    return -(1.0 - smoothing) * of_target - smoothing * mean
