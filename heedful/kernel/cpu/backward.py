"""The backward pass: scores are computed again tile by tile, weights come from what was saved of each row.

With ``D = sum_s P dP`` of a row, ``dL/ds = P (dP - D)`` where ``dP = <dL/dout, value>``, times the gate where there is
one. Where all keys of a row lie in one tile D is that very sum, so that for weights near 0 and 1 the difference is
exact; else it is ``<dL/dout, out>``, which is the same but for rounding.
Source: Dao et al. 2022, algorithm 4 (arXiv:2205.14135).
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba finds the types of loops out by itself.

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.additive import Totals, direct_gradients, factored_gradients, step_gradients
from heedful.kernel.cpu.jit import compiled, entry, exp, f32
from heedful.kernel.cpu.micro import add_product, add_product_of_transposed
from heedful.kernel.cpu.tiles import FACTORED, INNER, KEYS, ROWS, STEP, Tile, gate, reach, real_keys, score_tile


class Slopes(NamedTuple):
    """What comes in from above, and what is kept of the forward pass for it. All C-contiguous float32."""

    out: Any  # [N, T, V]: dL/dout
    contexts: Any  # [N, T, V]: out itself
    tops: Any  # [N, T]: each row's highest score
    scales: Any  # [N, T]: a weight is exp(score - top) * scale
    keys: Any  # [G, S, F]: the keys' features in rows, of the inner form
    values: Any  # [G, V, S and padding]: the values transposed; of the step form empty


class Sums(NamedTuple):
    """Where gradients are added up, float32 and zero at first; what rows share has sums for each part of the work."""

    x: Any  # [N, T, F]
    y: Any  # [P, F, S and padding], or [P, S, F] of the inner form and the step form
    value: Any  # [P, S, V]
    weight: Any  # [P, F]
    centre: Any  # [N or 0, T]


class Work(NamedTuple):
    """How the backward pass is shared out: a part p takes tiles ``range(parts[p, 1], parts[p, 2], parts[p, 3])``.

    They are counted through the rows of one group, which are ``members[parts[p, 0]]`` and those after it.
    """

    parts: Any  # int64 [P, 4]
    members: Any  # int64 [N]: the rows of the batch, group by group


@entry
def backward(arrays, slopes, sums, work, first, last):
    """Adds the gradients of parts `first` to `last`; see `Work`."""
    queries = arrays.x.shape[1]
    tiles = (queries + ROWS - 1) // ROWS
    scores, inner = np.empty((ROWS + 2, KEYS), np.float32), np.empty((ROWS + 2, KEYS), np.float32)
    for part in range(first, last):
        own = work.parts[part]
        for number in range(own[1], own[2], own[3]):
            n, row = work.members[own[0] + number // tiles], number % tiles * ROWS
            rows = min(ROWS, queries - row)
            low, high = reach(arrays, n, row, rows)
            for key in range(low, high, KEYS):
                tile = Tile(n, row, rows, key, min(KEYS, high - key))
                score_tile(arrays, tile, scores)
                _slopes_of_scores(arrays, slopes, sums, tile, scores, inner, tile.columns == high - low)
                above = slopes.out[n, row : row + rows]
                real = real_keys(arrays, tile)
                add_product_of_transposed(sums.value[part], scores, above, rows, key, real, above.shape[1])
                _features(arrays, slopes, sums, tile, inner, part)


@compiled
def _slopes_of_scores(arrays, slopes, sums, tile, weights, inner, whole):
    """Turns scores into weights, gated if there is a gate, and leaves ``dL/dscores`` in `inner`."""
    above, gated = slopes.out[tile.n, tile.row : tile.row + tile.rows], arrays.centre.shape[0] > 0
    for r in range(tile.rows + 1):
        inner[r][: tile.columns] = f32(0)
    values = slopes.values[arrays.group[tile.n]]
    if arrays.form == STEP:
        _meet(inner, above, arrays.value[arrays.group[tile.n]][tile.first : tile.first + real_keys(arrays, tile)])
    else:
        add_product(inner, above, values, tile.rows, above.shape[1], tile.first, tile.columns)
    for r in range(tile.rows):
        own, outer, t = weights[r][: tile.columns], inner[r][: tile.columns], tile.row + r
        top, scale = slopes.tops[tile.n, t], slopes.scales[tile.n, t]
        for j in range(tile.columns):
            own[j] = exp(own[j] - top) * scale
        if gated:
            sums.centre[tile.n, t] += _gate(own, outer, tile.first, arrays.centre[tile.n, t], arrays.sharpness)
        else:
            for j in range(tile.columns):
                outer[j] *= own[j]
        across = _sum(outer) if whole else _product(above[r], slopes.contexts[tile.n, t])
        for j in range(tile.columns):
            outer[j] -= own[j] * across
        if gated:
            gate(own, tile.first, arrays.centre[tile.n, t], arrays.sharpness)


@compiled
def _sum(numbers):
    total = f32(0)
    for j in range(numbers.shape[0]):
        total += numbers[j]
    return total


@compiled
def _product(a, b):
    total = f32(0)
    for j in range(a.shape[0]):
        total += a[j] * b[j]
    return total


@compiled
def _meet(inner, above, values):
    """``inner[:rows, :keys] = above @ values.T``, with the values of a tile's keys in rows."""
    for r in range(above.shape[0]):
        for j in range(values.shape[0]):
            inner[r, j] = _product(above[r], values[j])


@compiled
def _gate(weights, outer, first, centre, sharpness):
    """Multiplies a row of dP by its gated weights; returns the gradient of the gate's centre."""
    slope = f32(0)
    for j in range(weights.shape[0]):
        away = f32(first + j) - centre
        outer[j] *= weights[j] * exp(-away * away * sharpness)
        slope += outer[j] * away
    return f32(2) * sharpness * slope


@compiled
def _features(arrays, slopes, sums, tile, inner, part):
    """Adds the gradients of a tile's features, and of the tanh form's weight."""
    x, y = arrays.x[tile.n, tile.row : tile.row + tile.rows], arrays.y[arrays.group[tile.n]]
    totals = Totals(sums.x[tile.n, tile.row : tile.row + tile.rows], sums.y[part], sums.weight[part])
    if arrays.form == INNER:
        real = real_keys(arrays, tile)
        keys = slopes.keys[arrays.group[tile.n], tile.first : tile.first + real]
        add_product(totals.x, inner, keys, tile.rows, real, 0, x.shape[1])
        add_product_of_transposed(totals.y, inner, x, tile.rows, tile.first, real, x.shape[1])
    elif arrays.form == STEP:
        step_gradients(inner, x, y, tile, totals)
    elif arrays.form == FACTORED:
        factored_gradients(inner, x, y, tile, totals)
    else:
        direct_gradients(inner, x, y, tile, totals)
