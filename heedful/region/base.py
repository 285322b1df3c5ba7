"""What every region is: a value that says which keys each query may attend to."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.kernel import Bounds


@dataclass(frozen=True)
class Span:
    """The sizes for which a region computes its bounds: queries, keys, batch axes, and real keys.

    `lengths` counts the real keys of each row, where `Padding` or `keep` tell; None means all of them.

        >>> import torch
        >>> from heedful.region import Span, Window
        >>> bounds = Window(1).bounds(torch.zeros(3, 4), Span(3, 3, batch_axes=0, device=torch.device("cpu")))
        >>> bounds.left, bounds.right
        (1, 1)
    """

    queries: int
    keys: int
    batch_axes: int
    device: torch.device
    lengths: Int[Tensor, "..."] | None = None


class Region(ABC):
    """Which keys a query may attend to. Regions are small values, and ``&`` intersects them.

    A region of your own returns `heedful.kernel.Bounds`, an interval of keys for each query.

        >>> import torch
        >>> from heedful import Causal, Window, align
        >>> align(torch.zeros(3, 4), torch.zeros(3, 4), region=Window(1) & Causal())
        tensor([[1.0000, 0.0000, 0.0000],
                [0.5000, 0.5000, 0.0000],
                [0.0000, 0.5000, 0.5000]])
    """

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

        >>> from heedful import Causal, Window
        >>> Window(2) & Causal()
        Window(2) & Causal()
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
    """The smaller of two lengths, either of which may be unknown.

    >>> import torch
    >>> from heedful.region import min_lengths
    >>> min_lengths(torch.tensor([3, 5]), torch.tensor([4, 2]))
    tensor([3, 2])
    """
    if first is None or second is None:
        return second if first is None else first
    return torch.minimum(first, second)
