"""The forward pass: contexts and what each row's weights are relative to, by blocks with a running softmax.

Source: Milakov & Gimelshein 2018 (arXiv:1805.02867) for the running softmax; Dao et al. 2022 (arXiv:2205.14135).
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# Triton finds the types of kernels out by itself.

import triton.language as tl

from heedful.kernel.gpu.jit import LOWEST, compiled, entry, product
from heedful.kernel.gpu.tiles import block, gate, places, scores, seen, sound


@entry
def forward(arrays, saved, tiles: tl.constexpr):
    """Writes the contexts of a block of queries, of as many columns as a block has.

    With `tops`, each row's highest score, and `scales` a weight is ``exp(score - top) * scale``; a row that sees
    nothing has scale 0. They are kept apart: in their sum, the usual log-sum-exp, digits of the weights get lost.
    """
    blocks = tl.cdiv(arrays.queries, tiles.rows)
    n = (tl.program_id(0) // blocks).to(tl.int64)
    rows = tl.program_id(0) % blocks * tiles.rows + tl.arange(0, tiles.rows)
    columns = tl.program_id(1) * tiles.depth + tl.arange(0, tiles.depth)
    inside = rows < arrays.queries
    place = n * arrays.queries + rows
    start = tl.load(arrays.start + place, mask=inside, other=0)
    stop = tl.load(arrays.stop + place, mask=inside, other=0)
    low, high = reach(arrays, start, stop, tiles)
    value = arrays.value + tl.load(arrays.group + n) * arrays.keys * arrays.depth
    height: tl.constexpr = tiles.rows
    depth: tl.constexpr = tiles.depth
    top, total = tl.full([height], LOWEST, tl.float32), tl.zeros([height], tl.float32)
    context = tl.zeros([height, depth], tl.float32)
    for first in range(low, high, tiles.keys):
        keys = first + tl.arange(0, tiles.keys)
        shown, whole = seen(arrays, n, rows, keys, start, stop), sound(arrays, n, keys)
        weights, best = _relative(scores(arrays, n, rows, keys, tiles), shown, top)
        shrink = tl.exp(top - best)
        top, total = best, total * shrink + tl.sum(weights, 1)
        total = tl.where(tl.max((shown & ~whole[None, :]).to(tl.int32), 1) != 0, float("nan"), total)
        if arrays.centre is not None:
            centre = tl.load(arrays.centre + place, mask=inside, other=0.0)
            weights *= gate(arrays, keys.to(tl.float32)[None, :] - centre[:, None])
        used = places(shown & whole[None, :], 0, keys, arrays.keys)
        values = block(value, used, columns, arrays.keys, arrays.depth)
        context = context * shrink[:, None] + product(weights.to(values.dtype), values)
    scale = tl.where(total == 0.0, 0.0, 1.0 / tl.where(total == 0.0, 1.0, total))
    kept = inside[:, None] & (columns < arrays.depth)[None, :]
    tl.store(saved.out + place[:, None] * arrays.depth + columns[None, :], context * scale[:, None], mask=kept)
    if tl.program_id(1) == 0:
        tl.store(saved.tops + place, tl.where(total == 0.0, 0.0, top), mask=inside)
        tl.store(saved.scales + place, scale, mask=inside)


@compiled
def reach(arrays, start, stop, tiles: tl.constexpr):
    """The first key that a block's queries may see, at the edge of a block of keys, and the key after the last."""
    low = tl.min(tl.where(stop > start, start, arrays.keys))
    return low // tiles.keys * tiles.keys, tl.max(tl.where(stop > start, stop, 0))


@compiled
def _relative(found, shown, top):
    """A block's weights relative to the highest score so far, and that; a score that is NaN is no highest one."""
    numbers = tl.where(shown & (found >= LOWEST), found, LOWEST)
    best = tl.maximum(top, tl.max(numbers, 1))
    return tl.exp(tl.where(shown, found - best[:, None], LOWEST)), best
