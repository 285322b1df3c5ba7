"""The tanh form on a tile of queries and keys, without a tanh.

With ``A = e^(2x)`` and ``B = e^(2y)``, one number for each query's channel and one for each key's, and ``p = A B``:
``tanh(x + y) = (p - 1) / (p + 1) = 1 - 2 / (1 + p)``, so no loop over pairs holds a transcendental function. Scores
take ``h = (p - 1) / 2``, which one fused multiply-add computes with one rounding, so that ``tanh = h / (h + 1)``.
Divisions are merged, four channels at a time; two channels h and k of weights v and w make

    v tanh + w tanh = (h (v (k + 1) + w k) + w k) / (h (k + 1) + (k + 1))

There are three versions of each loop:

- `factored`: the one above, the fastest;
- `direct`: computes ``e^(2(x + y))`` for each pair, for features so far apart that A or B would overflow;
- `step`: runs along channels, with the keys in rows as they come, for the one or two queries of a decoder's step.

Channels come in multiples of four, padded with weights of zero. Rows are taken in pairs: where their number is odd, the
loops write to the row after the last of `scores`, and read the row after the last of `grad_scores`, which must be zero.
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba infers the types of the loops' arguments.

from typing import Any, NamedTuple

from heedful.kernel.cpu.jit import compiled, exp, f32, inlined, ordered

_MAX_FACTOR = f32(2.0**24)
"""Larger factors are replaced by this: tanh is then 1 to within half a unit in the last place of float32, and a product
of four denominators stays near 2^96, below the largest float32."""
_MAX_EXPONENT = f32(30.0)
"""Larger exponents are replaced by this: 1 / (1 + e^30) is 1e-13, which is lost beside 1 in float32."""


class FeatureGrads(NamedTuple):
    """Where the gradients of features and of the weight are added up."""

    x: Any  # [rows, F]
    y: Any  # [F, S], or [S, F] of the inner form and the step form
    weight: Any  # [F]


@inlined
def _clamped(factor):
    # Written as a comparison that is false for NaN: a NaN passes through and marks its row, where min() could drop it.
    return _MAX_FACTOR if factor > _MAX_FACTOR else factor


@inlined
def _half(half_a, b):
    """``h = (p - 1) / 2`` of ``p = A B``, from ``A / 2``: one fused multiply-add, rounded once."""
    return _clamped(half_a * b - f32(0.5))


@inlined
def _merged(h0, h1, h2, h3, weights):
    """The weighted sum of four tanh in one division.

    Each pair of channels is a fraction by the formula at the top of this file; the two fractions N / D and M / E then
    make (N E + M D) / (D E).
    """
    w0, w1, w2, w3 = weights
    left, right = h1 + f32(1), h3 + f32(1)
    left_term, right_term = w1 * h1, w3 * h3
    left_top, right_top = h0 * (w0 * left + left_term) + left_term, h2 * (w2 * right + right_term) + right_term
    left_over, right_over = h0 * left + left, h2 * right + right
    return (left_top * right_over + right_top * left_over) / (left_over * right_over)


@compiled
def factored_scores(form, scores, x, y, tile):
    """Adds to ``scores[rows, columns]`` those of a tile's rows of A ``x [rows, F]`` and columns of B ``y [F, S]``."""
    first, last = tile.first, tile.first + tile.columns
    weight = form.weight
    # Channels are the outer loop: four rows of keys stay in the nearest cache while all queries of the tile pass by.
    for c in range(0, weight.shape[0], 4):
        weights = weight[c], weight[c + 1], weight[c + 2], weight[c + 3]
        y0, y1, y2, y3 = y[c][first:last], y[c + 1][first:last], y[c + 2][first:last], y[c + 3][first:last]
        # Two queries at a time, so that a key's number, once loaded, is used twice. Of an odd number of rows the last
        # is computed twice, and its copy lands in the row after the last.
        for row in range(0, tile.rows, 2):
            a, b = x[row], x[min(row + 1, tile.rows - 1)]
            a0, a1, a2, a3 = f32(0.5) * a[c], f32(0.5) * a[c + 1], f32(0.5) * a[c + 2], f32(0.5) * a[c + 3]
            b0, b1, b2, b3 = f32(0.5) * b[c], f32(0.5) * b[c + 1], f32(0.5) * b[c + 2], f32(0.5) * b[c + 3]
            upper, lower = scores[row], scores[row + 1]
            for j in range(tile.columns):
                k0, k1, k2, k3 = y0[j], y1[j], y2[j], y3[j]
                upper[j] += _merged(_half(a0, k0), _half(a1, k1), _half(a2, k2), _half(a3, k3), weights)
                lower[j] += _merged(_half(b0, k0), _half(b1, k1), _half(b2, k2), _half(b3, k3), weights)


@compiled
def factored_gradients(form, grad_scores, x, y, tile, grads):
    """Adds to `grads` what a tile's ``g = dL / dscores`` give: ``g r (1 - r)`` for x and y, ``g r`` for the weight.

    With ``r = 1 / (1 + p)``: ``dL/dx = 4 w sum_s g r (1 - r)`` and ``dL/dw = -2 sum g r``. The factors 4 w and -2 are
    applied at the end, once a channel. That sum for the weight leaves out ``sum g``, which is 0 through a softmax.
    Shapes: grad_scores [rows + 1, columns], grads.x [rows, F], grads.y [F, S], grads.weight [F].
    """
    for c in range(y.shape[0]):
        keys, sums = y[c][tile.first : tile.first + tile.columns], grads.y[c][tile.first : tile.first + tile.columns]
        all_rows = f32(0)
        for row in range(0, tile.rows, 2):
            # Of an odd number of rows the last is paired with itself. Its partner's gradients are the zeros of the row
            # after the last, so that they add nothing to grads.x[second, c], which is the same number.
            second = min(row + 1, tile.rows - 1)
            a, b = x[row, c], x[second, c]
            upper, lower = grad_scores[row], grad_scores[row + 1]
            upper_sum, lower_sum = f32(0), f32(0)
            for j in range(tile.columns):
                # Two queries share one division: 1/u = v / (u v).
                u, v = _clamped(a * keys[j] + f32(1)), _clamped(b * keys[j] + f32(1))
                inverse = f32(1) / (u * v)
                r, q = v * inverse, u * inverse
                g, h = upper[j] * r, lower[j] * q
                all_rows += g + h
                g, h = g - g * r, h - h * q
                upper_sum += g
                lower_sum += h
                sums[j] += g + h
            grads.x[row, c] += upper_sum
            grads.x[second, c] += lower_sum
        grads.weight[c] += all_rows


@inlined
def _reciprocal(x, y):
    """``1 / (1 + e^(2(x + y)))``; a NaN stays one."""
    z = f32(2) * (x + y)
    # Comparisons and not min and max: see `_clamped`.
    z = _MAX_EXPONENT if z > _MAX_EXPONENT else z
    z = -_MAX_EXPONENT if z < -_MAX_EXPONENT else z
    return f32(1) / (f32(1) + exp(z))


@inlined
def _tanh(x, y):
    return f32(1) - f32(2) * _reciprocal(x, y)


@ordered
def _sum_of_four(a, b, c, d):
    """A sum of four on its own: were each added to the sum of all channels, it would round four times as often."""
    return (a + b) + (c + d)


@compiled
def direct_scores(form, scores, x, y, tile):
    """As `factored_scores`, from the features themselves."""
    first, last = tile.first, tile.first + tile.columns
    for c in range(0, form.weight.shape[0], 4):
        v0, v1, v2, v3 = form.weight[c], form.weight[c + 1], form.weight[c + 2], form.weight[c + 3]
        y0, y1, y2, y3 = y[c][first:last], y[c + 1][first:last], y[c + 2][first:last], y[c + 3][first:last]
        for row in range(tile.rows):
            x0, x1, x2, x3 = x[row, c], x[row, c + 1], x[row, c + 2], x[row, c + 3]
            sums = scores[row]
            for j in range(tile.columns):
                t0, t1, t2, t3 = _tanh(x0, y0[j]), _tanh(x1, y1[j]), _tanh(x2, y2[j]), _tanh(x3, y3[j])
                sums[j] += _sum_of_four(v0 * t0, v1 * t1, v2 * t2, v3 * t3)


@compiled
def direct_gradients(form, grad_scores, x, y, tile, grads):
    """As `factored_gradients`, from the features themselves."""
    for c in range(y.shape[0]):
        keys, sums = y[c][tile.first : tile.first + tile.columns], grads.y[c][tile.first : tile.first + tile.columns]
        for row in range(tile.rows):
            a, row_grads = x[row, c], grad_scores[row]
            row_sum, weight_sum = f32(0), f32(0)
            for j in range(tile.columns):
                r = _reciprocal(a, keys[j])
                g = row_grads[j] * r
                weight_sum += g
                g = g - g * r
                row_sum += g
                sums[j] += g
            grads.x[row, c] += row_sum
            grads.weight[c] += weight_sum


@compiled
def step_scores(form, scores, x, y, tile):
    """As `direct_scores`, with the keys in rows ``y [S, F]``: few queries do not repay a transposed copy."""
    for row in range(tile.rows):
        query, sums = x[row], scores[row]
        # Rows of keys are not padded to whole vectors, so the last tile ends at the last key.
        for j in range(min(tile.columns, y.shape[0] - tile.first)):
            key, total = y[tile.first + j], f32(0)
            for c in range(form.weight.shape[0]):
                total += form.weight[c] * _tanh(query[c], key[c])
            sums[j] = total


@compiled
def step_gradients(form, grad_scores, x, y, tile, grads):
    """As `direct_gradients`, with the keys and their gradients in rows ``[S, F]``."""
    for row in range(tile.rows):
        query, query_sums = x[row], grads.x[row]
        for j in range(min(tile.columns, y.shape[0] - tile.first)):
            grad, key, key_sums = grad_scores[row, j], y[tile.first + j], grads.y[tile.first + j]
            for c in range(y.shape[1]):
                r = _reciprocal(query[c], key[c])
                g = grad * r
                grads.weight[c] += g
                g = g - g * r
                query_sums[c] += g
                key_sums[c] += g
