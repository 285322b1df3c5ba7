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

from heedful.kernel.cpu.additive import Totals
from heedful.kernel.cpu.forms import add_gradients, meet
from heedful.kernel.cpu.jit import LOWEST, compiled, entry, exp, f32, inlined
from heedful.kernel.cpu.micro import add_product_of_transposed
from heedful.kernel.cpu.tiles import KEYS, ROWS, Tile, copy, fill, gate, reach, real_keys, score_tile


class Slopes(NamedTuple):
    """What comes in from above, and what is kept of the forward pass for it. All C-contiguous float32."""

    out: Any  # [N, T, V]: dL/dout
    contexts: Any  # [N, T, V]: out itself
    tops: Any  # [N, T]: each row's highest score
    scales: Any  # [N, T]: a weight is exp(score - top) * scale
    scores: Any  # [N or 0, T, S]: the scores, if they were kept
    tilts: Any  # [N or 0, T, 2]: of a row's log-sum-exp and entropy, see `operators.tilts`
    keys: Any  # the keys' features: [G, S, F] of the inner form, else as the forward pass has them
    values: Any  # [G, V, S and padding]: the values transposed; of the step form in rows


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
            group, above = arrays.group[n], slopes.out[n, row : row + rows]
            x, keys = arrays.x[n, row : row + rows], slopes.keys[group]
            totals = Totals(sums.x[n, row : row + rows], sums.y[part], sums.weight[part])
            low, high = reach(arrays, n, row, rows)
            for key in range(low, high, KEYS):
                tile = Tile(n, row, rows, key, min(KEYS, high - key))
                real = real_keys(arrays, tile)
                if slopes.scores.shape[0] > 0:
                    _recall(slopes.scores, tile, real, scores)
                else:
                    score_tile(arrays, tile, scores)
                for r in range(rows + 1):
                    fill(inner[r][: tile.columns], f32(0))
                meet(arrays.form, inner, above, slopes.values[group], tile, real)
                _slopes_of_scores(arrays, slopes, sums, tile, scores, inner, tile.columns == high - low)
                add_product_of_transposed(sums.value[part], scores, above, rows, key, real, above.shape[1])
                add_gradients(arrays.form, inner, x, keys, tile, totals)


@inlined
def _recall(kept, tile, real, scores):
    """Writes the kept scores of a tile; the padding after the last key is not seen."""
    for r in range(tile.rows):
        own = kept[tile.n, tile.row + r]
        copy(scores[r][:real], own[tile.first : tile.first + real])
        fill(scores[r][real : tile.columns], LOWEST)
    fill(scores[tile.rows][: tile.columns], f32(0))


@compiled
def _slopes_of_scores(arrays, slopes, sums, tile, weights, inner, whole):
    """Turns scores into weights, gated if there is a gate, and dP in `inner` into ``dL/dscores``."""
    above, gated = slopes.out[tile.n, tile.row : tile.row + tile.rows], arrays.centre.shape[0] > 0
    tilted, scores = slopes.tilts.shape[0] > 0, weights[tile.rows + 1]
    for r in range(tile.rows):
        own, outer, t = weights[r][: tile.columns], inner[r][: tile.columns], tile.row + r
        top, scale = slopes.tops[tile.n, t], slopes.scales[tile.n, t]
        if tilted:
            copy(scores[: tile.columns], own)
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
        if tilted:
            _tilt(own, outer, scores, top, slopes.tilts[tile.n, t])
        if gated:
            gate(own, tile.first, arrays.centre[tile.n, t], arrays.sharpness)


@inlined
def _tilt(weights, outer, scores, top, tilts):
    """Adds the slopes of a row's log-sum-exp and entropy, ``P (tilts[0] + tilts[1] (score - top))``."""
    for j in range(weights.shape[0]):
        slope = weights[j] * (tilts[0] + tilts[1] * (scores[j] - top))
        outer[j] += slope if weights[j] > f32(0) else f32(0)


@inlined
def _sum(numbers):
    total = f32(0)
    for j in range(numbers.shape[0]):
        total += numbers[j]
    return total


@inlined
def _product(a, b):
    total = f32(0)
    for j in range(a.shape[0]):
        total += a[j] * b[j]
    return total


@inlined
def _gate(weights, outer, first, centre, sharpness):
    """Multiplies a row of dP by its gated weights; returns the gradient of the gate's centre."""
    slope = f32(0)
    for j in range(weights.shape[0]):
        away = f32(first + j) - centre
        outer[j] *= weights[j] * exp(-away * away * sharpness)
        slope += outer[j] * away
    return f32(2) * sharpness * slope
