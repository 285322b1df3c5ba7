"""Weights that share a whole: none below zero, their sum one."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

Pace = Callable[[int, int | None], float]
"""A learning rate of one's own: from the steps done, and all there will be (None: nobody knows), to the next step's."""


class Simplex(nn.Module):
    """`count` learned weights on the simplex, equal at first.

    Their gradient lies in the plane of sum 1: what would move all of them alike is left out, since Adam's division by
    the gradient's size would let it drown their differences. `to_bounds` puts them back onto the simplex, and training
    calls it after every step. `pace`, if there is one, is the rate at which `heedful.train` lets them learn.
    Parameters: ``weight`` [count].
    Raises: ValueError, when there are none.
    Source: Ahmed et al. 2017, section 3 (arXiv:1711.02132), for the bounds, the pace, and projection after a step.
    """

    def __init__(self, count: int, pace: Pace | None = None) -> None:
        super().__init__()
        if count < 1:
            raise ValueError(f"Simplex of {count} weights, expected at least 1: their sum is to be one.")
        self.pace = pace
        self.weight = nn.Parameter(torch.full((count,), 1.0 / count))

    def forward(self) -> Float[Tensor, " M"]:
        """The weights; their sum is 1."""
        return self.weight - self.weight.mean() + 1.0 / self.weight.shape[0]

    @torch.no_grad()
    def to_bounds(self) -> None:
        """Moves the weights to the nearest point of the simplex."""
        self.weight.copy_(onto_simplex(self.weight))

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}"


def onto_simplex(point: Float[Tensor, " M"]) -> Float[Tensor, " M"]:
    """The nearest point with no entry below zero and the sum 1.

    All entries are lowered alike, and what falls below zero stays there. A point that lies there as nearly as its dtype
    can say is given back as it is, so that weights that do not learn any more do not move either.
    Source: Duchi et al. 2008, figure 1 (Efficient projections onto the l1-ball, ICML 2008).
    """
    exact = point.double()
    falling = exact.sort(descending=True).values
    count = torch.arange(1, exact.shape[0] + 1, device=point.device)
    lowered = (falling.cumsum(0) - 1.0) / count
    last = (falling > lowered).sum() - 1
    nearest = (exact - lowered[last]).clamp_min(0.0).to(point.dtype)
    is_there = (exact >= 0.0).all() & ((exact.sum() - 1.0).abs() <= torch.finfo(point.dtype).eps)
    return torch.where(is_there, point, nearest)
