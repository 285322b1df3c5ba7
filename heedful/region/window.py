"""A window of keys around a position: Luong's local-m."""

from operator import index

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.kernel import Bounds
from heedful.region.base import Region, Span
from heedful.shapes import ShapeError, check_tensor, describe, pad_batch_axes


class Window(Region):
    """Query ``t`` may attend to the ``2 radius + 1`` keys around its centre, cut at the ends.

    The centre is the query's own position, ``|s - (t + S - T)| <= radius``, or `centre`: a key position for each query,
    ``[*B, T]`` integers (or ``[*B, 1]`` for all queries alike), as step-by-step decoders pass it.
    Raises: ValueError, when `radius` is negative; TypeError, when it is no whole number, or `centre` no tensor;
        ShapeError, when `centre` is not integers or has another length.
    Memory: O(T radius) pairs are computed, and not T S.
    Source: Luong et al. 2015, section 3.2, local-m (arXiv:1508.04025).

        >>> import torch
        >>> from heedful import Window, align
        >>> align(torch.zeros(1, 4), torch.zeros(5, 4), region=Window(1, centre=torch.tensor([3])))
        tensor([[0.0000, 0.0000, 0.3333, 0.3333, 0.3333]])
    """

    def __init__(self, radius: int, centre: Int[Tensor, "..."] | None = None) -> None:
        # Engines count keys by it: a fraction would mean one thing in a mask and another in a kernel.
        try:
            radius = index(radius)
        except TypeError as fault:
            raise TypeError(f"Window radius is {radius!r}, expected a whole number of keys to each side.") from fault
        if radius < 0:
            raise ValueError(f"Window radius is {radius}, expected 0 or more keys to each side.")
        if centre is not None:
            check_tensor("Window centre", centre)
        if centre is not None and (centre.is_floating_point() or centre.is_complex() or centre.dtype == torch.bool):
            raise ShapeError(
                f"Window centre is {describe(centre)}, expected integers [*B, T]: round it, or use Predicted."
            )
        self.radius = radius
        self.centre = centre

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """The band around the query's own position, or the interval around `centre`.

        Raises: ShapeError, when the centre's last axis is neither T nor 1.
        """
        if self.centre is None:
            return Bounds(span.queries, span.keys, left=self.radius, right=self.radius)
        if self.centre.shape[-1] not in (1, span.queries):
            raise ShapeError(f"Window centre is {describe(self.centre)}, expected [*B, T] with T = {span.queries}.")
        centre = pad_batch_axes(self.centre, span.batch_axes, trailing_axes=1)
        start, stop = centre - self.radius, centre + self.radius + 1
        return Bounds(span.queries, span.keys, start=start.to(torch.long), stop=stop.to(torch.long))

    def __repr__(self) -> str:
        """As it was written."""
        return f"Window({self.radius})" if self.centre is None else f"Window({self.radius}, centre=...)"
