"""The k largest of many numbers."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

_WORTH_COLUMNS = 1024
"""For shorter rows `topk` is faster."""


def best(
    scores: Float[Tensor, "A N"], size: int
) -> tuple[Float[Tensor, "A size"], Int[Tensor, "A size"]]:  # fmt: skip
    """The `size` largest of every row and their columns, padded with minus infinity if there are fewer.

    torch's topk on a CPU is not vectorised, but its maximum is. A row is therefore folded into a table, and only the
    `size` columns with the largest maxima are ranked: there are at least `size` numbers in them that are no smaller
    than any number outside. The order of equal numbers is not defined.
    """
    if scores.shape[1] < max(_WORTH_COLUMNS, 16 * size):
        return _filled(*scores.topk(min(size, scores.shape[1]), dim=1), size)
    # With this width there are as many maxima to rank as numbers in the chosen columns: rows * size = N size / columns.
    columns = math.isqrt(scores.shape[1] * size)
    rows = scores.shape[1] // columns
    table = scores[:, : rows * columns].unflatten(1, (rows, columns))
    column = table.amax(1).topk(size, dim=1).indices.unsqueeze(1)
    first = torch.arange(0, rows * columns, columns, device=scores.device).unsqueeze(1)
    # The rest of a row, which does not fill a row of the table, is ranked with them.
    rest = torch.arange(rows * columns, scores.shape[1], device=scores.device).expand(scores.shape[0], -1)
    index = torch.cat([(column + first).flatten(1), rest], dim=1)
    top, rank = scores.gather(1, index).topk(size, dim=1)
    return top, index.gather(1, rank)


def _filled(top: Tensor, index: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Padded with minus infinity to `size` columns."""
    missing = size - top.shape[1]
    return (pad(top, (0, missing), value=-torch.inf), pad(index, (0, missing))) if missing else (top, index)
