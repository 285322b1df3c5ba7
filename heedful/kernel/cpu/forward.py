"""The forward pass: contexts and what each row's weights are relative to, by tiles with a running softmax.

Source: Milakov & Gimelshein 2018 (arXiv:1805.02867) for the running softmax; Dao et al. 2022 (arXiv:2205.14135).
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba finds the types of loops out by itself.

import numpy as np

from heedful.kernel.cpu.jit import LOWEST, compiled, entry, exp, f32
from heedful.kernel.cpu.micro import LANES, add_product
from heedful.kernel.cpu.tiles import KEYS, ROWS, Tile, gate, highest, reach, real_keys, score_tile


@entry
def forward(arrays, first, last, out, tops, scales):
    """Writes the contexts of tiles `first` to `last`, counted through all rows of the batch.

    With `tops`, each row's highest score, and `scales` a weight is ``exp(score - top) * scale``; a row that sees
    nothing has scale 0. They are kept apart: in their sum, the usual log-sum-exp, digits of the weights get lost.
    Shapes: out [N, T, V], tops and scales [N, T].
    """
    queries = arrays.x.shape[1]
    tiles = (queries + ROWS - 1) // ROWS
    scores, lanes = np.empty((ROWS + 2, KEYS), np.float32), np.empty(LANES, np.float32)
    for tile in range(first, last):
        n, row = tile // tiles, tile % tiles * ROWS
        rows = min(ROWS, queries - row)
        context = out[n, row : row + rows]
        context[:] = f32(0)
        top, total = tops[n, row : row + rows], scales[n, row : row + rows]
        top[:] = LOWEST
        total[:] = f32(0)
        value = arrays.value[arrays.group[n]]
        low, high = reach(arrays, n, row, rows)
        for key in range(low, high, KEYS):
            part = Tile(n, row, rows, key, min(KEYS, high - key))
            score_tile(arrays, part, scores)
            for r in range(rows):
                weights = scores[r][: part.columns]
                top[r], total[r], shrink = _weigh(weights, lanes, top[r], total[r])
                for c in range(context.shape[1]):
                    context[r, c] *= shrink
                if arrays.centre.shape[0] > 0:
                    gate(weights, key, arrays.centre[n, row + r], arrays.sharpness)
            real = real_keys(arrays, part)
            add_product(context, scores, value[key : key + real], rows, real, 0, context.shape[1])
        _finish(context, top, total)


@compiled
def _weigh(scores, lanes, top, total):
    """Turns a row of scores into weights relative to the highest so far.

    Returns: the new highest, the new sum, and what all that was summed before is to be multiplied by.
    """
    best = highest(scores, lanes)
    if best == LOWEST and not _any_nan(scores):
        scores[:] = f32(0)
        return top, total, f32(1)
    best = best if best > top else top
    added = f32(0)
    for j in range(scores.shape[0]):
        weight = exp(scores[j] - best)
        scores[j] = weight
        added += weight
    shrink = exp(top - best)
    return best, total * shrink + added, shrink


@compiled
def _any_nan(scores):
    for j in range(scores.shape[0]):  # noqa: SIM110 - numba takes no generators
        if scores[j] != scores[j]:
            return True
    return False


@compiled
def _finish(context, tops, sums):
    """Divides by the sums, and turns these into scales."""
    for r in range(context.shape[0]):
        if sums[r] == f32(0):
            tops[r] = f32(0)
            continue
        sums[r] = f32(1) / sums[r]
        for c in range(context.shape[1]):
            context[r, c] *= sums[r]
