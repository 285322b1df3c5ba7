"""The tanh form on a block of queries and keys, without a tanh.

With ``A = e^(2x)`` and ``B = e^(2y)``, one number a query's channel and one a key's, and ``p = A B``:
``tanh(x + y) = (p - 1) / (p + 1) = 1 - 2 / (1 + p)``, so no loop over pairs holds a transcendental function, of which
a GPU computes an eighth as many as it multiplies. Scores take ``h = (p - 1) / 2``, as the CPU's loops do, which one
multiplication and addition makes, so that ``tanh = h / (h + 1)``. They merge divisions, four channels at a time; two
channels h and k of weights v and w make

    v tanh + w tanh = (h (v (k + 1) + w k) + w k) / (h (k + 1) + (k + 1))

Where features are so far apart that A and B would not be numbers, ``e^(2(x + y))`` is computed for each pair instead;
`arrays.far` says which. It is read on the device, so that the host need not wait for it.

Channels come in fours, padded with weights of zero. `queries` and `memory` are pointers to the first channel of a
block's queries and keys, as they are to be spread against each other; gradients are summed over the block's first axis.
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# Triton finds the types of kernels out by itself.

import triton.language as tl

from heedful.kernel.gpu.jit import compiled

MOST = tl.constexpr(2.0**24)
"""A product beyond this is this: tanh is then 1 but for rounding, and a product of four is still a number."""
FURTHEST = tl.constexpr(30.0)


@compiled
def _factor(arrays, queries, memory, c):
    """``e^(2(x + y))`` of a channel, from its factors."""
    return tl.minimum(tl.load(queries + c * arrays.queries) * tl.load(memory + c * arrays.keys), MOST)


@compiled
def _half(arrays, queries, memory, c):
    """``h = (p - 1) / 2`` of a channel."""
    own, other = 0.5 * tl.load(queries + c * arrays.queries), tl.load(memory + c * arrays.keys)
    return tl.minimum(own * other - 0.5, MOST)


@compiled
def _halves(arrays, queries, memory, c):
    """Two channels' weighted sum of tanh, as a numerator and a denominator."""
    v, w = tl.load(arrays.weight + c), tl.load(arrays.weight + c + 1)
    h, k = _half(arrays, queries, memory, c), _half(arrays, queries, memory, c + 1)
    over, own = k + 1.0, w * k
    return h * (v * over + own) + own, h * over + over


@compiled
def _reciprocal(arrays, queries, memory, c):
    """``1 / (1 + e^(2(x + y)))`` of a channel, from the features themselves; a NaN stays one."""
    z = 2.0 * (tl.load(queries + c * arrays.queries) + tl.load(memory + c * arrays.keys))
    z = tl.where(z > FURTHEST, FURTHEST, z)
    z = tl.where(z < -FURTHEST, -FURTHEST, z)
    return 1.0 / (1.0 + tl.exp(z))


@compiled
def additive_scores(blank, arrays, queries, memory):
    """What a block's pairs score; `blank` is a block of zeros."""
    scores = blank
    if tl.load(arrays.far) != 0:
        for c in range(arrays.features):
            scores += tl.load(arrays.weight + c) * (1.0 - 2.0 * _reciprocal(arrays, queries, memory, c))
    else:
        for c in range(0, arrays.features, 4):
            left, left_over = _halves(arrays, queries, memory, c)
            right, right_over = _halves(arrays, queries, memory, c + 2)
            scores += (left * right_over + right * left_over) / (left_over * right_over)
    return scores


@compiled
def _add(sums, place, numbers, inside):
    """Adds to what these places of memory hold, which no other program writes to."""
    tl.store(sums + place, tl.load(sums + place, mask=inside, other=0.0) + numbers, mask=inside)


@compiled
def additive_gradients(slopes, arrays, queries, memory, sums, places, inside):
    """Adds to the sums what a block's ``slopes = dL / dscores`` give: ``g r (1 - r)``, perhaps ``g (1 - 2 r)``.

    ``dL/dx = 4 w sum_s g r (1 - r)``, so the factor is left to the end, when it is one a channel. `sums` are two
    pointers, to where the first channel's sums of each kind lie (the second may be None), and the distance from one
    channel to the next; `places` and `inside` say where along the block's second axis, and whether, they lie.
    """
    if tl.load(arrays.far) != 0:
        for c in range(arrays.features):
            r = tl.where(slopes == 0.0, 0.0, _reciprocal(arrays, queries, memory, c))  # 0 times NaN is not 0
            _add_channel(slopes, r, c, sums, places, inside)
    else:
        for c in range(0, arrays.features, 2):
            u = 1.0 + _factor(arrays, queries, memory, c)
            v = 1.0 + _factor(arrays, queries, memory, c + 1)
            inverse = 1.0 / (u * v)
            _add_channel(slopes, v * inverse, c, sums, places, inside)
            _add_channel(slopes, u * inverse, c + 1, sums, places, inside)


@compiled
def _add_channel(slopes, r, c, sums, places, inside):
    """Adds what one channel gives."""
    features, weights, distance = sums
    g = slopes * r
    if weights is not None:
        _add(weights + c * distance, places, tl.sum(slopes * (1.0 - 2.0 * r), 0), inside)
    _add(features + c * distance, places, tl.sum(g - g * r, 0), inside)
