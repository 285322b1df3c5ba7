"""A problem as torch's operators receive it: tensors and numbers, side by side."""

from typing import NamedTuple

from torch import Tensor


class Given(NamedTuple):
    """N rows of the batch, each with T queries; G groups of rows that share S keys and values; F features.

    With a `weight` the form is tanh, else inner. `keep` has a row for each distinct one, and `keep_of` says which is
    whose, as `group` does for keys and values. `centre` and `deviation` are the gate's, where there is one.
    """

    x: Tensor  # float32 [N, T, F]: features of the queries
    y: Tensor  # float32 [G, S, F]: features of the keys
    value: Tensor  # float32 [G, S, V]
    weight: Tensor | None  # float32 [F]
    start: Tensor  # int32 [N, T]: the first key a query may see
    stop: Tensor  # int32 [N, T]: the key after the last
    keep: Tensor | None  # bool [K, 1 or T, S]
    keep_of: Tensor  # int64 [N]
    group: Tensor  # int64 [N]
    centre: Tensor | None  # float32 [N, T]
    deviation: float

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look at, or nobody looks."""
        return self.y.shape[1] == 0 or 0 in self.x.shape[:2]


class Saved(NamedTuple):
    """What the forward pass leaves for the backward pass; a weight is ``exp(score - top) * scale``."""

    out: Tensor  # float32 [N, T, V]
    tops: Tensor  # float32 [N, T]
    scales: Tensor  # float32 [N, T]
