"""The forward pass: contexts and what each row's weights are relative to, by blocks with a running softmax.

Source: Milakov & Gimelshein 2018 (arXiv:1805.02867) for the running softmax; Dao et al. 2022 (arXiv:2205.14135).
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false, reportPossiblyUnboundVariable=false
# Triton finds the types of kernels out by itself.

import triton.language as tl

from heedful.kernel.gpu.jit import LOWEST, compiled, entry, product
from heedful.kernel.gpu.notes import added_moment, draw, lowered, moved, none_best, note_best, write
from heedful.kernel.gpu.tiles import away, block, gate, places, scores, seen, sound


@entry
def forward(arrays, saved, notes, tiles: tl.constexpr):
    """Writes the contexts of a block of queries, of as many columns as a block has.

    With `tops`, each row's highest score, and `scales` a weight is ``exp(score - top) * scale``; a row that sees
    nothing has scale 0. They are kept apart: in their sum, the usual log-sum-exp, digits of the weights get lost.
    `notes` is None, or where to write `Notes`; where there are no values to weigh, `saved.out` is None.
    """
    blocks = tl.cdiv(arrays.queries, tiles.rows)
    n = (tl.program_id(0) // blocks).to(tl.int64)
    rows = tl.program_id(0) % blocks * tiles.rows + tl.arange(0, tiles.rows)
    columns = tl.program_id(1) * tiles.depth + tl.arange(0, tiles.depth)
    inside, place = rows < arrays.queries, n * arrays.queries + rows
    start = tl.load(arrays.start + place, mask=inside, other=0)
    stop = tl.load(arrays.stop + place, mask=inside, other=0)
    low, high = reach(arrays, start, stop, tiles)
    height: tl.constexpr = tiles.rows
    depth: tl.constexpr = tiles.depth
    top, total = tl.full([height], LOWEST, tl.float32), tl.zeros([height], tl.float32)
    context = tl.zeros([height, depth], tl.float32)
    if notes is not None:
        moment, drawn = tl.zeros([height], tl.float32), tl.full([height], -1, tl.int32)
        best_scores, best = none_best(tiles)
    for first in range(low, high, tiles.keys):
        keys = first + tl.arange(0, tiles.keys)
        shown, whole = seen(arrays, n, rows, keys, start, stop), sound(arrays, n, keys)
        found = scores(arrays, n, rows, keys, tiles)
        weights, peak = _relative(found, shown, top)
        shrink = tl.exp(top - peak)
        so_far = total * shrink + tl.sum(weights, 1)
        if notes is not None:
            moment = moved(moment, total, top, peak) + added_moment(found, weights, peak)
            if notes.drawn is not None:
                key = draw(notes, weights, so_far, n, rows, first, keys)
                drawn = tl.where(key >= 0, key, drawn)
            if notes.best is not None:
                found = lowered(arrays, notes, found, place, inside, keys)
                best_scores, best = note_best(found, shown, keys, best_scores, best)
        top = peak
        total = tl.where(tl.max((shown & ~whole[None, :]).to(tl.int32), 1) != 0, float("nan"), so_far)
        if saved.out is not None:
            if arrays.centre is not None:
                weights *= gate(arrays, away(arrays.centre, place, inside, keys))
            used = places(shown & whole[None, :], 0, keys, arrays.keys)
            value = arrays.value + tl.load(arrays.group + n) * arrays.keys * arrays.depth
            values = block(value, used, columns, arrays.keys, arrays.depth)
            context = context * shrink[:, None] + product(weights.to(values.dtype), values)
    scale = tl.where(total == 0.0, 0.0, 1.0 / tl.where(total == 0.0, 1.0, total))
    if saved.out is not None:
        kept = inside[:, None] & (columns < arrays.depth)[None, :]
        tl.store(saved.out + place[:, None] * arrays.depth + columns[None, :], context * scale[:, None], mask=kept)
    if tl.program_id(1) == 0:
        tl.store(saved.tops + place, tl.where(total == 0.0, 0.0, top), mask=inside)
        tl.store(saved.scales + place, scale, mask=inside)
        if notes is not None:
            write(notes, place, inside, moment, drawn, best_scores, best)


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
