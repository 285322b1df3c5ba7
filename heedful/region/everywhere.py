"""All keys."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from heedful.kernel import Bounds
from heedful.region.base import Region, Span


@dataclass(frozen=True)
class Everywhere(Region):
    """Every query may attend to every key: global attention.

    >>> import torch
    >>> from heedful import Everywhere, align
    >>> align(torch.zeros(1, 4), torch.zeros(2, 4), region=Everywhere())
    tensor([[0.5000, 0.5000]])
    """

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """No bound."""
        return Bounds(span.queries, span.keys)
