"""Statistics of the weights that the forward pass collects: entropy, best keys, one drawn key, sums by block.

A weight is known only relative to the highest score so far, as in the running softmax. So what is collected shrinks
when a higher score comes, and is scaled at the end of a row.
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba infers the types of the loops' arguments.

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.jit import LOWEST, compiled, exp, f32, inlined


class StatsBuffers(NamedTuple):
    """Where statistics are written; what is not requested has no columns (best) or no rows (drawn, mass)."""

    moments: Any  # float32 [N, T]: the sum of weight (score - row_max), of weights that are not yet scaled
    best_scores: Any  # float32 [N, T, k]: the highest scores, in descending order
    best: Any  # int64 [N, T, k]: their keys; -1 where a row sees fewer
    drawn: Any  # int64 [N or 0, T]: a key drawn by the weights; -1 where a row sees none
    mass: Any  # float32 [N or 0, chunks, C]: the weights of a chunk of queries, summed over C blocks of keys
    edges: Any  # int64 [C + 1]: where blocks of keys begin, and the end
    seed: Any  # uint64: the seed of the draws
    gated: bool  # whether the best keys are those with the highest weights after the gate


@compiled
def clear_stats(stats, block_sums, n, row, rows):
    """Clears the statistics of some rows, and the blocks of keys that they sum up their weights in."""
    for r in range(rows):
        stats.moments[n, row + r] = f32(0)
        for slot in range(stats.best.shape[2]):
            stats.best_scores[n, row + r, slot], stats.best[n, row + r, slot] = LOWEST, -1
        if stats.drawn.shape[0] > 0:
            stats.drawn[n, row + r] = -1
        for c in range(block_sums.shape[1]):
            block_sums[r, c] = f32(0)


@inlined
def moved_moment(moment, total, old_max, new_max):
    """The sum of ``weight (score - max)`` when the maximum rises from `old_max` to `new_max`.

    With d = old_max - new_max each term becomes ``weight e^d (score - old_max + d)``; `total` is the sum of weights.
    """
    # Without a weight so far old_max is LOWEST, and d times 0 would be of no use: infinity times 0 is NaN.
    return exp(old_max - new_max) * (moment + (old_max - new_max) * total) if total > f32(0) else f32(0)


@compiled
def apply_log_gate(scores, first, centre, sharpness):
    """Lowers scores of keys from `first` on by what their gate takes from the logarithms of their weights."""
    for j in range(scores.shape[0]):
        distance = f32(first + j) - centre
        # Hidden keys lie at LOWEST already: the sum must not overflow to minus infinity.
        scores[j] = max(LOWEST, scores[j] - distance * distance * sharpness)


@compiled
def insert_best(best_scores, best, scores, first):
    """Inserts scores of a row that beat the lowest of its best, in descending order."""
    last = best_scores.shape[0] - 1
    for j in range(scores.shape[0]):
        # Strictly greater: of equal scores the first key stays, as in argmax.
        if scores[j] > best_scores[last]:
            slot = last
            while slot > 0 and scores[j] > best_scores[slot - 1]:
                best_scores[slot], best[slot] = best_scores[slot - 1], best[slot - 1]
                slot -= 1
            best_scores[slot], best[slot] = scores[j], first + j


@compiled
def draw_key(weights, seed, row, first, added, total):
    """A key of this tile with the probability ``added / total`` that the row's key lies here, else -1.

    Tile after tile the draw so far is replaced with this probability, which leaves each key with its weight over the
    final total: Gumbel-max without noise for each pair. `total` is the sum of all weights so far, `added` this tile's.
    """
    # One number serves twice. Given that it falls below `added`, it is uniform on [0, added): it finds the key as well.
    threshold = _uniform(seed, row, first) * total
    if not threshold < added:
        return -1
    passed, last = np.float64(0), -1
    for j in range(weights.shape[0]):
        if weights[j] > f32(0):
            # Where rounding leaves the running sum below the threshold, the last key with a weight is taken.
            passed, last = passed + np.float64(weights[j]), first + j
            if passed > threshold:
                break
    return last


@compiled
def _uniform(seed, row, key):
    """A number in [0, 1) for a row and a tile (Steele et al. 2014, SplitMix64, doi:10.1145/2660193.2660195)."""
    # A hash of seed, row and tile, and no state: a row draws the same whichever thread computes it.
    state = _mixed(seed + np.uint64(row) * np.uint64(0x9E3779B97F4A7C15))
    state = _mixed(state + np.uint64(key) * np.uint64(0x9E3779B97F4A7C15))
    return np.float64(state >> np.uint64(11)) * 2.0**-53


@compiled
def _mixed(state):
    state += np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@compiled
def add_block_mass(block_sums, weights, first, edges, shrink):
    """Adds a row's weights from key `first` on to the blocks of keys they lie in, which shrink beforehand."""
    if shrink != f32(1):
        for c in range(block_sums.shape[0]):
            block_sums[c] *= shrink
    block, at = 0, 0
    while block < block_sums.shape[0] and edges[block + 1] <= first:
        block += 1
    while block < block_sums.shape[0] and at < weights.shape[0]:
        end = min(edges[block + 1] - first, weights.shape[0])
        total = f32(0)
        for j in range(at, end):
            total += weights[j]
        block_sums[block] += total
        # With more blocks than keys some blocks are empty, and end before `at`.
        block, at = block + 1, max(at, end)


@compiled
def add_scaled_mass(mass, block_sums, row_scale):
    """Adds the block sums of rows, scaled, to the mass of their chunk."""
    for r in range(row_scale.shape[0]):
        for c in range(mass.shape[0]):
            mass[c] += block_sums[r, c] * row_scale[r]
