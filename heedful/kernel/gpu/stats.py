"""Statistics of the weights that the forward pass collects: entropy, best keys, one drawn key.

A weight is known only relative to the highest score so far, as in the running softmax. So what is collected shrinks
when a higher score comes, and is scaled at the end. The mass of blocks needs nothing here: see `launch.survey`.
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false, reportOperatorIssue=false
# Triton infers the types of kernels' arguments.

from typing import Any, NamedTuple

import triton.language as tl

from heedful.kernel.gpu.jit import LOWEST, compiled
from heedful.kernel.gpu.tiles import distance_to_centre

_NO_KEY = tl.constexpr(2**31 - 1)
"""Above every key."""


class StatsBuffers(NamedTuple):
    """Where statistics are written; None for what is not requested."""

    moments: Any  # float32 [N, T]: the sum of weight (score - row_max), of weights that are not yet scaled
    best_scores: Any  # float32 [N, T, K]: the highest scores, in no order; K is a power of two
    best: Any  # int32 [N, T, K]: their keys; negative where a row sees fewer
    centre: Any  # float32 [N, T], if the best keys are to be those with the highest weights after the gate
    drawn: Any  # int32 [N, T]: a key drawn by the weights; -1 where a row sees none
    seed: Any  # int64 [1]: the seed of the draws; as a plain number Triton would compile the kernel for each


@compiled
def moved_moment(moment, total, old_max, new_max):
    """The sum of ``weight (score - max)`` when the maximum rises from `old_max` to `new_max`.

    With d = old_max - new_max each term becomes ``weight e^d (score - old_max + d)``; `total` is the sum of weights.
    """
    # Without a weight so far old_max is LOWEST: the shift is replaced, since -3e38 times 0 is of no use.
    shift = tl.where(total > 0.0, old_max - new_max, 0.0)
    return tl.exp(shift) * (moment + shift * total)


@compiled
def added_moment(scores, weights, new_max):
    """What a block's scores add to that sum."""
    # A hidden key has weight 0 and any score, perhaps infinite: 0 times infinity is NaN.
    return tl.sum(weights * tl.where(weights > 0.0, scores - new_max[:, None], 0.0), 1)


@compiled
def no_best(tiles: tl.constexpr):
    """The best keys of rows that have seen none."""
    n_rows: tl.constexpr = tiles.rows
    slots: tl.constexpr = tiles.best
    # Distinct negative numbers: `note_best` finds the slot to replace by its key, which must be unique in a row.
    keys = tl.zeros([n_rows, slots], tl.int32) - 1 - tl.arange(0, slots)[None, :]
    return tl.full([n_rows, slots], LOWEST, tl.float32), keys


@compiled
def apply_log_gate(arrays, stats, scores, index, inside, keys):
    """Scores, less what the gate takes from the logarithms of their weights if it is to count."""
    if stats.centre is not None:
        distance = distance_to_centre(stats.centre, index, inside, keys)
        scores += tl.maximum(-distance * distance * arrays.sharpness, LOWEST)
    return scores


@compiled
def insert_best(scores, visible, keys, best_scores, best):
    """The best of these and of a block's keys: inserted one after another, while some row has one that is better."""
    # A comparison with NaN is false, so NaN is hidden as well.
    scores = tl.where(visible & (scores > LOWEST), scores, LOWEST)
    highest, least = tl.max(scores, 1), tl.min(best_scores, 1)
    while tl.max((highest > least).to(tl.int32), 0) != 0:
        # Of equal scores the first key stays, as in argmax: the lowest key of the block goes in, and among the lowest
        # of the best the highest key goes out.
        key = tl.min(tl.where(scores == highest[:, None], keys[None, :], _NO_KEY), 1)
        last = tl.max(tl.where(best_scores == least[:, None], best, -_NO_KEY), 1)
        replaced = (best == last[:, None]) & (highest > least)[:, None]
        best_scores = tl.where(replaced, highest[:, None], best_scores)
        best = tl.where(replaced, key[:, None], best)
        scores = tl.where(keys[None, :] == key[:, None], LOWEST, scores)
        highest, least = tl.max(scores, 1), tl.min(best_scores, 1)
    return best_scores, best


@compiled
def draw_key(stats, weights, total, n, rows, first, keys):
    """A key of this block with the probability ``sum / total`` that the row's key lies here, else -1.

    Block after block the draw so far is replaced with this probability, which leaves each key with its weight over the
    final total. One number serves twice: given that it falls into this block, it is uniform within it, and finds the
    key as well.
    """
    # A counter of row and key (Salmon et al. 2011, Philox, doi:10.1145/2063384.2063405): no state is kept, and every
    # program column computes the same draw.
    number, _, _, _ = tl.philox(tl.load(stats.seed), rows, rows * 0 + n.to(tl.int32), rows * 0 + first, rows * 0)
    threshold = tl.uint_to_uniform_float(number) * total
    passed = (tl.cumsum(weights, 1) > threshold[:, None]) & (weights > 0.0)
    key = tl.min(tl.where(passed, keys[None, :], _NO_KEY), 1)
    # Where rounding leaves the running sum below the threshold, the last key with a weight is taken.
    last = tl.max(tl.where(weights > 0.0, keys[None, :], -1), 1)
    return tl.where(threshold < tl.sum(weights, 1), tl.minimum(key, last), -1)


@compiled
def store_stats(stats, index, inside, moment, drawn, best_scores, best):
    """Writes the statistics of a block's rows."""
    tl.store(stats.moments + index, moment, mask=inside)
    if stats.drawn is not None:
        tl.store(stats.drawn + index, drawn, mask=inside)
    if stats.best is not None:
        slots: tl.constexpr = best.shape[1]
        slot = index[:, None] * slots + tl.arange(0, slots)[None, :]
        tl.store(stats.best_scores + slot, best_scores, mask=inside[:, None])
        tl.store(stats.best + slot, best, mask=inside[:, None])
