"""Sparse choices: weights with exact zeros, and still a gradient."""

from dataclasses import dataclass
from operator import index

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from heedful.choice.base import Choice
from heedful.kernel import Pick, masked_softmax, upcast


@dataclass(frozen=True)
class Sparsemax:
    """The Euclidean projection of the scores onto the simplex.

    Source: Martins and Astudillo 2016, algorithm 1 (arXiv:1602.02068).

        >>> import torch
        >>> from heedful import Sparse, Sparsemax
        >>> Sparse(Sparsemax())(torch.tensor([[1.0, 0.8, -2.0]]))
        tensor([[0.6000, 0.4000, 0.0000]])
    """

    def weights(
        self, scores: Float[Tensor, "... T S"], visible: Bool[Tensor, "... #T #S"] | None
    ) -> Float[Tensor, "... T S"]:
        """``max(0, z - tau)``, where tau makes a row sum to 1."""
        z = _relative(scores, visible, by=2.0)
        # Only the support is found without a gradient; tau is then computed from it in closed form, with its gradient.
        with torch.no_grad():
            ordered = z.sort(dim=-1, descending=True).values
            size = _counts(z)
            inside = 1.0 + size * ordered > ordered.cumsum(-1)
            support = z >= _last(ordered, inside)
            chosen = support.sum(-1, keepdim=True)
        tau = (torch.where(support, z, 0.0).sum(-1, keepdim=True) - 1.0) / chosen
        return torch.relu(z - tau)


@dataclass(frozen=True)
class Entmax15:
    """Between softmax and sparsemax: the Tsallis entropy of order 1.5.

    Source: Peters et al. 2019, algorithm 2 (arXiv:1905.05702).

        >>> import torch
        >>> from heedful import Entmax15, Sparse
        >>> Sparse(Entmax15())(torch.tensor([[1.0, 1.0, -2.0]]))
        tensor([[0.5000, 0.5000, 0.0000]])
    """

    def weights(
        self, scores: Float[Tensor, "... T S"], visible: Bool[Tensor, "... #T #S"] | None
    ) -> Float[Tensor, "... T S"]:
        """``max(0, z / 2 - tau)^2``, where tau makes a row sum to 1."""
        z = _relative(scores, visible, by=4.0) / 2.0
        with torch.no_grad():
            ordered = z.sort(dim=-1, descending=True).values
            tau = _entmax_threshold(ordered.cumsum(-1), ordered.square().cumsum(-1), _counts(z))
            support = z >= _last(ordered, tau <= ordered)
            chosen = support.sum(-1, keepdim=True)
        mean = torch.where(support, z, 0.0).sum(-1, keepdim=True) / chosen
        # From differences, and not from running sums of squares as in the search for the support: these cancel.
        deviation = torch.where(support, z - mean, 0.0).square().sum(-1, keepdim=True)
        tau = mean - ((1.0 - deviation) / chosen).clamp(min=0.0).sqrt()
        return torch.relu(z - tau).square()


@dataclass(frozen=True)
class TopK:
    """The softmax over the `k` visible keys with the highest scores.

    Raises: ValueError, when `k` is less than 1; TypeError, when it is no whole number.

        >>> import torch
        >>> from heedful import Sparse, TopK
        >>> Sparse(TopK(2))(torch.tensor([[1.0, 1.0, -2.0]]))
        tensor([[0.5000, 0.5000, 0.0000]])
    """

    k: int

    def __post_init__(self) -> None:
        """Raises: ValueError, when k is less than 1; TypeError, when it is no whole number."""
        try:
            index(self.k)
        except TypeError as fault:
            raise TypeError(f"TopK k is {self.k!r}, expected a whole number of keys.") from fault
        if self.k < 1:
            raise ValueError(f"TopK k is {self.k}, expected at least 1 key.")

    def weights(
        self, scores: Float[Tensor, "... T S"], visible: Bool[Tensor, "... #T #S"] | None
    ) -> Float[Tensor, "... T S"]:
        """Weights of the best keys; fewer where fewer are visible."""
        with torch.no_grad():
            # Minus infinity, and not the lowest finite number: a visible key may have that score.
            candidates = scores if visible is None else scores.masked_fill(~visible, -torch.inf)
            best = candidates.topk(min(self.k, scores.shape[-1]), dim=-1).indices
            chosen = torch.zeros_like(scores, dtype=torch.bool).scatter_(-1, best, True)
        return masked_softmax(scores, chosen if visible is None else chosen & visible)


class Sparse(Choice):
    """Weights with exact zeros: by `Sparsemax` (the default), `Entmax15` or `TopK`.

    >>> import torch
    >>> from heedful import Sparse
    >>> int((Sparse()(torch.tensor([[3.0, 1.0, 0.0]])) > 0).sum())
    1
    """

    def __init__(self, rule: Sparsemax | Entmax15 | TopK | None = None) -> None:
        super().__init__()
        self.rule = Sparsemax() if rule is None else rule

    @property
    def pick(self) -> Pick | None:
        """The k best of `TopK`. The other rules leave a number of keys that is not known beforehand."""
        return Pick(self.rule.k) if isinstance(self.rule, TopK) else None

    def forward(
        self, scores: Float[Tensor, "... T S"], visible: Bool[Tensor, "... #T #S"] | None = None
    ) -> Float[Tensor, "... T S"]:
        """Weights that sum to 1, or to 0 where nothing is visible."""
        scores = upcast(scores)
        if scores.shape[-1] == 0:
            return scores
        weights = self.rule.weights(scores, visible)
        return weights if visible is None else weights.masked_fill(~visible, 0.0)

    def extra_repr(self) -> str:
        """Its setting, for printing."""
        return str(self.rule)


def _relative(scores: Tensor, visible: Tensor | None, by: float) -> Tensor:
    """Scores relative to the row's highest visible one; hidden keys lie `by` below it, outside of any support."""
    if visible is None:
        return scores - scores.max(dim=-1, keepdim=True).values.detach()
    # First the lowest finite number, for the maximum, and then -by: the support lies within 1 (sparsemax) or 2 (entmax,
    # before it is halved) of the maximum, and squares of -3e38 would overflow in the running sums.
    masked = scores.masked_fill(~visible, torch.finfo(scores.dtype).min)
    best = masked.max(dim=-1, keepdim=True).values.detach()
    return (masked - best).masked_fill(~visible, -by)


def _counts(z: Tensor) -> Tensor:
    """1, 2, ... along the keys."""
    return torch.arange(1, z.shape[-1] + 1, device=z.device, dtype=z.dtype)


def _last(ordered: Tensor, inside: Tensor) -> Tensor:
    """The smallest value of the support, for which `inside` holds."""
    # The support is found as a threshold and not as a count, so that keys with equal scores are all in or all out.
    return ordered.gather(-1, (inside.sum(-1, keepdim=True) - 1).clamp(min=0))


def _entmax_threshold(total: Tensor, squares: Tensor, size: Tensor) -> Tensor:
    """Tau of entmax-1.5 for a support with this sum, sum of squares and size (eq. 12 of Peters et al.)."""
    mean = total / size
    deviation = squares - size * mean.square()
    # Beyond the support the root's argument is negative; its tau is then not below the score, and is not taken.
    return mean - ((1.0 - deviation) / size).clamp(min=0.0).sqrt()
