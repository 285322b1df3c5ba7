"""The tanh form on a tile of queries and keys, without a tanh.

With ``A = e^(2x)`` and ``B = e^(2y)``, one number a query's channel and one a key's, ``tanh(x + y) = 1 - 2 / (1 + A B)``:
no loop over pairs holds a transcendental function. Divisions merge, four channels at a time. `direct` loops compute
``e^(2(x + y))`` for each pair instead; they serve features too far apart for A and B to be numbers.

What is added to the scores is ``-2 sum_c w_c r_c`` with ``r = 1 / (1 + A B)``; ``sum_c w_c`` is the same for all keys and
falls out of the softmax. Channels come in fours, padded with weights of zero. Where rows are odd in number, the row
after the last of `scores` is written to, and of `slopes` must be zero.
"""

from heedful.kernel.cpu.jit import compiled, exp, f32, inlined

_MOST = f32(2.0**30)
"""A denominator beyond this is this: tanh is then exactly 1, and a product of four is still a number."""
_FURTHEST = f32(30.0)


@inlined
def _bounded(u):
    return _MOST if u > _MOST else u


@inlined
def _merged(w0, w1, w2, w3, u0, u1, u2, u3):
    """``w0 / u0 + w1 / u1 + w2 / u2 + w3 / u3`` in one division."""
    left, right = u0 * u1, u2 * u3
    return ((w0 * u1 + w1 * u0) * right + (w2 * u3 + w3 * u2) * left) / (left * right)


@compiled
def factored_scores(scores, x, y, weight, rows, first, columns):
    """Adds to ``scores[rows, columns]`` what rows of A ``x [rows, F]`` and columns of B ``y [F, S]`` score."""
    last = first + columns
    for c in range(0, weight.shape[0], 4):
        w0, w1 = f32(-2) * weight[c], f32(-2) * weight[c + 1]
        w2, w3 = f32(-2) * weight[c + 2], f32(-2) * weight[c + 3]
        y0, y1, y2, y3 = y[c][first:last], y[c + 1][first:last], y[c + 2][first:last], y[c + 3][first:last]
        for row in range(0, rows, 2):
            a, b = x[row], x[min(row + 1, rows - 1)]
            a0, a1, a2, a3 = a[c], a[c + 1], a[c + 2], a[c + 3]
            b0, b1, b2, b3 = b[c], b[c + 1], b[c + 2], b[c + 3]
            upper, lower = scores[row], scores[row + 1]
            for j in range(columns):
                k0, k1, k2, k3 = y0[j], y1[j], y2[j], y3[j]
                u0, u1 = _bounded(f32(1) + a0 * k0), _bounded(f32(1) + a1 * k1)
                u2, u3 = _bounded(f32(1) + a2 * k2), _bounded(f32(1) + a3 * k3)
                upper[j] += _merged(w0, w1, w2, w3, u0, u1, u2, u3)
                u0, u1 = _bounded(f32(1) + b0 * k0), _bounded(f32(1) + b1 * k1)
                u2, u3 = _bounded(f32(1) + b2 * k2), _bounded(f32(1) + b3 * k3)
                lower[j] += _merged(w0, w1, w2, w3, u0, u1, u2, u3)


@compiled
def factored_gradients(slopes, x, y, rows, first, columns, x_sums, y_sums, weight_sums):
    """Adds to the sums what a tile's ``slopes = dL / dscores`` give: ``g r (1 - r)`` for x and y, ``g r`` for w.

    ``dL/dx = 4 w sum_s g r (1 - r)``, so the factor is left to the end, when it is one a channel.
    Shapes: slopes [rows + 1, columns], x_sums [rows, F], y_sums [F, S], weight_sums [F].
    """
    for c in range(y.shape[0]):
        keys, sums = y[c][first : first + columns], y_sums[c][first : first + columns]
        all_rows = f32(0)
        for row in range(0, rows, 2):
            other = min(row + 1, rows - 1)
            a, b = x[row, c], x[other, c]
            upper, lower = slopes[row], slopes[row + 1]
            upper_sum, lower_sum = f32(0), f32(0)
            for j in range(columns):
                u, v = _bounded(f32(1) + a * keys[j]), _bounded(f32(1) + b * keys[j])
                inverse = f32(1) / (u * v)
                r, q = v * inverse, u * inverse
                g, h = upper[j] * r, lower[j] * q
                all_rows += g + h
                g, h = g - g * r, h - h * q
                upper_sum += g
                lower_sum += h
                sums[j] += g + h
            x_sums[row, c] += upper_sum
            x_sums[other, c] += lower_sum
        weight_sums[c] += all_rows


@inlined
def _reciprocal(x, y):
    """``1 / (1 + e^(2(x + y)))``; a NaN stays one."""
    z = f32(2) * (x + y)
    z = _FURTHEST if z > _FURTHEST else z
    z = -_FURTHEST if z < -_FURTHEST else z
    return f32(1) / (f32(1) + exp(z))


@compiled
def direct_scores(scores, x, y, weight, rows, first, columns):
    """As `factored_scores`, of the features themselves."""
    for row in range(rows):
        sums = scores[row]
        for c in range(weight.shape[0]):
            a, w, keys = x[row, c], f32(-2) * weight[c], y[c][first : first + columns]
            for j in range(columns):
                sums[j] += w * _reciprocal(a, keys[j])


@compiled
def direct_gradients(slopes, x, y, rows, first, columns, x_sums, y_sums, weight_sums):
    """As `factored_gradients`, of the features themselves."""
    for c in range(y.shape[0]):
        keys, sums = y[c][first : first + columns], y_sums[c][first : first + columns]
        for row in range(rows):
            a, own = x[row, c], slopes[row]
            row_sum, weight_sum = f32(0), f32(0)
            for j in range(columns):
                r = _reciprocal(a, keys[j])
                g = own[j] * r
                weight_sum += g
                g = g - g * r
                row_sum += g
                sums[j] += g
            x_sums[row, c] += row_sum
            weight_sums[c] += weight_sum
