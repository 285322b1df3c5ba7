"""The tanh form on a block of queries and keys, without a tanh.

With ``A = e^(2x)`` and ``B = e^(2y)``, one number for each query's channel and one for each key's, and ``p = A B``:
``tanh(x + y) = (p - 1) / (p + 1) = 1 - 2 / (1 + p)``, so no loop over pairs holds a transcendental function, of which a
GPU computes an eighth as many as it multiplies. Scores take ``h = (p - 1) / 2``, one fused multiply-add, so that
``tanh = h / (h + 1)``. Divisions are merged, four channels at a time; two channels h and k of weights v and w make

    v tanh + w tanh = (h (v (k + 1) + w k) + w k) / (h (k + 1) + (k + 1))

Where features are so far apart that A or B would overflow, ``e^(2(x + y))`` is computed for each pair instead. Which of
the two applies is `arrays.direct`, a number on the device: reading it there spares the host a wait for the device.

Channels come in multiples of four, padded with weights of zero. `queries` and `memory` are pointers to the first
channel of a block's queries and keys, shaped to broadcast against each other; gradients are summed over the block's
first axis.
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# Triton infers the types of kernels' arguments.

import triton.language as tl

from heedful.kernel.gpu.jit import compiled

MAX_FACTOR = tl.constexpr(2.0**24)
"""Larger factors are replaced by this: tanh is then 1 to within half a unit in the last place, and a product of four
denominators is still a float32 number."""
MAX_EXPONENT = tl.constexpr(30.0)
"""Larger exponents are replaced by this: 1 / (1 + e^30) is lost beside 1 in float32."""


@compiled
def _factor(arrays, queries, memory, c):
    """``p = e^(2(x + y))`` of a channel, from its factors."""
    return tl.minimum(tl.load(queries + c * arrays.queries) * tl.load(memory + c * arrays.keys), MAX_FACTOR)


@compiled
def _half(arrays, queries, memory, c):
    """``h = (p - 1) / 2`` of a channel."""
    half_a, b = 0.5 * tl.load(queries + c * arrays.queries), tl.load(memory + c * arrays.keys)
    return tl.minimum(half_a * b - 0.5, MAX_FACTOR)


@compiled
def _two_channels(arrays, queries, memory, c):
    """Two channels' weighted sum of tanh, as a numerator and a denominator."""
    v, w = tl.load(arrays.weight + c), tl.load(arrays.weight + c + 1)
    h, k = _half(arrays, queries, memory, c), _half(arrays, queries, memory, c + 1)
    over, term = k + 1.0, w * k
    return h * (v * over + term) + term, h * over + over


@compiled
def _reciprocal(arrays, queries, memory, c):
    """``1 / (1 + e^(2(x + y)))`` of a channel, from the features themselves."""
    z = 2.0 * (tl.load(queries + c * arrays.queries) + tl.load(memory + c * arrays.keys))
    # Comparisons with NaN are false, so a NaN passes through and marks its row; tl.minimum would drop it.
    z = tl.where(z > MAX_EXPONENT, MAX_EXPONENT, z)
    z = tl.where(z < -MAX_EXPONENT, -MAX_EXPONENT, z)
    return 1.0 / (1.0 + tl.exp(z))


@compiled
def additive_scores(zeros, arrays, queries, memory):
    """The scores of a block's pairs; `zeros` is a block of zeros."""
    scores = zeros
    if tl.load(arrays.direct) != 0:
        for c in range(arrays.features):
            scores += tl.load(arrays.weight + c) * (1.0 - 2.0 * _reciprocal(arrays, queries, memory, c))
    else:
        for c in range(0, arrays.features, 4):
            left, left_over = _two_channels(arrays, queries, memory, c)
            right, right_over = _two_channels(arrays, queries, memory, c + 2)
            scores += (left * right_over + right * left_over) / (left_over * right_over)
    return scores


@compiled
def _accumulate(sums, index, numbers, inside):
    """Adds to numbers in memory."""
    # Load, add and store without atomics: no other program writes there, and the order of the sums is always the same.
    tl.store(sums + index, tl.load(sums + index, mask=inside, other=0.0) + numbers, mask=inside)


@compiled
def additive_gradients(grad_scores, arrays, queries, memory, sums, index, inside):
    """Adds to the sums what a block's ``g = dL / dscores`` give: ``g r (1 - r)``, and perhaps ``g (1 - 2 r)``.

    ``dL/dx = 4 w sum_s g r (1 - r)``; the factor is applied at the end, once a channel. `sums` are a pointer to the
    feature gradients of the first channel, one to the weight gradients (or None), and the distance from one channel to
    the next; `index` and `inside` say where along the block's second axis, and whether, their numbers lie.
    """
    if tl.load(arrays.direct) != 0:
        for c in range(arrays.features):
            # A hidden pair has gradient 0, and a NaN behind it must not come through: 0 times NaN is NaN.
            r = tl.where(grad_scores == 0.0, 0.0, _reciprocal(arrays, queries, memory, c))
            _add_channel(grad_scores, r, c, sums, index, inside)
    else:
        # Two channels share one division: 1/u = v / (u v).
        for c in range(0, arrays.features, 2):
            u = 1.0 + _factor(arrays, queries, memory, c)
            v = 1.0 + _factor(arrays, queries, memory, c + 1)
            inverse = 1.0 / (u * v)
            _add_channel(grad_scores, v * inverse, c, sums, index, inside)
            _add_channel(grad_scores, u * inverse, c + 1, sums, index, inside)


@compiled
def _add_channel(grad_scores, r, c, sums, index, inside):
    """Adds the gradients of one channel."""
    features, weights, distance = sums
    g = grad_scores * r
    if weights is not None:
        _accumulate(weights + c * distance, index, tl.sum(grad_scores * (1.0 - 2.0 * r), 0), inside)
    _accumulate(features + c * distance, index, tl.sum(g - g * r, 0), inside)
