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


class Asked(NamedTuple):
    """What is asked of the weights besides the contexts."""

    best: int = 0  # so many of the best keys of each query
    seed: int = -1  # one key drawn by the weights, from this seed; -1: none
    rows: int = 0  # the mass of so many blocks of queries
    columns: int = 0  # on so many blocks of keys
    gated: bool = False  # whether the best are those with the highest weights after the gate


class Saved(NamedTuple):
    """What the forward pass leaves for the backward pass; a weight is ``exp(score - top) * scale``."""

    out: Tensor  # float32 [N, T, V]
    tops: Tensor  # float32 [N, T]
    scales: Tensor  # float32 [N, T]
    scores: Tensor  # float32 [N, T, S], or empty: scores that are not worth computing again


class Noted(NamedTuple):
    """What was asked for. The first two have a gradient; what was not asked for is empty but for them."""

    log_sums: Tensor  # float32 [N, T]: the log-sum-exp of a row's scores; 0 where it sees nothing
    entropies: Tensor  # float32 [N, T]: of a row's weights before any gate; 0 where it sees nothing
    best: Tensor  # int64 [N, T, best]: the keys with the highest scores, in order; -1 where there are fewer
    best_weights: Tensor  # float32 [N, T, best]: their weights
    drawn: Tensor  # int64 [N, T or 0]: a key drawn by the weights before any gate; -1 where there is none
    mass: Tensor  # float32 [N, rows, columns]: the mean over a block's queries of their weight on a block of keys
