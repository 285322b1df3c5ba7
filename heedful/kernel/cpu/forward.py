"""The forward pass: contexts and what each row's weights are relative to, by tiles with a running softmax.

Source: Milakov & Gimelshein 2018 (arXiv:1805.02867) for the running softmax; Dao et al. 2022 (arXiv:2205.14135).
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba finds the types of loops out by itself.

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.jit import LOWEST, compiled, entry, exp, f32, inlined
from heedful.kernel.cpu.micro import LANES, add_product
from heedful.kernel.cpu.notes import begin, give_mass, note_best, note_drawn, note_mass
from heedful.kernel.cpu.tiles import KEYS, ROWS, Tile, copy, fill, gate, highest, reach, real_keys, score_tile


class Written(NamedTuple):
    """What the forward pass writes.

    With `tops`, each row's highest score, and `scales` a weight is ``exp(score - top) * scale``; a row that sees
    nothing has scale 0. They are kept apart: in their sum, the usual log-sum-exp, digits of the weights get lost.
    """

    out: Any  # float32 [N, T, V]
    tops: Any  # float32 [N, T]
    scales: Any  # float32 [N, T]
    scores: Any  # float32 [N or 0, T, S]: the scores themselves, where they are to be kept


@entry
def forward(arrays, cuts, first, last, written, notes):
    """Computes pieces `first` to `last`, counted through all rows of the batch.

    A row n has queries ``cuts[i]`` to ``cuts[i + 1]`` in piece ``n * (len(cuts) - 1) + i``. `notes` is None, or
    where to write `Notes`.
    """
    stretches = cuts.shape[0] - 1
    scores, lanes = np.empty((ROWS + 2, KEYS), np.float32), np.empty(LANES, np.float32)
    cells = np.empty((ROWS, 0 if notes is None else notes.edges.shape[0] - 1), np.float32)
    for piece in range(first, last):
        n, stretch = piece // stretches, piece % stretches
        value = arrays.value[arrays.group[n]]
        for row in range(cuts[stretch], cuts[stretch + 1], ROWS):
            rows = min(ROWS, cuts[stretch + 1] - row)
            context = written.out[n, row : row + rows]
            top, total = written.tops[n, row : row + rows], written.scales[n, row : row + rows]
            _clear(context, top, total)
            if notes is not None:
                begin(notes, cells, n, row, rows)
            low, high = reach(arrays, n, row, rows)
            for key in range(low, high, KEYS):
                tile = Tile(n, row, rows, key, min(KEYS, high - key))
                score_tile(arrays, tile, scores)
                real = real_keys(arrays, tile)
                for r in range(rows):
                    _turn(arrays, tile, r, scores, written, notes, (lanes, cells))
                add_product(context, scores, value[key : key + real], rows, real, 0, context.shape[1])
            _finish(context, top, total)
            if notes is not None and notes.mass.shape[0] > 0:
                give_mass(notes.mass[n, stretch], cells, total)


@compiled
def _turn(arrays, tile, r, scores, written, notes, room):
    """Turns a row of a tile's scores into weights, and its context so far to what these are relative to."""
    lanes, cells = room
    n, t, weights = tile.n, tile.row + r, scores[r][: tile.columns]
    if written.scores.shape[0] > 0:
        copy(written.scores[n, t, tile.first : tile.first + real_keys(arrays, tile)], weights)
    top, total, context = written.tops[n, t], written.scales[n, t], written.out[n, t]
    peak = highest(weights, lanes)
    best = max(top, peak)
    shrink = exp(top - best)
    if notes is not None and notes.best.shape[2] > 0:
        note_best(notes, _shown(arrays, notes, scores, tile, r), tile, r, peak)
    added = _weigh(weights, best) if notes is None else _weigh_noting(notes, weights, n, t, best, top, total)
    total = total * shrink + added
    written.tops[n, t], written.scales[n, t] = best, total
    for c in range(context.shape[0]):
        context[c] *= shrink
    if notes is not None and notes.drawn.shape[0] > 0:
        note_drawn(notes, weights, tile, r, added, total)
    if arrays.centre.shape[0] > 0:
        gate(weights, tile.first, arrays.centre[n, t], arrays.sharpness)
    if notes is not None and notes.mass.shape[0] > 0:
        note_mass(cells[r], weights, tile.first, notes.edges, shrink)


@inlined
def _clear(context, tops, totals):
    """Before any key is seen."""
    for r in range(context.shape[0]):
        tops[r], totals[r] = LOWEST, f32(0)
        for c in range(context.shape[1]):
            context[r, c] = f32(0)


@compiled
def _shown(arrays, notes, scores, tile, row):
    """A row of scores, with what the gate does to its weights if the best are wanted so."""
    if not notes.gated or arrays.centre.shape[0] == 0:
        return scores[row][: real_keys(arrays, tile)]
    shown, centre = scores[ROWS + 1], arrays.centre[tile.n, tile.row + row]
    for j in range(tile.columns):
        away = f32(tile.first + j) - centre
        shown[j] = max(LOWEST, scores[row, j] - away * away * arrays.sharpness)
    return shown[: real_keys(arrays, tile)]


@inlined
def _weigh(scores, best):
    """Turns a row of scores into weights relative to the highest so far; returns their sum."""
    if best == LOWEST and not _any_nan(scores):
        fill(scores, f32(0))
        return f32(0)
    added = f32(0)
    for j in range(scores.shape[0]):
        weight = exp(scores[j] - best)
        scores[j] = weight
        added += weight
    return added


@compiled
def _weigh_noting(notes, scores, n, t, best, top, total):
    """The same; notes the sum of ``weight (score - top)`` for the entropy, of all weights so far."""
    if best == LOWEST and not _any_nan(scores):
        fill(scores, f32(0))
        return f32(0)
    added, moment = f32(0), f32(0)
    for j in range(scores.shape[0]):
        away = scores[j] - best
        weight = exp(away)
        scores[j] = weight
        added += weight
        moment += weight * away
    if total > f32(0):
        moment += exp(top - best) * (notes.moments[n, t] + (top - best) * total)
    notes.moments[n, t] = moment
    return added


@inlined
def _any_nan(scores):
    for j in range(scores.shape[0]):  # noqa: SIM110 - numba takes no generators
        if scores[j] != scores[j]:
            return True
    return False


@inlined
def _finish(context, tops, sums):
    """Divides by the sums, and turns these into scales."""
    for r in range(context.shape[0]):
        if sums[r] == f32(0):
            tops[r] = f32(0)
            continue
        sums[r] = f32(1) / sums[r]
        for c in range(context.shape[1]):
            context[r, c] *= sums[r]
