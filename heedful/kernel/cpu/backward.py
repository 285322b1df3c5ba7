"""The backward pass: scores are computed again tile by tile, weights come from what was saved of each row.

With ``D = sum_s P dP`` of a row, ``dL/ds = P (dP - D)`` where ``dP = <dL/dout, value>``, times the gate where there is
one. Where all keys of a row lie in one tile D is that very sum, so that for weights near 0 and 1 the difference is
exact; else it is ``<dL/dout, out>``, which is the same but for rounding.
Source: Dao et al. 2022, algorithm 4 (arXiv:2205.14135).
"""

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.additive import direct_gradients, factored_gradients
from heedful.kernel.cpu.jit import compiled, entry, exp, f32
from heedful.kernel.cpu.micro import add_product, add_product_of_transposed
from heedful.kernel.cpu.tiles import FACTORED, INNER, KEYS, ROWS, gate, reach, score_tile


class Slopes(NamedTuple):
    """What comes in from above, and what is kept of the forward pass for it. All C-contiguous float32."""

    out: Any  # [N, T, V]: dL/dout
    across: Any  # [N, T]: D, the product of dL/dout and out
    tops: Any  # [N, T]: each row's highest score
    scales: Any  # [N, T]: a weight is exp(score - top) * scale
    keys: Any  # [G, S, F]: the keys' features in rows, of the inner form
    values: Any  # [G, V, S]: the values transposed


class Sums(NamedTuple):
    """Where gradients are added up; each part of the work has its own sums for what its rows share. Float32, zero at first."""

    x: Any  # [N, T, F]
    y: Any  # [P, F, S], or [P, S, F] of the inner form
    value: Any  # [P, S, V]
    weight: Any  # [P, F]
    centre: Any  # [N or 0, T]


@entry
def backward(arrays, slopes, sums, parts, members, first, last):
    """Adds the gradients of parts `first` to `last`.

    A part holds every so-manieth tile of the rows of one group, which are `members` [N] from a place on. The columns of
    parts [P, 4] are that place, the part's first tile, the tile after its last, and the step.
    """
    queries = arrays.x.shape[1]
    tiles = (queries + ROWS - 1) // ROWS
    scores, inner = np.empty((ROWS + 2, KEYS), np.float32), np.empty((ROWS + 2, KEYS), np.float32)
    for part in range(first, last):
        for tile in range(parts[part, 1], parts[part, 2], parts[part, 3]):
            n, row = members[parts[part, 0] + tile // tiles], tile % tiles * ROWS
            rows = min(ROWS, queries - row)
            low, high = reach(arrays, n, row, rows)
            for key in range(low, high, KEYS):
                columns = min(KEYS, high - key)
                score_tile(arrays, n, row, rows, key, columns, scores)
                _slopes_of_scores(arrays, slopes, sums, n, row, rows, key, columns, scores, inner, part, columns == high - low)
                _features(arrays, slopes, sums, n, row, rows, key, columns, inner, part)


@compiled
def _slopes_of_scores(arrays, slopes, sums, n, row, rows, key, columns, weights, inner, part, whole):
    """Turns scores into weights, leaves ``dL/dscores`` in `inner`, and adds the gradient of the values."""
    above = slopes.out[n, row : row + rows]
    inner[: rows + 1, :columns] = f32(0)
    add_product(inner, above, slopes.values[arrays.group[n]], rows, above.shape[1], key, columns)
    for r in range(rows):
        own, outer, across = weights[r], inner[r], slopes.across[n, row + r]
        top, scale = slopes.tops[n, row + r], slopes.scales[n, row + r]
        for j in range(columns):
            own[j] = exp(own[j] - top) * scale
        gated = arrays.centre.shape[0] > 0
        if gated:
            sums.centre[n, row + r] += _gate(arrays.centre[n, row + r], arrays.sharpness, key, columns, own, outer)
        else:
            for j in range(columns):
                outer[j] *= own[j]
        if whole:
            across = f32(0)
            for j in range(columns):
                across += outer[j]
        for j in range(columns):
            outer[j] -= own[j] * across
        if gated:
            gate(arrays.centre[n, row + r], arrays.sharpness, key, columns, own)
    add_product_of_transposed(sums.value[part], weights, above, rows, key, columns, above.shape[1])


@compiled
def _gate(centre, sharpness, first, columns, weights, outer):
    """Multiplies a row of dP by its gated weights; returns the gradient of the gate's centre."""
    slope = f32(0)
    for j in range(columns):
        away = f32(first + j) - centre
        outer[j] *= weights[j] * exp(-away * away * sharpness)
        slope += outer[j] * away
    return f32(2) * sharpness * slope


@compiled
def _features(arrays, slopes, sums, n, row, rows, key, columns, inner, part):
    """Adds the gradients of a tile's features, and of the tanh form's weight."""
    x, x_sums = arrays.x[n, row : row + rows], sums.x[n, row : row + rows]
    group = arrays.group[n]
    if arrays.form == INNER:
        add_product(x_sums, inner, slopes.keys[group, key : key + columns], rows, columns, 0, x.shape[1])
        add_product_of_transposed(sums.y[part], inner, x, rows, key, columns, x.shape[1])
    elif arrays.form == FACTORED:
        factored_gradients(inner, x, arrays.y[group], rows, key, columns, x_sums, sums.y[part], sums.weight[part])
    else:
        direct_gradients(inner, x, arrays.y[group], rows, key, columns, x_sums, sums.y[part], sums.weight[part])
