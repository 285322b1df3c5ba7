"""All keys."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from heedful.kernel import Bounds
from heedful.region.base import Region, Span


@dataclass(frozen=True)
class Everywhere(Region):
    """Every query may look at every key: global attention."""

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """No bound."""
        return Bounds(span.queries, span.keys)
