"""Keys up to one's own position."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from heedful.kernel import Bounds
from heedful.region.base import Region, Span


@dataclass(frozen=True)
class Causal(Region):
    """Query ``t`` may look at keys ``0 .. t + S - T``.

    With T = S a position sees itself and what came before; with T < S the last query stands at the last key, so
    that one new query beside a cache of all keys sees them all::

        T=3, S=5        T=5, S=3
        1 1 1 . .       . . .
        1 1 1 1 .       . . .
        1 1 1 1 1       1 . .
                        1 1 .
                        1 1 1
    """

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """Nothing to the right of one's own position."""
        return Bounds(span.queries, span.keys, right=0)
