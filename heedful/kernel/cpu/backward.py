"""The backward pass: scores are computed again tile by tile, weights come from what was saved of each row.

With P a row's weights, dO the gradient of its output and ``dP = dO @ values.T`` (times the gate where there is one),
the gradient of its scores is ``dS = P (dP - delta)``, ``delta = sum_s P dP``.

Delta comes in two ways. Where all keys of a row lie in one tile it is that very sum, so that for weights near 1, where
dP and delta are nearly the same number, their difference is exact. Where they take several tiles the sum would need a
pass of its own; it is then ``<dO, O>``, which is equal but for rounding.

Source: Dao et al. 2022, algorithm 4 (arXiv:2205.14135).
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba infers the types of the loops' arguments.

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.additive import FeatureGrads
from heedful.kernel.cpu.forms import add_grad_weights, add_gradients
from heedful.kernel.cpu.jit import LOWEST, compiled, entry, exp, f32, inlined
from heedful.kernel.cpu.micro import add_product_of_transposed
from heedful.kernel.cpu.tiles import (
    KEYS,
    ROWS,
    Tile,
    apply_gate,
    copy,
    count_valid_keys,
    fill,
    key_range,
    score_tile,
)


class BackwardInputs(NamedTuple):
    """The output's gradient, and what the forward pass saved. All C-contiguous float32."""

    grad_output: Any  # [N, T, V]
    output: Any  # [N, T, V]
    row_max: Any  # [N, T]
    row_scale: Any  # [N, T]: a weight is exp(score - row_max) * row_scale
    scores: Any  # [N or 0, T, S]: the scores, if they were kept
    lse_entropy_grads: Any  # [N or 0, T, 2]: coefficients of `operators.lse_entropy_grads`
    keys: Any  # the keys' features: [G, S, F] of the inner form, else as the forward pass has them
    values: Any  # [G, V, S and padding]: the values transposed; of the step form in rows


class GradSums(NamedTuple):
    """Where gradients are added up, float32 and zero at first. What batch rows share has a sum for each part."""

    x: Any  # [N, T, F]
    y: Any  # [P, F, S and padding], or [P, S, F] of the inner form and the step form
    value: Any  # [P, S, V]
    weight: Any  # [P, F]
    centre: Any  # [N or 0, T]


class Work(NamedTuple):
    """How the backward pass is split among threads without locks.

    A query's gradients have one owner, but those of keys and values are shared by all rows of a group. So the tiles of
    a group are split into parts, each with sums of its own, which are added up at the end. Part p takes tiles
    ``range(parts[p, 1], parts[p, 2], parts[p, 3])``, counted through the rows of one group: ``members[parts[p, 0]]``
    and those after it. The split does not depend on which thread is free, so equal runs give equal sums.
    """

    parts: Any  # int64 [P, 4]
    members: Any  # int64 [N]: the rows of the batch, group by group


@entry
def backward(arrays, upstream, sums, work, first, last):
    """Adds the gradients of parts `first` to `last`; see `Work`. `upstream` is a `BackwardInputs`."""
    queries = arrays.x.shape[1]
    tiles = (queries + ROWS - 1) // ROWS
    # Two rows more than a tile has, as in the forward pass: one for the partner of an odd last query, one for a copy.
    scores, grad_scores = np.empty((ROWS + 2, KEYS), np.float32), np.empty((ROWS + 2, KEYS), np.float32)
    for part in range(first, last):
        share = work.parts[part]
        for number in range(share[1], share[2], share[3]):
            n, row = work.members[share[0] + number // tiles], number % tiles * ROWS
            rows = min(ROWS, queries - row)
            group, grad_output = arrays.group[n], upstream.grad_output[n, row : row + rows]
            x, keys = arrays.x[n, row : row + rows], upstream.keys[group]
            grads = FeatureGrads(sums.x[n, row : row + rows], sums.y[part], sums.weight[part])
            low, high = key_range(arrays, n, row, rows)
            for key in range(low, high, KEYS):
                tile = Tile(n, row, rows, key, min(KEYS, high - key))
                valid = count_valid_keys(arrays, tile)
                if upstream.scores.shape[0] > 0:
                    _load_scores(upstream.scores, tile, valid, scores)
                else:
                    score_tile(arrays, tile, scores)
                # This buffer holds dP first, and dS from `_score_gradients` on.
                for r in range(rows + 1):
                    fill(grad_scores[r][: tile.columns], f32(0))
                add_grad_weights(arrays.form, grad_scores, grad_output, upstream.values[group], tile, valid)
                _score_gradients(arrays, upstream, sums, tile, scores, grad_scores, tile.columns == high - low)
                # `scores` are gated weights by now: dV += P.T @ dO.
                add_product_of_transposed(sums.value[part], scores, grad_output, rows, key, valid, grad_output.shape[1])
                add_gradients(arrays.form, grad_scores, x, keys, tile, grads)


@inlined
def _load_scores(kept, tile, valid, scores):
    """Writes the kept scores of a tile; the padding after the last key is hidden."""
    for r in range(tile.rows):
        row_scores = kept[tile.n, tile.row + r]
        copy(scores[r][:valid], row_scores[tile.first : tile.first + valid])
        fill(scores[r][valid : tile.columns], LOWEST)
    fill(scores[tile.rows][: tile.columns], f32(0))


@compiled
def _score_gradients(arrays, upstream, sums, tile, weights, grad_scores, one_tile):
    """Turns scores into weights, gated if there is a gate, and dP in `grad_scores` into dS."""
    grad_output, gated = upstream.grad_output[tile.n, tile.row : tile.row + tile.rows], arrays.centre.shape[0] > 0
    has_lse_grads, scores = upstream.lse_entropy_grads.shape[0] > 0, weights[tile.rows + 1]
    for r in range(tile.rows):
        w, g, t = weights[r][: tile.columns], grad_scores[r][: tile.columns], tile.row + r
        row_max, row_scale = upstream.row_max[tile.n, t], upstream.row_scale[tile.n, t]
        if has_lse_grads:
            copy(scores[: tile.columns], w)
        for j in range(tile.columns):
            w[j] = exp(w[j] - row_max) * row_scale
        # From here g is P dP, the gate included.
        if gated:
            sums.centre[tile.n, t] += _multiply_gated(w, g, tile.first, arrays.centre[tile.n, t], arrays.sharpness)
        else:
            for j in range(tile.columns):
                g[j] *= w[j]
        delta = _sum(g) if one_tile else _dot(grad_output[r], upstream.output[tile.n, t])
        for j in range(tile.columns):
            g[j] -= w[j] * delta
        if has_lse_grads:
            _add_lse_entropy_grads(w, g, scores, row_max, upstream.lse_entropy_grads[tile.n, t])
        # The values' gradient takes gated weights, so the gate comes last: all above is about weights before it.
        if gated:
            apply_gate(w, tile.first, arrays.centre[tile.n, t], arrays.sharpness)


@inlined
def _add_lse_entropy_grads(weights, grad_scores, scores, row_max, coefficients):
    """Adds what the gradients of a row's log-sum-exp and entropy give, ``P (c[0] + c[1] (score - row_max))``."""
    for j in range(weights.shape[0]):
        grad = weights[j] * (coefficients[0] + coefficients[1] * (scores[j] - row_max))
        # A hidden key has weight 0 and a score near -3e38, and 0 times infinity is NaN.
        grad_scores[j] += grad if weights[j] > f32(0) else f32(0)


@inlined
def _sum(numbers):
    total = f32(0)
    for j in range(numbers.shape[0]):
        total += numbers[j]
    return total


@inlined
def _dot(a, b):
    total = f32(0)
    for j in range(a.shape[0]):
        total += a[j] * b[j]
    return total


@inlined
def _multiply_gated(weights, grad_weights, first, centre, sharpness):
    """Multiplies a row of dP by its gated weights; returns the gradient of the gate's centre.

    From ``G = exp(-(s - c)^2 sharpness)`` follows ``dG/dc = 2 sharpness (s - c) G``.
    """
    grad_centre = f32(0)
    for j in range(weights.shape[0]):
        distance = f32(first + j) - centre
        grad_weights[j] *= weights[j] * exp(-distance * distance * sharpness)
        grad_centre += grad_weights[j] * distance
    return f32(2) * sharpness * grad_centre
