"""The real keys of a padded row."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.kernel import Bounds
from heedful.region.base import Region, Span
from heedful.shapes import ShapeError, check_tensor, describe, pad_batch_axes

_MOST_WRITTEN = 8
"""Lengths up to which they are all written out."""


class Padding(Region):
    """Row ``b`` may attend to its first `lengths[b]` keys; the rest is padding.

    `lengths` ``[*B]`` are integers, aligned with the first batch axes of the query: ``[B]`` serves ``[B, H, T, D]``.
    Raises: ShapeError, when the lengths are not integers; TypeError, when they are no tensor.

        >>> import torch
        >>> from heedful import Padding, align
        >>> align(torch.zeros(2, 1, 4), torch.zeros(2, 2, 4), region=Padding(torch.tensor([1, 2])))
        tensor([[[1.0000, 0.0000]],
        <BLANKLINE>
                [[0.5000, 0.5000]]])
    """

    def __init__(self, lengths: Int[Tensor, "..."]) -> None:
        check_tensor("Padding lengths", lengths)
        if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
            raise ShapeError(
                f"Padding lengths are {describe(lengths)}, expected integers [*B]: pass a boolean mask as "
                "keep= instead."
            )
        self.row_lengths = lengths

    def lengths(self, span: Span) -> Int[Tensor, "..."] | None:
        """The lengths, with the batch axes of the query."""
        return pad_batch_axes(self.row_lengths, span.batch_axes, trailing_axes=0)

    def bounds(self, query: Float[Tensor, "... T Q"], span: Span) -> Bounds:
        """Nothing from the length on."""
        stop = pad_batch_axes(self.row_lengths, span.batch_axes, trailing_axes=0).unsqueeze(-1)
        return Bounds(span.queries, span.keys, stop=stop.to(torch.long))

    def __repr__(self) -> str:
        """As it was written; many lengths, or those on another device, by their type and shape."""
        lengths = self.row_lengths
        # To read numbers from a GPU is to wait for it, and meta tensors have none.
        few = lengths.device.type == "cpu" and lengths.numel() <= _MOST_WRITTEN
        return f"Padding({lengths.tolist() if few else describe(lengths)})"
