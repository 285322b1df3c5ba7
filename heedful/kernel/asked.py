"""What the forward pass of a fused engine can be asked for besides contexts."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Asked(NamedTuple):
    """What is asked of the weights besides the contexts."""

    best: int = 0  # so many of the best keys of each query
    seed: int = -1  # one key drawn by the weights, from this seed; -1: none
    rows: int = 0  # the mass of so many blocks of queries
    columns: int = 0  # on so many blocks of keys
    gated: bool = False  # whether the best are those with the highest weights after the gate


class Noted(NamedTuple):
    """What was asked for. The first two have a gradient; what was not asked for is empty but for them."""

    log_sums: Tensor  # float32 [N, T]: the log-sum-exp of a row's scores; 0 where it sees nothing
    entropies: Tensor  # float32 [N, T]: of a row's weights before any gate; 0 where it sees nothing
    best: Tensor  # int64 [N, T, best]: the keys with the highest scores, in order; -1 where there are fewer
    best_weights: Tensor  # float32 [N, T, best]: their weights
    drawn: Tensor  # int64 [N, T or 0]: a key drawn by the weights before any gate; -1 where there is none
    mass: Tensor  # float32 [N, rows, columns]: the mean over a block's queries of their weight on a block of keys


def empty_notes(like: Tensor, shape: tuple[int, int], asked: Asked) -> Noted:
    """Room for what is asked of so many rows of queries, in float32 and on the device of a tensor."""
    rows, queries = shape
    numbers = [like.new_empty(rows, queries, dtype=torch.float32) for _ in range(2)]
    best = like.new_empty(rows, queries, asked.best, dtype=torch.long)
    return Noted(
        *numbers,
        best=best,
        best_weights=like.new_empty(best.shape, dtype=torch.float32),
        drawn=like.new_empty(rows, queries if asked.seed >= 0 else 0, dtype=torch.long),
        mass=like.new_empty(rows, asked.rows, asked.columns, dtype=torch.float32),
    )


def sums_and_entropies(
    tops: Float[Tensor, "N T"], scales: Float[Tensor, "N T"], moments: Float[Tensor, "N T"]
) -> tuple[Float[Tensor, "N T"], Float[Tensor, "N T"]]:
    """The log-sum-exp of each row's scores and the entropy of its weights, from what the forward pass leaves.

    `moments` are the sums of ``exp(score - top) (score - top)``. A row that is not a number stays so.
    """
    unseen, logs = scales == 0, scales.log()
    return torch.where(unseen, 0.0, tops - logs), torch.where(unseen, 0.0, -logs - moments * scales)


def weights_of_best(
    scores: Float[Tensor, "N T k"], tops: Float[Tensor, "N T"], scales: Float[Tensor, "N T"]
) -> Float[Tensor, "N T k"]:
    """The weights of scores; what it gives for those of keys that there are not, says nothing."""
    return (scores - tops.unsqueeze(-1)).exp() * scales.unsqueeze(-1)
