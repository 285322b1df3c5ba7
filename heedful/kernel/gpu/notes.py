"""What the forward pass can note of weights while it has them: the entropy, the best keys, one drawn.

A weight is only known up to the highest score so far, as in the running softmax; so what is noted shrinks when a higher
score comes, and is scaled at the end.
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false, reportOperatorIssue=false
# Triton finds the types of kernels out by itself.

from typing import Any, NamedTuple

import triton.language as tl

from heedful.kernel.gpu.jit import LOWEST, compiled
from heedful.kernel.gpu.tiles import away

_BEYOND = tl.constexpr(2**31 - 1)
"""No key is as far as this."""


class Notes(NamedTuple):
    """Where notes are written; None for what is not wanted."""

    moments: Any  # float32 [N, T]: the sum of weight (score - top), of weights that are not yet scaled
    best_scores: Any  # float32 [N, T, K]: the highest scores, in no order; K is a power of two
    best: Any  # int32 [N, T, K]: their keys; negative where a row sees fewer
    centre: Any  # float32 [N, T], if the best are to be those with the highest weights after the gate
    drawn: Any  # int32 [N, T]: a key drawn by the weights; -1 where a row sees none
    seed: Any  # int64 [1]: what draws begin with; a number would be compiled for


@compiled
def moved(moment, total, top, best):
    """The sum of ``weight (score - top)`` when the highest score is no more `top` but `best`; 0 of nothing."""
    shift = tl.where(total > 0.0, top - best, 0.0)
    return tl.exp(shift) * (moment + shift * total)


@compiled
def added_moment(found, weights, best):
    """What a block's scores add to that sum."""
    return tl.sum(weights * tl.where(weights > 0.0, found - best[:, None], 0.0), 1)


@compiled
def none_best(tiles: tl.constexpr):
    """The best keys of rows that have seen none; they are told apart by numbers below 0."""
    height: tl.constexpr = tiles.rows
    slots: tl.constexpr = tiles.best
    places = tl.zeros([height, slots], tl.int32) - 1 - tl.arange(0, slots)[None, :]
    return tl.full([height, slots], LOWEST, tl.float32), places


@compiled
def lowered(arrays, notes, found, place, inside, keys):
    """Scores, less what the gate takes from the logarithms of their weights if it is to count."""
    if notes.centre is not None:
        far = away(notes.centre, place, inside, keys)
        found += tl.maximum(-far * far * arrays.sharpness, LOWEST)
    return found


@compiled
def note_best(found, shown, keys, best_scores, best):
    """The best of these and of a block's keys: one after another, as long as some row has one that is better.

    The first of equals stays: a key only takes the place of one that scores less, of those the last.
    """
    found = tl.where(shown & (found > LOWEST), found, LOWEST)  # nor NaN
    peak, least = tl.max(found, 1), tl.min(best_scores, 1)
    while tl.max((peak > least).to(tl.int32), 0) != 0:
        key = tl.min(tl.where(found == peak[:, None], keys[None, :], _BEYOND), 1)
        last = tl.max(tl.where(best_scores == least[:, None], best, -_BEYOND), 1)
        goes = (best == last[:, None]) & (peak > least)[:, None]
        best_scores = tl.where(goes, peak[:, None], best_scores)
        best = tl.where(goes, key[:, None], best)
        found = tl.where(keys[None, :] == key[:, None], LOWEST, found)
        peak, least = tl.max(found, 1), tl.min(best_scores, 1)
    return best_scores, best


@compiled
def draw(notes, weights, total, n, rows, first, keys):
    """A key of this block with the probability that a row's key lies here, ``sum / total`` so far; else -1.

    The number that decides it, given that it does, is as random within the block: so it finds the key as well. It
    comes from a counter of row and key (Salmon et al. 2011, Philox, doi:10.1145/2063384.2063405), so that nothing is
    kept of it.
    """
    number, _, _, _ = tl.philox(tl.load(notes.seed), rows, rows * 0 + n.to(tl.int32), rows * 0 + first, rows * 0)
    aim = tl.uint_to_uniform_float(number) * total
    taken = (tl.cumsum(weights, 1) > aim[:, None]) & (weights > 0.0)
    key = tl.min(tl.where(taken, keys[None, :], _BEYOND), 1)
    last = tl.max(tl.where(weights > 0.0, keys[None, :], -1), 1)  # where the aim lies beyond their sum, by rounding
    return tl.where(aim < tl.sum(weights, 1), tl.minimum(key, last), -1)


@compiled
def write(notes, place, inside, moment, drawn, best_scores, best):
    """Writes what is noted of a block's rows."""
    tl.store(notes.moments + place, moment, mask=inside)
    if notes.drawn is not None:
        tl.store(notes.drawn + place, drawn, mask=inside)
    if notes.best is not None:
        slots: tl.constexpr = best.shape[1]
        slot = place[:, None] * slots + tl.arange(0, slots)[None, :]
        tl.store(notes.best_scores + slot, best_scores, mask=inside[:, None])
        tl.store(notes.best + slot, best, mask=inside[:, None])
