"""The backward pass: scores are computed again block by block, weights come from what was saved of each row.

With P a row's weights, dO the gradient of its output and ``dP = <dO, value>`` (times the gate where there is one), the
gradient of its scores is ``dS = P (dP - delta)``, ``delta = sum_s P dP``; the row's log-sum-exp and entropy add to it
(`operators.lse_entropy_grads`). Where all keys of a block's rows lie in one block, delta is that very sum, so that for
weights near 1, where dP and delta are nearly the same number, their difference is exact. Else it is ``<dO, O>``, which
is equal but for rounding.

One kernel goes by blocks of queries and one by blocks of keys. Each sums what belongs to its block, in an order that is
always the same, and no two programs write to one place: no atomics, and equal runs give equal bits.
Source: Dao et al. 2022, algorithm 4 (arXiv:2205.14135).
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# Triton infers the types of kernels' arguments.

from typing import Any, NamedTuple

import triton.language as tl

from heedful.kernel.gpu.additive import additive_gradients
from heedful.kernel.gpu.forward import key_range
from heedful.kernel.gpu.jit import LOWEST, compiled, dot, entry
from heedful.kernel.gpu.tiles import (
    distance_to_centre,
    finite_keys,
    gate,
    lines_in_use,
    load_block,
    scores,
    visible_pairs,
)


class BackwardInputs(NamedTuple):
    """The output's gradient, and what the forward pass saved. All C-contiguous."""

    grad_output: Any  # [N, T, V] in the values' dtype; None where there are no values
    delta: Any  # float32 [N, T]: <dL/doutput, output>
    lse_entropy_grads: Any  # float32 [N, T, 2]: coefficients of `operators.lse_entropy_grads`; or None
    row_max: Any  # float32 [N, T]
    row_scale: Any  # float32 [N, T]


class QueryGrads(NamedTuple):
    """Gradients by query, float32. Those of the tanh form are added up in memory, and zero at first."""

    x: Any  # [N, T, F], or of the tanh form [N, F, T]
    centre: Any  # [N, T], or None


class KeyGrads(NamedTuple):
    """Gradients by key, float32, in P parts. Those of the tanh form are added up in memory, and zero at first."""

    y: Any  # [P, G, S, F], or of the tanh form [P, G, F, S]
    value: Any  # [P, G, S, V]
    weight: Any  # [P, G, F, S] of the tanh form: the weight's gradient, key by key


class Work(NamedTuple):
    """Which rows share keys, and which blocks see each other. Blocks of queries are those of the kernel by keys."""

    members: Any  # int64 [N]: the rows of the batch, group by group
    group_start: Any  # int64 [G + 1]: where each group begins in `members`
    low: Any  # int32 [N, blocks of queries]: the first key that one of them sees
    high: Any  # int32 [N, blocks of queries]: the key after the last
    first: Any  # int64 [N, blocks of keys]: no block of queries before this one sees any of them
    last: Any  # int64 [N, blocks of keys]: nor this one or any after it


@entry
def by_queries(arrays, upstream, grads, tiles: tl.constexpr):
    """Gradients of a block of queries, of as many features as a block has. `upstream` is a `BackwardInputs`."""
    blocks = tl.cdiv(arrays.queries, tiles.rows)
    n = (tl.program_id(0) // blocks).to(tl.int64)
    rows = tl.program_id(0) % blocks * tiles.rows + tl.arange(0, tiles.rows)
    width = tl.program_id(1) * tiles.features + tl.arange(0, tiles.features)
    inside, index = rows < arrays.queries, n * arrays.queries + rows
    start = tl.load(arrays.start + index, mask=inside, other=0)
    stop = tl.load(arrays.stop + index, mask=inside, other=0)
    low, high = key_range(arrays, start, stop, tiles)
    group = tl.load(arrays.group + n)
    n_rows: tl.constexpr = tiles.rows
    features: tl.constexpr = tiles.features
    total = tl.zeros([n_rows, features], tl.float32)
    centre_total = tl.zeros([n_rows], tl.float32)
    for first in range(low, high, tiles.keys):
        keys = first + tl.arange(0, tiles.keys)
        one_block = low + tiles.keys >= high
        grad_scores, visible, grad_gate, _ = _score_gradients(arrays, upstream, n, rows, keys, one_block, tiles)
        if arrays.centre is not None:
            centre_total += tl.sum(grad_gate * distance_to_centre(arrays.centre, index, inside, keys), 1)
        if tiles.tanh:
            queries = arrays.x + n * arrays.features * arrays.queries + tl.minimum(rows, arrays.queries - 1)[None, :]
            memory = arrays.y + group * arrays.features * arrays.keys + tl.minimum(keys, arrays.keys - 1)[:, None]
            totals = (grads.x + n * arrays.features * arrays.queries, None, arrays.queries)
            additive_gradients(tl.trans(grad_scores), arrays, queries, memory, totals, rows, inside)
            # The next block adds to the same numbers in memory, perhaps from other threads of this program.
            tl.debug_barrier()
        else:
            lines = lines_in_use(visible & finite_keys(arrays, n, keys)[None, :], 0, keys, arrays.keys)
            y = load_block(arrays.y + group * arrays.keys * arrays.features, lines, width, arrays.keys, arrays.features)
            total += dot(grad_scores.to(y.dtype), y)
    # Two nested ifs: the first is decided when the kernel is compiled, the second when it runs.
    if arrays.centre is not None:  # noqa: SIM102
        if tl.program_id(1) == 0:
            tl.store(grads.centre + index, 2.0 * arrays.sharpness * centre_total, mask=inside)
    if not tiles.tanh:
        stored = inside[:, None] & (width < arrays.features)[None, :]
        tl.store(grads.x + index[:, None] * arrays.features + width[None, :], total, mask=stored)


@entry
def by_keys(arrays, upstream, grads, work, parts, tiles: tl.constexpr):
    """Gradients of a block of keys, of as many features and columns of values as a block has.

    Where there are few blocks of keys, the queries are split as well: part p of `parts` goes through every `parts`-th
    block of queries, from the p-th on, and the parts are added up afterwards.
    """
    blocks, query_blocks = tl.cdiv(arrays.keys, tiles.keys), tl.cdiv(arrays.queries, tiles.rows)
    part_and_group, number = tl.program_id(0) // blocks, tl.program_id(0) % blocks
    groups = tl.num_programs(0) // blocks // parts
    part, group = part_and_group // groups, part_and_group % groups
    keys = number * tiles.keys + tl.arange(0, tiles.keys)
    width = tl.program_id(1) * tiles.features + tl.arange(0, tiles.features)
    columns = tl.program_id(1) * tiles.depth + tl.arange(0, tiles.depth)
    first, last = number * tiles.keys, number * tiles.keys + tiles.keys
    n_keys: tl.constexpr = tiles.keys
    features: tl.constexpr = tiles.features
    depth: tl.constexpr = tiles.depth
    y_total = tl.zeros([n_keys, features], tl.float32)
    value_total = tl.zeros([n_keys, depth], tl.float32)
    # Every row of the batch that shares these keys adds to their gradients.
    for member in range(tl.load(work.group_start + group), tl.load(work.group_start + group + 1)):
        n = tl.load(work.members + member)
        before, after = tl.load(work.first + n * blocks + number), tl.load(work.last + n * blocks + number)
        for query_block in range(before + part, after, parts):
            low = tl.load(work.low + n * query_blocks + query_block)
            high = tl.load(work.high + n * query_blocks + query_block)
            if (low < last) & (high > first):
                rows = (query_block * tiles.rows + tl.arange(0, tiles.rows)).to(tl.int32)
                one_block = (low >= first) & (high <= last)
                grad_scores, visible, _, weights = _score_gradients(arrays, upstream, n, rows, keys, one_block, tiles)
                lines = lines_in_use(
                    visible & _finite_rows(arrays, upstream, n, rows)[:, None], 1, rows, arrays.queries
                )
                if upstream.grad_output is not None:
                    grad_output = upstream.grad_output + n * arrays.queries * arrays.depth
                    grad_output = load_block(grad_output, lines, columns, arrays.queries, arrays.depth)
                    value_total += dot(tl.trans(weights.to(grad_output.dtype)), grad_output)
                if tiles.tanh:
                    if tl.program_id(1) == 0:
                        _add_features(arrays, grad_scores, n, rows, keys, grads, part_and_group)
                else:
                    x = arrays.x + n * arrays.queries * arrays.features
                    x = load_block(x, lines, width, arrays.queries, arrays.features)
                    y_total += dot(tl.trans(grad_scores.to(x.dtype)), x)
    inside = keys < arrays.keys
    index = part_and_group.to(tl.int64) * arrays.keys + keys
    stored = inside[:, None] & (columns < arrays.depth)[None, :]
    tl.store(grads.value + index[:, None] * arrays.depth + columns[None, :], value_total, mask=stored)
    if not tiles.tanh:
        stored = inside[:, None] & (width < arrays.features)[None, :]
        tl.store(grads.y + index[:, None] * arrays.features + width[None, :], y_total, mask=stored)


@compiled
def _finite_rows(arrays, upstream, n, rows):
    """Which of a block's rows are finite: the gradients and features of others are read as zeros (see `finite_keys`).

    The weights of the others are NaN for the keys that they see, which makes these keys' gradients NaN; no other keys
    are affected.
    """
    scale = tl.load(upstream.row_scale + n * arrays.queries + rows, mask=rows < arrays.queries, other=0.0)
    return scale == scale  # noqa: PLR0124 - false for NaN alone


@compiled
def _score_gradients(arrays, upstream, n, rows, keys, one_block, tiles: tl.constexpr):
    """Of a block: dS, which pairs are visible, dP times gated weights, and the gated weights.

    `one_block` says whether its rows see no keys but these.
    """
    inside, index = rows < arrays.queries, n * arrays.queries + rows
    start = tl.load(arrays.start + index, mask=inside, other=0)
    stop = tl.load(arrays.stop + index, mask=inside, other=0)
    visible = visible_pairs(arrays, n, rows, keys, start, stop)
    row_max = tl.load(upstream.row_max + index, mask=inside, other=0.0)
    scale = tl.load(upstream.row_scale + index, mask=inside, other=0.0)
    relative = tl.where(visible, scores(arrays, n, rows, keys, tiles) - row_max[:, None], LOWEST)
    # The scale may be NaN, and 0 times NaN is NaN: hidden pairs are masked after the product.
    weights = tl.where(visible, tl.exp(relative) * scale[:, None], 0.0)
    gated = weights
    if arrays.centre is not None:
        gated = weights * gate(arrays, distance_to_centre(arrays.centre, index, inside, keys))
    grad_gate = tl.zeros_like(weights)
    grad_scores = grad_gate
    if upstream.grad_output is not None:
        delta = tl.load(upstream.delta + index, mask=inside, other=0.0)
        grad_gate = tl.where(visible, _grad_weights(arrays, upstream, n, rows, keys, tiles) * gated, 0.0)
        if one_block:
            delta = tl.sum(grad_gate, 1)
        grad_scores = grad_gate - weights * delta[:, None]
    if upstream.lse_entropy_grads is not None:
        constant = tl.load(upstream.lse_entropy_grads + 2 * index, mask=inside, other=0.0)
        slope = tl.load(upstream.lse_entropy_grads + 2 * index + 1, mask=inside, other=0.0)
        added = weights * (constant[:, None] + slope[:, None] * relative)
        # A visible score may be minus infinity: its weight is 0, and 0 times infinity is NaN.
        grad_scores += tl.where(weights == 0.0, 0.0, added)
    return tl.where(visible, grad_scores, 0.0), visible, grad_gate, gated


@compiled
def _grad_weights(arrays, upstream, n, rows, keys, tiles: tl.constexpr):
    """``dP = <dO, value>`` of a block."""
    value = arrays.value + tl.load(arrays.group + n) * arrays.keys * arrays.depth
    n_rows: tl.constexpr = tiles.rows
    n_keys: tl.constexpr = tiles.keys
    total = tl.zeros([n_rows, n_keys], tl.float32)
    for first in range(0, arrays.depth, tiles.depth):
        columns = first + tl.arange(0, tiles.depth)
        grad_output = upstream.grad_output + n * arrays.queries * arrays.depth
        grad_output = load_block(grad_output, rows, columns, arrays.queries, arrays.depth)
        total += dot(grad_output, tl.trans(load_block(value, keys, columns, arrays.keys, arrays.depth)))
    return total


@compiled
def _add_features(arrays, grad_scores, n, rows, keys, grads, part_and_group):
    """Adds a block's gradients of its keys' features and of the weight of the tanh form."""
    group = tl.load(arrays.group + n)
    queries = arrays.x + n * arrays.features * arrays.queries + tl.minimum(rows, arrays.queries - 1)[:, None]
    memory = arrays.y + group * arrays.features * arrays.keys + tl.minimum(keys, arrays.keys - 1)[None, :]
    offset = part_and_group.to(tl.int64) * arrays.features * arrays.keys
    totals = (grads.y + offset, grads.weight + offset, arrays.keys)
    additive_gradients(grad_scores, arrays, queries, memory, totals, keys, keys < arrays.keys)
    # The next block adds to the same numbers in memory, perhaps from other threads of this program.
    tl.debug_barrier()
