"""The forward pass: contexts, and the maximum and scale of each row's weights, by tiles with a running softmax.

As in FlashAttention, the softmax is computed in one pass over the keys. A query carries the highest score so far m, the
sum of exponentials relative to it z, and the weighted values a. When a tile raises the maximum from m to m', z and a
are multiplied by ``exp(m - m')`` and the tile is added; at the end the context is a / z.

Source: Milakov & Gimelshein 2018 (arXiv:1805.02867) for the running softmax; Dao et al. 2022 (arXiv:2205.14135).
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba infers the types of the loops' arguments.

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.jit import LOWEST, compiled, entry, exp, f32, inlined
from heedful.kernel.cpu.micro import LANES, add_product
from heedful.kernel.cpu.stats import (
    add_block_mass,
    add_scaled_mass,
    apply_log_gate,
    clear_stats,
    draw_key,
    insert_best,
    moved_moment,
)
from heedful.kernel.cpu.tiles import (
    KEYS,
    ROWS,
    Tile,
    apply_gate,
    copy,
    count_valid_keys,
    fill,
    key_range,
    row_maximum,
    score_tile,
)


class Outputs(NamedTuple):
    """What the forward pass writes: `SavedForBackward` as arrays.

    While it runs, `row_max` holds the highest score so far, and `row_scale` the sum of exponentials relative to it.
    """

    output: Any  # float32 [N, T, V]
    row_max: Any  # float32 [N, T]
    row_scale: Any  # float32 [N, T]
    scores: Any  # float32 [N or 0, T, S]: the scores themselves, where they are to be kept


@entry
def forward(arrays, chunk_starts, first, last, outputs, stats):
    """Computes chunks `first` to `last`, counted through all rows of the batch.

    Batch row n has queries ``chunk_starts[i]`` to ``chunk_starts[i + 1]`` in chunk ``n * (len(chunk_starts) - 1) + i``.
    `stats` is None, or the `StatsBuffers` to write to.
    """
    chunks = chunk_starts.shape[0] - 1
    # One buffer a thread, for all of its tiles. Two rows more than a tile has: the tanh form takes queries by twos, so
    # an odd last one has a partner; and the statistics copy a row's scores to the very last row.
    scores, lanes = np.empty((ROWS + 2, KEYS), np.float32), np.empty(LANES, np.float32)
    block_sums = np.empty((ROWS, 0 if stats is None else stats.edges.shape[0] - 1), np.float32)
    for chunk in range(first, last):
        n, part = chunk // chunks, chunk % chunks
        value = arrays.value[arrays.group[n]]
        for row in range(chunk_starts[part], chunk_starts[part + 1], ROWS):
            rows = min(ROWS, chunk_starts[part + 1] - row)
            context = outputs.output[n, row : row + rows]
            row_max, row_sum = outputs.row_max[n, row : row + rows], outputs.row_scale[n, row : row + rows]
            _clear(context, row_max, row_sum)
            if stats is not None:
                clear_stats(stats, block_sums, n, row, rows)
            low, high = key_range(arrays, n, row, rows)
            for key in range(low, high, KEYS):
                tile = Tile(n, row, rows, key, min(KEYS, high - key))
                score_tile(arrays, tile, scores)
                valid = count_valid_keys(arrays, tile)
                _weigh_tile(arrays, tile, scores, outputs, stats, (lanes, block_sums))
                add_product(context, scores, value[key : key + valid], rows, valid, 0, context.shape[1])
            _finish(context, row_max, row_sum)
            if stats is not None and stats.mass.shape[0] > 0:
                add_scaled_mass(stats.mass[n, part], block_sums, row_sum)


@compiled
def _weigh_tile(arrays, tile, scores, outputs, stats, buffers):
    """Turns a tile's scores into weights relative to the new maxima, and rescales the contexts so far to these."""
    # The functions called here take single rows: handing all arrays of a problem to a function for every row takes
    # longer than weighing the row does.
    lanes, block_sums = buffers
    n, first, valid, is_gated = tile.n, tile.first, count_valid_keys(arrays, tile), arrays.centre.shape[0] > 0
    for r in range(tile.rows):
        t, weights, context = tile.row + r, scores[r][: tile.columns], outputs.output[n, tile.row + r]
        if outputs.scores.shape[0] > 0:
            copy(outputs.scores[n, t, first : first + valid], weights)
        old_max, total, tile_max = outputs.row_max[n, t], outputs.row_scale[n, t], row_maximum(weights, lanes)
        new_max = max(old_max, tile_max)
        # Before the first visible key old_max is LOWEST, which is finite: the difference is hugely negative, and exp
        # returns 0. With minus infinity it could be inf - inf = NaN.
        shrink = exp(old_max - new_max)
        if stats is None:
            added = _weigh(weights, new_max)
        else:
            n_best = stats.best.shape[2]
            # Scores are compared before the gate, which only lowers them: so this skips no key that belongs in.
            if n_best > 0 and tile_max > stats.best_scores[n, t, n_best - 1]:
                candidates = scores[ROWS + 1][:valid]
                copy(candidates, weights)
                if stats.gated and is_gated:
                    apply_log_gate(candidates, first, arrays.centre[n, t], arrays.sharpness)
                insert_best(stats.best_scores[n, t], stats.best[n, t], candidates, first)
            added, moment = _weigh_with_moment(weights, new_max)
            stats.moments[n, t] = moment + moved_moment(stats.moments[n, t], total, old_max, new_max)
        total = total * shrink + added
        outputs.row_max[n, t], outputs.row_scale[n, t] = new_max, total
        for c in range(context.shape[0]):
            context[c] *= shrink
        if stats is not None and stats.drawn.shape[0] > 0:
            key = draw_key(weights, stats.seed, n * stats.drawn.shape[1] + t, first, added, total)
            stats.drawn[n, t] = key if key >= 0 else stats.drawn[n, t]
        # The gate comes after the sums: weights are normalised without it, and not again (Luong et al. 2015, eq. 10).
        if is_gated:
            apply_gate(weights, first, arrays.centre[n, t], arrays.sharpness)
        if stats is not None and stats.mass.shape[0] > 0:
            add_block_mass(block_sums[r], weights, first, stats.edges, shrink)


@inlined
def _clear(context, row_max, row_sum):
    """Before any key is seen."""
    for r in range(context.shape[0]):
        row_max[r], row_sum[r] = LOWEST, f32(0)
        for c in range(context.shape[1]):
            context[r, c] = f32(0)


@inlined
def _weigh(scores, new_max):
    """Turns a row of scores into weights relative to the highest so far; returns their sum."""
    # Nothing was seen yet: masked scores equal the maximum, and exp(0) would give each weight 1. A NaN is not a masked
    # key, and has to reach the sum.
    if new_max == LOWEST and not _any_nan(scores):
        fill(scores, f32(0))
        return f32(0)
    added = f32(0)
    for j in range(scores.shape[0]):
        weight = exp(scores[j] - new_max)
        scores[j] = weight
        added += weight
    return added


@inlined
def _weigh_with_moment(scores, new_max):
    """The same; returns the sum of ``weight (score - new_max)`` as well, from which the entropy follows."""
    added, moment = f32(0), f32(0)
    if new_max == LOWEST and not _any_nan(scores):
        fill(scores, f32(0))
    else:
        for j in range(scores.shape[0]):
            away = scores[j] - new_max
            weight = exp(away)
            scores[j] = weight
            added += weight
            moment += weight * away
    return added, moment


@inlined
def _any_nan(scores):
    for j in range(scores.shape[0]):  # noqa: SIM110 - numba takes no generators
        if scores[j] != scores[j]:
            return True
    return False


@inlined
def _finish(context, row_max, row_sum):
    """Divides by the sums, and turns these into scales."""
    for r in range(context.shape[0]):
        # A query that saw no key keeps scale 0, from which the backward pass makes weights of 0.
        if row_sum[r] == f32(0):
            row_max[r] = f32(0)
            continue
        row_sum[r] = f32(1) / row_sum[r]
        for c in range(context.shape[1]):
            context[r, c] *= row_sum[r]
