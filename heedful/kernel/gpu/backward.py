"""The backward pass: scores are computed again block by block, weights come from what was saved of each row.

With ``D = sum_s P dP`` of a row, ``dL/ds = P (dP - D)`` where ``dP = <dL/dout, value>``, times the gate where there is
one; log-sum-exp and entropy of a row add their own (`operators.tilts`). Where all keys of a block's rows lie in one
block D is that very sum, so that for weights near 0 and 1 the difference is exact; else it is ``<dL/dout, out>``, which
is the same but for rounding.

One kernel goes by blocks of queries, another by blocks of keys: each sums what is its own, in an order that is always
the same, and no two programs write to one place.
Source: Dao et al. 2022, algorithm 4 (arXiv:2205.14135).
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# Triton finds the types of kernels out by itself.

from typing import Any, NamedTuple

import triton.language as tl

from heedful.kernel.gpu.additive import additive_gradients
from heedful.kernel.gpu.forward import reach
from heedful.kernel.gpu.jit import LOWEST, compiled, entry, product
from heedful.kernel.gpu.tiles import away, block, gate, places, scores, seen, sound


class Slopes(NamedTuple):
    """What comes in from above, and what is kept of the forward pass for it. All C-contiguous."""

    out: Any  # [N, T, V]: dL/dout, in the values' dtype; None where there are no values
    across: Any  # float32 [N, T]: <dL/dout, out>
    tilts: Any  # float32 [N, T, 2]: of a row's log-sum-exp and entropy, see `operators.tilts`; or None
    tops: Any  # float32 [N, T]
    scales: Any  # float32 [N, T]


class QuerySums(NamedTuple):
    """Gradients by query, float32. Those of the tanh form are added up in memory, and zero at first."""

    x: Any  # [N, T, F], or of the tanh form [N, F, T]
    centre: Any  # [N, T], or None


class KeySums(NamedTuple):
    """Gradients by key, float32, in P parts. Those of the tanh form are added up in memory, and zero at first."""

    y: Any  # [P, G, S, F], or of the tanh form [P, G, F, S]
    value: Any  # [P, G, S, V]
    weight: Any  # [P, G, F, S] of the tanh form: the weight's gradient, key by key


class Work(NamedTuple):
    """Who may see what. Blocks of queries are of the size that the kernel by keys takes."""

    members: Any  # int64 [N]: the rows of the batch, group by group
    places: Any  # int64 [G + 1]: where each group's begin
    low: Any  # int32 [N, blocks of queries]: the first key that one of them sees
    high: Any  # int32 [N, blocks of queries]: the key after the last
    first: Any  # int64 [N, blocks of keys]: no block of queries before this one sees any of them
    last: Any  # int64 [N, blocks of keys]: nor this one or any after it


@entry
def by_queries(arrays, slopes, sums, tiles: tl.constexpr):
    """Gradients of a block of queries, of as many features as a block has."""
    blocks = tl.cdiv(arrays.queries, tiles.rows)
    n = (tl.program_id(0) // blocks).to(tl.int64)
    rows = tl.program_id(0) % blocks * tiles.rows + tl.arange(0, tiles.rows)
    width = tl.program_id(1) * tiles.features + tl.arange(0, tiles.features)
    inside, place = rows < arrays.queries, n * arrays.queries + rows
    start = tl.load(arrays.start + place, mask=inside, other=0)
    stop = tl.load(arrays.stop + place, mask=inside, other=0)
    low, high = reach(arrays, start, stop, tiles)
    group = tl.load(arrays.group + n)
    height: tl.constexpr = tiles.rows
    features: tl.constexpr = tiles.features
    total = tl.zeros([height, features], tl.float32)
    centre_total = tl.zeros([height], tl.float32)
    for first in range(low, high, tiles.keys):
        keys = first + tl.arange(0, tiles.keys)
        inner, shown, outer, _ = _slopes_of_scores(arrays, slopes, n, rows, keys, low + tiles.keys >= high, tiles)
        if arrays.centre is not None:
            centre_total += tl.sum(outer * away(arrays.centre, place, inside, keys), 1)
        if tiles.tanh:
            queries = arrays.x + n * arrays.features * arrays.queries + tl.minimum(rows, arrays.queries - 1)[None, :]
            memory = arrays.y + group * arrays.features * arrays.keys + tl.minimum(keys, arrays.keys - 1)[:, None]
            totals = (sums.x + n * arrays.features * arrays.queries, None, arrays.queries)
            additive_gradients(tl.trans(inner), arrays, queries, memory, totals, rows, inside)
            tl.debug_barrier()  # the next block adds to the same places
        else:
            used = places(shown & sound(arrays, n, keys)[None, :], 0, keys, arrays.keys)
            y = block(arrays.y + group * arrays.keys * arrays.features, used, width, arrays.keys, arrays.features)
            total += product(inner.to(y.dtype), y)
    if arrays.centre is not None:  # noqa: SIM102 - this is known when compiling, and the next is not
        if tl.program_id(1) == 0:
            tl.store(sums.centre + place, 2.0 * arrays.sharpness * centre_total, mask=inside)
    if not tiles.tanh:
        kept = inside[:, None] & (width < arrays.features)[None, :]
        tl.store(sums.x + place[:, None] * arrays.features + width[None, :], total, mask=kept)


@entry
def by_keys(arrays, slopes, sums, work, parts, tiles: tl.constexpr):
    """Gradients of a block of keys, of as many features and columns of values as a block has.

    Part p of so many goes through every so many-th block of queries, from the p-th on.
    """
    blocks, query_blocks = tl.cdiv(arrays.keys, tiles.keys), tl.cdiv(arrays.queries, tiles.rows)
    part_and_group, number = tl.program_id(0) // blocks, tl.program_id(0) % blocks
    groups = tl.num_programs(0) // blocks // parts
    part, group = part_and_group // groups, part_and_group % groups
    keys = number * tiles.keys + tl.arange(0, tiles.keys)
    width = tl.program_id(1) * tiles.features + tl.arange(0, tiles.features)
    columns = tl.program_id(1) * tiles.depth + tl.arange(0, tiles.depth)
    first, last = number * tiles.keys, number * tiles.keys + tiles.keys
    length: tl.constexpr = tiles.keys
    features: tl.constexpr = tiles.features
    depth: tl.constexpr = tiles.depth
    y_total = tl.zeros([length, features], tl.float32)
    value_total = tl.zeros([length, depth], tl.float32)
    for member in range(tl.load(work.places + group), tl.load(work.places + group + 1)):
        n = tl.load(work.members + member)
        before, after = tl.load(work.first + n * blocks + number), tl.load(work.last + n * blocks + number)
        for query_block in range(before + part, after, parts):
            low = tl.load(work.low + n * query_blocks + query_block)
            high = tl.load(work.high + n * query_blocks + query_block)
            if (low < last) & (high > first):
                rows = (query_block * tiles.rows + tl.arange(0, tiles.rows)).to(tl.int32)
                whole = (low >= first) & (high <= last)
                inner, shown, _, weights = _slopes_of_scores(arrays, slopes, n, rows, keys, whole, tiles)
                used = places(shown & _whole(arrays, slopes, n, rows)[:, None], 1, rows, arrays.queries)
                if slopes.out is not None:
                    above = slopes.out + n * arrays.queries * arrays.depth
                    above = block(above, used, columns, arrays.queries, arrays.depth)
                    value_total += product(tl.trans(weights.to(above.dtype)), above)
                if tiles.tanh:
                    if tl.program_id(1) == 0:
                        _add_features(arrays, inner, n, rows, keys, sums, part_and_group)
                else:
                    x = arrays.x + n * arrays.queries * arrays.features
                    x = block(x, used, width, arrays.queries, arrays.features)
                    y_total += product(tl.trans(inner.to(x.dtype)), x)
    inside = keys < arrays.keys
    place = part_and_group.to(tl.int64) * arrays.keys + keys
    kept = inside[:, None] & (columns < arrays.depth)[None, :]
    tl.store(sums.value + place[:, None] * arrays.depth + columns[None, :], value_total, mask=kept)
    if not tiles.tanh:
        kept = inside[:, None] & (width < arrays.features)[None, :]
        tl.store(sums.y + place[:, None] * arrays.features + width[None, :], y_total, mask=kept)


@compiled
def _whole(arrays, slopes, n, rows):
    """Which of a block's rows are numbers: what comes from above of others is read as zeros, as keys are (`sound`).

    The weights of those are NaN for the keys that they see, and so are these keys' gradients; no others are.
    """
    scale = tl.load(slopes.scales + n * arrays.queries + rows, mask=rows < arrays.queries, other=0.0)
    return scale == scale  # noqa: PLR0124 - all but NaN are


@compiled
def _slopes_of_scores(arrays, slopes, n, rows, keys, whole, tiles: tl.constexpr):
    """Of a block: ``dL/dscores``, which pairs are seen, ``dP`` times weights, and gated weights.

    `whole` says whether its rows see no keys but these.
    """
    inside, place = rows < arrays.queries, n * arrays.queries + rows
    start = tl.load(arrays.start + place, mask=inside, other=0)
    stop = tl.load(arrays.stop + place, mask=inside, other=0)
    shown = seen(arrays, n, rows, keys, start, stop)
    top = tl.load(slopes.tops + place, mask=inside, other=0.0)
    scale = tl.load(slopes.scales + place, mask=inside, other=0.0)
    relative = tl.where(shown, scores(arrays, n, rows, keys, tiles) - top[:, None], LOWEST)
    weights = tl.where(shown, tl.exp(relative) * scale[:, None], 0.0)  # a scale may be NaN
    gated = weights
    if arrays.centre is not None:
        gated = weights * gate(arrays, away(arrays.centre, place, inside, keys))
    outer = tl.zeros_like(weights)
    inner = outer
    if slopes.out is not None:
        across = tl.load(slopes.across + place, mask=inside, other=0.0)
        outer = tl.where(shown, _meet(arrays, slopes, n, rows, keys, tiles) * gated, 0.0)
        if whole:
            across = tl.sum(outer, 1)
        inner = outer - weights * across[:, None]
    if slopes.tilts is not None:
        flat = tl.load(slopes.tilts + 2 * place, mask=inside, other=0.0)
        steep = tl.load(slopes.tilts + 2 * place + 1, mask=inside, other=0.0)
        tilt = weights * (flat[:, None] + steep[:, None] * relative)
        inner += tl.where(weights == 0.0, 0.0, tilt)  # a score may be minus infinity
    return tl.where(shown, inner, 0.0), shown, outer, gated


@compiled
def _meet(arrays, slopes, n, rows, keys, tiles: tl.constexpr):
    """``dP = <dL/dout, value>`` of a block."""
    value = arrays.value + tl.load(arrays.group + n) * arrays.keys * arrays.depth
    height: tl.constexpr = tiles.rows
    length: tl.constexpr = tiles.keys
    outer = tl.zeros([height, length], tl.float32)
    for first in range(0, arrays.depth, tiles.depth):
        columns = first + tl.arange(0, tiles.depth)
        above = block(slopes.out + n * arrays.queries * arrays.depth, rows, columns, arrays.queries, arrays.depth)
        outer += product(above, tl.trans(block(value, keys, columns, arrays.keys, arrays.depth)))
    return outer


@compiled
def _add_features(arrays, inner, n, rows, keys, sums, part_and_group):
    """Adds what a block gives to its keys' features and to the weight of the tanh form."""
    group = tl.load(arrays.group + n)
    queries = arrays.x + n * arrays.features * arrays.queries + tl.minimum(rows, arrays.queries - 1)[:, None]
    memory = arrays.y + group * arrays.features * arrays.keys + tl.minimum(keys, arrays.keys - 1)[None, :]
    own = part_and_group.to(tl.int64) * arrays.features * arrays.keys
    totals = (sums.y + own, sums.weight + own, arrays.keys)
    additive_gradients(inner, arrays, queries, memory, totals, keys, keys < arrays.keys)
    tl.debug_barrier()  # the next block adds to the same places
