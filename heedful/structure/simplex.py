"""Learned weights on the simplex: none below zero, their sum one."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

Pace = Callable[[int, int | None], float]
"""A learning rate for these weights alone, from the steps done and the steps in all (None: not known)."""


class Simplex(nn.Module):
    """`count` learned weights on the simplex, equal at first.

    `to_bounds` projects them back onto the simplex; `heedful.train` calls it after every step. `pace`, if there is one,
    is their learning rate in `heedful.train`.
    Parameters: ``weight`` [count].
    Raises: ValueError, when there are none.
    Source: Ahmed et al. 2017, section 3 (arXiv:1711.02132), for the bounds, the pace, and projection after a step.

        >>> from heedful.structure import Simplex
        >>> Simplex(4)().detach()
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    def __init__(self, count: int, pace: Pace | None = None) -> None:
        super().__init__()
        if count < 1:
            raise ValueError(f"Simplex count is {count}, expected at least 1 weight: their sum is 1.")
        self.pace = pace
        self.weight = nn.Parameter(torch.full((count,), 1.0 / count))

    def forward(self) -> Float[Tensor, " M"]:
        """The weights; their sum is 1."""
        # Subtracting the mean changes no value, but it projects the gradient onto the plane of sum 1. Adam divides each
        # gradient by its size, and a part that moves all weights alike would drown their differences.
        return self.weight - self.weight.mean() + 1.0 / self.weight.shape[0]

    @torch.no_grad()
    def to_bounds(self) -> None:
        """Moves the weights to the nearest point of the simplex."""
        self.weight.copy_(onto_simplex(self.weight))

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}"


def onto_simplex(point: Float[Tensor, " M"]) -> Float[Tensor, " M"]:
    """The nearest point on the simplex: all entries lowered by one number, and clamped at zero.

    Source: Duchi et al. 2008, figure 1 (Efficient projections onto the l1-ball, ICML 2008).
    """
    exact = point.double()
    falling = exact.sort(descending=True).values
    count = torch.arange(1, exact.shape[0] + 1, device=point.device)
    lowered = (falling.cumsum(0) - 1.0) / count
    last = (falling > lowered).sum() - 1
    nearest = (exact - lowered[last]).clamp_min(0.0).to(point.dtype)
    # A point on the simplex up to rounding is returned unchanged: weights that no longer learn must not drift.
    is_there = (exact >= 0.0).all() & ((exact.sum() - 1.0).abs() <= torch.finfo(point.dtype).eps)
    return torch.where(is_there, point, nearest)
