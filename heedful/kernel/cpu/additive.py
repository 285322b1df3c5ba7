"""The tanh form on a tile of queries and keys, without a tanh.

With ``A = e^(2x)`` and ``B = e^(2y)``, one number a query's channel and one a key's, and ``p = A B``:
``tanh(x + y) = (p - 1) / (p + 1) = 1 - 2 / (1 + p)``, so no loop over pairs holds a transcendental function. Scores
take ``h = (p - 1) / 2``, which one multiplication and addition makes with one rounding, so that ``tanh = h / (h + 1)``.
They merge divisions, four channels at a time; two channels h and k of weights v and w make

    v tanh + w tanh = (h (v (k + 1) + w k) + w k) / (h (k + 1) + (k + 1))

`direct` loops compute ``e^(2(x + y))`` for each pair instead; they serve features so far apart that A and B would not
be numbers, and, as `step` loops along channels, a decoder's single queries.

Channels come in fours, padded with weights of zero. Where rows are odd in number, the row after the last of `scores` is
written to, and of `slopes` must be zero.
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba finds the types of loops out by itself.

from typing import Any, NamedTuple

from heedful.kernel.cpu.jit import compiled, exp, f32, inlined, ordered

_MOST = f32(2.0**24)
"""What is beyond this is this: tanh is then 1 but for rounding, and a product of four is still a number."""
_FURTHEST = f32(30.0)


class Totals(NamedTuple):
    """Where the gradients of features and of the weight are added up."""

    x: Any  # [rows, F]
    y: Any  # [F, S], or [S, F] of the inner form and the step form
    weight: Any  # [F]


@inlined
def _bounded(number):
    return _MOST if number > _MOST else number


@inlined
def _half(half_a, b):
    """``h = (p - 1) / 2`` of ``p = A B``."""
    return _bounded(half_a * b - f32(0.5))


@inlined
def _merged(h0, h1, h2, h3, weights):
    """The weighted sum of four tanh in one division."""
    w0, w1, w2, w3 = weights
    left, right = h1 + f32(1), h3 + f32(1)
    own, other = w1 * h1, w3 * h3
    left_top, right_top = h0 * (w0 * left + own) + own, h2 * (w2 * right + other) + other
    left_over, right_over = h0 * left + left, h2 * right + right
    return (left_top * right_over + right_top * left_over) / (left_over * right_over)


@compiled
def factored_scores(form, scores, x, y, tile):
    """Adds to ``scores[rows, columns]`` what a tile's rows of A ``x [rows, F]`` and columns of B ``y [F, S]`` score."""
    first, last = tile.first, tile.first + tile.columns
    weight = form.weight
    for c in range(0, weight.shape[0], 4):
        weights = weight[c], weight[c + 1], weight[c + 2], weight[c + 3]
        y0, y1, y2, y3 = y[c][first:last], y[c + 1][first:last], y[c + 2][first:last], y[c + 3][first:last]
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
def factored_gradients(form, slopes, x, y, tile, totals):
    """Adds to the totals what a tile's ``slopes = dL / dscores`` give: ``g r (1 - r)`` for x and y, ``g r`` for w.

    ``dL/dx = 4 w sum_s g r (1 - r)``, so the factor is left to the end, when it is one a channel.
    Shapes: slopes [rows + 1, columns], totals.x [rows, F], totals.y [F, S], totals.weight [F].
    """
    for c in range(y.shape[0]):
        keys, sums = y[c][tile.first : tile.first + tile.columns], totals.y[c][tile.first : tile.first + tile.columns]
        all_rows = f32(0)
        for row in range(0, tile.rows, 2):
            other = min(row + 1, tile.rows - 1)
            a, b = x[row, c], x[other, c]
            upper, lower = slopes[row], slopes[row + 1]
            upper_sum, lower_sum = f32(0), f32(0)
            for j in range(tile.columns):
                u, v = _bounded(a * keys[j] + f32(1)), _bounded(b * keys[j] + f32(1))
                inverse = f32(1) / (u * v)
                r, q = v * inverse, u * inverse
                g, h = upper[j] * r, lower[j] * q
                all_rows += g + h
                g, h = g - g * r, h - h * q
                upper_sum += g
                lower_sum += h
                sums[j] += g + h
            totals.x[row, c] += upper_sum
            totals.x[other, c] += lower_sum
        totals.weight[c] += all_rows


@inlined
def _reciprocal(x, y):
    """``1 / (1 + e^(2(x + y)))``; a NaN stays one."""
    z = f32(2) * (x + y)
    z = _FURTHEST if z > _FURTHEST else z
    z = -_FURTHEST if z < -_FURTHEST else z
    return f32(1) / (f32(1) + exp(z))


@inlined
def _tanh(x, y):
    return f32(1) - f32(2) * _reciprocal(x, y)


@ordered
def _by_twos(a, b, c, d):
    """A sum of four on its own: were each added to the sum of all channels, it would round four times as often."""
    return (a + b) + (c + d)


@compiled
def direct_scores(form, scores, x, y, tile):
    """As `factored_scores`, of the features themselves."""
    first, last = tile.first, tile.first + tile.columns
    for c in range(0, form.weight.shape[0], 4):
        v0, v1, v2, v3 = form.weight[c], form.weight[c + 1], form.weight[c + 2], form.weight[c + 3]
        y0, y1, y2, y3 = y[c][first:last], y[c + 1][first:last], y[c + 2][first:last], y[c + 3][first:last]
        for row in range(tile.rows):
            x0, x1, x2, x3 = x[row, c], x[row, c + 1], x[row, c + 2], x[row, c + 3]
            sums = scores[row]
            for j in range(tile.columns):
                t0, t1, t2, t3 = _tanh(x0, y0[j]), _tanh(x1, y1[j]), _tanh(x2, y2[j]), _tanh(x3, y3[j])
                sums[j] += _by_twos(v0 * t0, v1 * t1, v2 * t2, v3 * t3)


@compiled
def direct_gradients(form, slopes, x, y, tile, totals):
    """As `factored_gradients`, of the features themselves."""
    for c in range(y.shape[0]):
        keys, sums = y[c][tile.first : tile.first + tile.columns], totals.y[c][tile.first : tile.first + tile.columns]
        for row in range(tile.rows):
            a, own = x[row, c], slopes[row]
            row_sum, weight_sum = f32(0), f32(0)
            for j in range(tile.columns):
                r = _reciprocal(a, keys[j])
                g = own[j] * r
                weight_sum += g
                g = g - g * r
                row_sum += g
                sums[j] += g
            totals.x[row, c] += row_sum
            totals.weight[c] += weight_sum


@compiled
def step_scores(form, scores, x, y, tile):
    """As `direct_scores`, with the keys in rows ``y [S, F]``: for few queries, which repay no transposing."""
    for row in range(tile.rows):
        query, sums = x[row], scores[row]
        for j in range(min(tile.columns, y.shape[0] - tile.first)):
            key, total = y[tile.first + j], f32(0)
            for c in range(form.weight.shape[0]):
                total += form.weight[c] * _tanh(query[c], key[c])
            sums[j] = total


@compiled
def step_gradients(form, slopes, x, y, tile, totals):
    """As `direct_gradients`, with the keys and their gradients in rows ``[S, F]``."""
    for row in range(tile.rows):
        query, query_sums = x[row], totals.x[row]
        for j in range(min(tile.columns, y.shape[0] - tile.first)):
            slope, key, key_sums = slopes[row, j], y[tile.first + j], totals.y[tile.first + j]
            for c in range(y.shape[1]):
                r = _reciprocal(query[c], key[c])
                g = slope * r
                totals.weight[c] += g
                g = g - g * r
                query_sums[c] += g
                key_sums[c] += g
