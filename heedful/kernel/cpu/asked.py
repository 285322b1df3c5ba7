"""What the forward pass of the CPU can be asked for besides contexts, and what it leaves."""

from typing import NamedTuple

from torch import Tensor


class Asked(NamedTuple):
    """What is asked of the weights besides the contexts."""

    best: int = 0  # so many of the best keys of each query
    seed: int = -1  # one key drawn by the weights, from this seed; -1: none
    rows: int = 0  # the mass of so many blocks of queries
    columns: int = 0  # on so many blocks of keys
    gated: bool = False  # whether the best are those with the highest weights after the gate


class Kept(NamedTuple):
    """What the forward pass leaves for the backward pass: `Saved`, and perhaps the scores."""

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
