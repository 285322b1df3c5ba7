"""The real keys of a padded row."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.kernel import Bounds
from heedful.region.base import Region, Span
from heedful.shapes import ShapeError, describe, pad_batch_axes


class Padding(Region):
    """Row ``b`` may look at its first `lengths[b]` keys; the rest is padding.

    `lengths` [*B] lines up with the first batch axes of the query, so that ``[B]`` serves ``[B, H, T, D]``.
    """

    def __init__(self, lengths: Int[Tensor, "..."]) -> None:
        if lengths.is_floating_point() or lengths.dtype == torch.bool:
            raise ShapeError(f"Padding lengths are {describe(lengths)}, expected integers [*B]; a mask goes to keep=.")
        self.real = lengths

    def lengths(self, span: Span) -> Int[Tensor, "..."] | None:
        """As given, one for each row of all batch axes."""
        return pad_batch_axes(self.real, span.batch_axes, trailing_axes=0)

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """Nothing from the length on."""
        stop = pad_batch_axes(self.real, span.batch_axes, trailing_axes=0).unsqueeze(-1)
        return Bounds(span.queries, span.keys, stop=stop.to(torch.long))

    def __repr__(self) -> str:
        """As it was written."""
        return f"Padding({self.real.tolist()})"
