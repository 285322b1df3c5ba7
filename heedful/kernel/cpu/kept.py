"""What the forward pass of the CPU leaves for the backward pass."""

from typing import NamedTuple

from torch import Tensor


class Kept(NamedTuple):
    """What `Saved` holds, and perhaps the scores."""

    out: Tensor  # float32 [N, T, V]
    tops: Tensor  # float32 [N, T]
    scales: Tensor  # float32 [N, T]
    scores: Tensor  # float32 [N, T, S], or empty: scores that are not worth computing again
