"""Keys up to the query's own position."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from heedful.kernel import Bounds
from heedful.region.base import Region, Span


@dataclass(frozen=True)
class Causal(Region):
    """Query ``t`` may attend to keys ``0 .. t + S - T``.

    With T = S a position sees itself and what came before. With T < S the last query stands at the last key, so that
    a single new query with a cache of all keys sees them all::

        T=3, S=5        T=5, S=3
        1 1 1 . .       . . .
        1 1 1 1 .       . . .
        1 1 1 1 1       1 . .
                        1 1 .
                        1 1 1

        >>> import torch
        >>> from heedful import Causal, align
        >>> align(torch.zeros(2, 4), torch.zeros(3, 4), region=Causal())
        tensor([[0.5000, 0.5000, 0.0000],
                [0.3333, 0.3333, 0.3333]])
    """

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """Nothing to the right of the query's own position."""
        return Bounds(span.queries, span.keys, right=0)
