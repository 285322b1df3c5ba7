"""What every region is: a value that says which keys each query may look at."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.kernel import Bounds


@dataclass(frozen=True)
class Span:
    """What a region is asked about: how many queries and keys, and how many of the keys are real.

    `lengths` counts the real keys of each row, where padding or `keep` is known; None means all of them.
    """

    queries: int
    keys: int
    batch_axes: int
    device: torch.device
    lengths: Int[Tensor, "..."] | None = None


class Region(ABC):
    """Which keys may a query look at? Regions are small values, and ``&`` intersects them."""

    @abstractmethod
    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """The interval of keys for each query, and perhaps a gate."""

    def lengths(self, span: Span) -> Int[Tensor, "..."] | None:
        """How many keys of each row are real, when this region knows: ``[*B]``."""
        return None

    def __and__(self, other: "Region") -> "Intersection":
        """The keys that both allow."""
        return Intersection(self, other)


class Intersection(nn.Module, Region):
    """The intersection of two regions, made by ``&``: interval with interval, gate times gate.

    It is a module so that a learned region inside it keeps its parameters.
    """

    def __init__(self, first: Region, second: Region) -> None:
        super().__init__()
        self.first = first
        self.second = second

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """The tighter of both."""
        return self.first.bounds(query, span) & self.second.bounds(query, span)

    def lengths(self, span: Span) -> Int[Tensor, "..."] | None:
        """The min_lengths of both."""
        return min_lengths(self.first.lengths(span), self.second.lengths(span))

    def __repr__(self) -> str:
        """As it was written."""
        return f"{self.first!r} & {self.second!r}"


def min_lengths(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    """The smaller of two lengths, either of which may be unknown."""
    if first is None or second is None:
        return second if first is None else first
    return torch.minimum(first, second)
