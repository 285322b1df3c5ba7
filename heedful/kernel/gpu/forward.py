"""The forward pass: contexts, and the maximum and scale of each row's weights, by blocks with a running softmax.

Source: Milakov & Gimelshein 2018 (arXiv:1805.02867) for the running softmax; Dao et al. 2022 (arXiv:2205.14135).
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false, reportPossiblyUnboundVariable=false
# Triton infers the types of kernels' arguments.

from typing import Any, NamedTuple

import triton.language as tl

from heedful.kernel.gpu.jit import LOWEST, compiled, dot, entry
from heedful.kernel.gpu.stats import (
    added_moment,
    apply_log_gate,
    draw_key,
    insert_best,
    moved_moment,
    no_best,
    store_stats,
)
from heedful.kernel.gpu.tiles import (
    distance_to_centre,
    finite_keys,
    gate,
    lines_in_use,
    load_block,
    scores,
    visible_pairs,
)


class Outputs(NamedTuple):
    """What the forward pass writes: `SavedForBackward` without scores, which are always computed again."""

    output: Any  # float32 [N, T, V]; None where there are no values to weigh
    row_max: Any  # float32 [N, T]
    row_scale: Any  # float32 [N, T]


@entry
def forward(arrays, outputs, stats, tiles: tl.constexpr):
    """Writes the contexts of a block of queries, of as many columns as a block has.

    `stats` is None, or the `StatsBuffers` to write to. Programs of one block of queries differ in their columns of the
    values, and all of them compute the weights; the first writes what belongs to a row.
    """
    blocks = tl.cdiv(arrays.queries, tiles.rows)
    # 64 bits: offsets into large batches exceed 2^31.
    n = (tl.program_id(0) // blocks).to(tl.int64)
    rows = tl.program_id(0) % blocks * tiles.rows + tl.arange(0, tiles.rows)
    columns = tl.program_id(1) * tiles.depth + tl.arange(0, tiles.depth)
    inside, index = rows < arrays.queries, n * arrays.queries + rows
    # Rows beyond the last get an empty interval.
    start = tl.load(arrays.start + index, mask=inside, other=0)
    stop = tl.load(arrays.stop + index, mask=inside, other=0)
    low, high = key_range(arrays, start, stop, tiles)
    n_rows: tl.constexpr = tiles.rows
    depth: tl.constexpr = tiles.depth
    row_max, total = tl.full([n_rows], LOWEST, tl.float32), tl.zeros([n_rows], tl.float32)
    context = tl.zeros([n_rows, depth], tl.float32)
    if stats is not None:
        moment, drawn = tl.zeros([n_rows], tl.float32), tl.full([n_rows], -1, tl.int32)
        best_scores, best = no_best(tiles)
    for first in range(low, high, tiles.keys):
        keys = first + tl.arange(0, tiles.keys)
        visible, finite = visible_pairs(arrays, n, rows, keys, start, stop), finite_keys(arrays, n, keys)
        found = scores(arrays, n, rows, keys, tiles)
        weights, new_max = _weigh(found, visible, row_max)
        shrink = tl.exp(row_max - new_max)
        so_far = total * shrink + tl.sum(weights, 1)
        if stats is not None:
            moment = moved_moment(moment, total, row_max, new_max) + added_moment(found, weights, new_max)
            if stats.drawn is not None:
                key = draw_key(stats, weights, so_far, n, rows, first, keys)
                drawn = tl.where(key >= 0, key, drawn)
            if stats.best is not None:
                found = apply_log_gate(arrays, stats, found, index, inside, keys)
                best_scores, best = insert_best(found, visible, keys, best_scores, best)
        row_max = new_max
        # A row that sees a key with NaN or infinity gets a NaN total, and so NaN throughout, in the backward pass too.
        total = tl.where(tl.max((visible & ~finite[None, :]).to(tl.int32), 1) != 0, float("nan"), so_far)
        if outputs.output is not None:
            # The gate comes after the sums: weights are normalised without it (Luong et al. 2015, eq. 10).
            if arrays.centre is not None:
                weights *= gate(arrays, distance_to_centre(arrays.centre, index, inside, keys))
            lines = lines_in_use(visible & finite[None, :], 0, keys, arrays.keys)
            value = arrays.value + tl.load(arrays.group + n) * arrays.keys * arrays.depth
            values = load_block(value, lines, columns, arrays.keys, arrays.depth)
            context = context * shrink[:, None] + dot(weights.to(values.dtype), values)
    # A row that saw no key has total 0: its scale is 0, from which the backward pass makes weights of 0.
    row_scale = tl.where(total == 0.0, 0.0, 1.0 / tl.where(total == 0.0, 1.0, total))
    if outputs.output is not None:
        stored = inside[:, None] & (columns < arrays.depth)[None, :]
        output = outputs.output + index[:, None] * arrays.depth + columns[None, :]
        tl.store(output, context * row_scale[:, None], mask=stored)
    if tl.program_id(1) == 0:
        tl.store(outputs.row_max + index, tl.where(total == 0.0, 0.0, row_max), mask=inside)
        tl.store(outputs.row_scale + index, row_scale, mask=inside)
        if stats is not None:
            store_stats(stats, index, inside, moment, drawn, best_scores, best)


@compiled
def key_range(arrays, start, stop, tiles: tl.constexpr):
    """The first key that a block's queries may see, at the edge of a block of keys, and the key after the last."""
    # A query that sees nothing has stop == start at any place: it must not widen the range.
    low = tl.min(tl.where(stop > start, start, arrays.keys))
    return low // tiles.keys * tiles.keys, tl.max(tl.where(stop > start, stop, 0))


@compiled
def _weigh(found, visible, row_max):
    """A block's weights relative to the highest score so far, and that score."""
    # A comparison with NaN is false: a NaN score is no maximum, but it makes its own weight NaN.
    numbers = tl.where(visible & (found >= LOWEST), found, LOWEST)
    new_max = tl.maximum(row_max, tl.max(numbers, 1))
    return tl.exp(tl.where(visible, found - new_max[:, None], LOWEST)), new_max
