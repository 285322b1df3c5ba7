"""The few best of many numbers."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

_WORTH_COLUMNS = 1024
"""Rows shorter than this are ranked as they are."""


def best(
    scores: Float[Tensor, "A N"], size: int
) -> tuple[Float[Tensor, "A size"], Int[Tensor, "A size"]]:  # fmt: skip
    """The `size` largest of every row and their columns, filled up with minus infinity where there are fewer.

    torch's topk on a CPU pairs every number with its index and compares one by one; a maximum is read many at a time.
    So a row is folded into a table, and only the `size` columns of the table with the largest maxima are ranked: a
    number outside of them is no larger than `size` others. Of equal numbers any may come first.
    """
    if scores.shape[1] < max(_WORTH_COLUMNS, 16 * size):
        return _filled(*scores.topk(min(size, scores.shape[1]), dim=1), size)
    columns = math.isqrt(scores.shape[1] * size)  # as many maxima to rank as numbers after them
    rows = scores.shape[1] // columns
    table = scores[:, : rows * columns].unflatten(1, (rows, columns))
    column = table.amax(1).topk(size, dim=1).indices.unsqueeze(1)
    first = torch.arange(0, rows * columns, columns, device=scores.device).unsqueeze(1)
    # What is left over when a row is folded is ranked with them.
    rest = torch.arange(rows * columns, scores.shape[1], device=scores.device).expand(scores.shape[0], -1)
    index = torch.cat([(column + first).flatten(1), rest], dim=1)
    top, rank = scores.gather(1, index).topk(size, dim=1)
    return top, index.gather(1, rank)


def _filled(top: Tensor, index: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """With minus infinity up to `size`."""
    missing = size - top.shape[1]
    return (pad(top, (0, missing), value=-torch.inf), pad(index, (0, missing))) if missing else (top, index)
