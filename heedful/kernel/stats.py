"""Statistics of a map of weights that is never stored: the mass of its blocks, the best keys and entropy of each row.

`StatsRequest` and `Stats` are what users meet. `KernelStatsRequest` and `KernelStats` are the same for the operators of
the fused engines, which take and return flat tensors only.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class StatsRequest:
    """Which statistics `survey` computes.

    `grid` is (rows, columns): the weights are summed over that many blocks of queries and of keys; (0, 0) for none.
    `best` is the number of keys named for each query. With ``context=False`` the values are left out: the context then
    has width 0, and nothing has a gradient.

        >>> from heedful import StatsRequest
        >>> StatsRequest(grid=(64, 64), best=5)
        StatsRequest(grid=(64, 64), best=5, context=True)
    """

    grid: tuple[int, int] = (0, 0)
    best: int = 0
    context: bool = True


class Stats(NamedTuple):
    """The context, and statistics of the map of weights behind it. Only the context has a gradient.

    Attributes:
        context: the weighted sums of the values, as `attend` returns them.
        mass: for each block of queries and each block of keys, the mean over the queries of their weight on those keys;
            a row of it sums to 1 where the rows of the map do. Block i of r begins at query ``i T // r``, block j of c
            at key ``j S // c``; a block without queries is 0.
        index: the best keys of each query in descending order of weight; -1 where a weight is 0.
        weight: their weights.
        entropy: the entropy of each query's weights before any gate, in nats.

        >>> import torch
        >>> from heedful import survey
        >>> states = torch.zeros(4, 8)
        >>> survey(states, states).entropy  # equal weights on 4 keys: log 4
        tensor([1.3863, 1.3863, 1.3863, 1.3863])
    """

    context: Float[Tensor, "... T V"]
    mass: Float[Tensor, "... r c"]
    index: Int[Tensor, "... T k"]  # pyright: ignore[reportIncompatibleMethodOverride]  # hides tuple.index, on purpose
    weight: Float[Tensor, "... T k"]
    entropy: Float[Tensor, "... T"]


class KernelStatsRequest(NamedTuple):
    """Which statistics a fused forward pass collects, as numbers that fit into an operator's schema."""

    best: int = 0  # the number of best keys of each query
    seed: int = -1  # draw one key by the weights, from this seed; -1: none
    rows: int = 0  # blocks of queries whose mass is summed
    columns: int = 0  # on this many blocks of keys
    gated: bool = False  # whether the best keys are those with the highest weights after the gate, or before it


class KernelStats(NamedTuple):
    """What was requested; the rest has size 0. Only `lse` and `entropy`, which are always there, have gradients."""

    lse: Tensor  # float32 [N, T]: the log-sum-exp of a row's scores; 0 where it sees no key
    entropy: Tensor  # float32 [N, T]: of a row's weights before any gate; 0 where it sees no key
    best: Tensor  # int64 [N, T, best]: the keys with the highest scores, in order; -1 where there are fewer
    best_weights: Tensor  # float32 [N, T, best]: their weights
    drawn: Tensor  # int64 [N, T or 0]: a key drawn by the weights before any gate; -1 where there is none
    mass: Tensor  # float32 [N, rows, columns]: the mean over a block's queries of their weight on a block of keys


def empty_stats(like: Tensor, shape: tuple[int, int], request: KernelStatsRequest) -> KernelStats:
    """Uninitialised tensors for what is requested of ``shape = (N, T)`` queries, on the device of `like`."""
    rows, queries = shape
    lse, entropy = (like.new_empty(rows, queries, dtype=torch.float32) for _ in range(2))
    best = like.new_empty(rows, queries, request.best, dtype=torch.long)
    return KernelStats(
        lse=lse,
        entropy=entropy,
        best=best,
        best_weights=like.new_empty(best.shape, dtype=torch.float32),
        drawn=like.new_empty(rows, queries if request.seed >= 0 else 0, dtype=torch.long),
        mass=like.new_empty(rows, request.rows, request.columns, dtype=torch.float32),
    )


def lse_and_entropy(
    row_max: Float[Tensor, "N T"], row_scale: Float[Tensor, "N T"], moments: Float[Tensor, "N T"]
) -> tuple[Float[Tensor, "N T"], Float[Tensor, "N T"]]:
    """The log-sum-exp of each row's scores and the entropy of its weights, from what the forward pass leaves.

    `moments` are the sums of ``exp(score - row_max) (score - row_max)``. A row that is NaN stays NaN.
    """
    # A row that sees no key has scale 0, whose logarithm is minus infinity: it is replaced, and not computed around.
    unseen, logs = row_scale == 0, row_scale.log()
    return torch.where(unseen, 0.0, row_max - logs), torch.where(unseen, 0.0, -logs - moments * row_scale)


def weights_of_scores(
    scores: Float[Tensor, "N T k"], row_max: Float[Tensor, "N T"], row_scale: Float[Tensor, "N T"]
) -> Float[Tensor, "N T k"]:
    """The weights of some scores of each row; a slot without a key gets a meaningless number, to be masked."""
    return (scores - row_max.unsqueeze(-1)).exp() * row_scale.unsqueeze(-1)


def block_edges(length: int, blocks: int) -> list[int]:
    """Where `blocks` blocks of a length begin, and the end: ``blocks + 1`` numbers."""
    return [block * length // max(1, blocks) for block in range(blocks + 1)]


def block_index(length: int, blocks: int, device: torch.device) -> Int[Tensor, " length"]:
    """The block that each position of a length lies in."""
    ends = torch.tensor(block_edges(length, blocks)[1:], device=device)
    # right=True: a position that equals the end of a block belongs to the next one.
    return torch.bucketize(torch.arange(length, device=device), ends, right=True)
