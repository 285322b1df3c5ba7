"""The forward pass: contexts and what each row's weights are relative to, by tiles with a running softmax.

Source: Milakov & Gimelshein 2018 (arXiv:1805.02867) for the running softmax; Dao et al. 2022 (arXiv:2205.14135).
"""

import numpy as np

from heedful.kernel.cpu.jit import LOWEST, compiled, entry, exp, f32
from heedful.kernel.cpu.micro import add_product
from heedful.kernel.cpu.tiles import KEYS, ROWS, gate, highest, reach, score_tile

@entry
def forward(arrays, first, last, out, tops, scales):
    """Writes the contexts of tiles `first` to `last`, counted through all rows of the batch.

    With `tops`, each row's highest score, and `scales` a weight is ``exp(score - top) * scale``; a row that sees nothing
    has scale 0. The two are kept apart, since their sum, the usual log-sum-exp, would round off what a weight is made of.
    Shapes: out [N, T, V], tops and scales [N, T].
    """
    queries = arrays.x.shape[1]
    tiles = (queries + ROWS - 1) // ROWS
    scores, lanes = np.empty((ROWS + 2, KEYS), np.float32), np.empty(16, np.float32)
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
            columns = min(KEYS, high - key)
            score_tile(arrays, n, row, rows, key, columns, scores)
            for r in range(rows):
                _weigh(scores[r], columns, lanes, top, total, r, context[r])
                if arrays.centre.shape[0] > 0:
                    gate(arrays.centre[n, row + r], arrays.sharpness, key, columns, scores[r])
            add_product(context, scores, value[key : key + columns], rows, columns, 0, context.shape[1])
        _finish(context, top, total)


@compiled
def _weigh(scores, columns, lanes, tops, sums, r, context):
    """Turns a row of scores into weights relative to the highest so far, and what was summed before with it."""
    top = highest(scores, columns, lanes)
    if top == LOWEST and not _any_nan(scores, columns):
        scores[:columns] = f32(0)
        return
    new = top if top > tops[r] else tops[r]
    shrink = exp(tops[r] - new)
    total = f32(0)
    for j in range(columns):
        weight = exp(scores[j] - new)
        scores[j] = weight
        total += weight
    sums[r] = sums[r] * shrink + total
    tops[r] = new
    for c in range(context.shape[0]):
        context[c] *= shrink


@compiled
def _any_nan(scores, columns):
    for j in range(columns):
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
