"""The forward pass: contexts and what each row's weights are relative to, by tiles with a running softmax.

Source: Milakov & Gimelshein 2018 (arXiv:1805.02867) for the running softmax; Dao et al. 2022 (arXiv:2205.14135).
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba finds the types of loops out by itself.

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.jit import LOWEST, compiled, entry, exp, f32, inlined
from heedful.kernel.cpu.micro import LANES, add_product
from heedful.kernel.cpu.notes import begin, draw, give_mass, lower, moved, note_best, note_mass
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
                _weigh_tile(arrays, tile, scores, written, notes, (lanes, cells))
                add_product(context, scores, value[key : key + real], rows, real, 0, context.shape[1])
            _finish(context, top, total)
            if notes is not None and notes.mass.shape[0] > 0:
                give_mass(notes.mass[n, stretch], cells, total)


@compiled
def _weigh_tile(arrays, tile, scores, written, notes, room):
    """Turns a tile's scores into weights, and contexts so far to what these are relative to.

    Functions called for a row are handed rows: to pass on all arrays of a problem takes longer than to weigh it.
    """
    lanes, cells = room
    n, first, real, is_gated = tile.n, tile.first, real_keys(arrays, tile), arrays.centre.shape[0] > 0
    for r in range(tile.rows):
        t, weights, context = tile.row + r, scores[r][: tile.columns], written.out[n, tile.row + r]
        if written.scores.shape[0] > 0:
            copy(written.scores[n, t, first : first + real], weights)
        top, total, peak = written.tops[n, t], written.scales[n, t], highest(weights, lanes)
        best = max(top, peak)
        shrink = exp(top - best)
        if notes is None:
            added = _weigh(weights, best)
        else:
            many = notes.best.shape[2]
            if many > 0 and peak > notes.best_scores[n, t, many - 1]:
                shown = scores[ROWS + 1][:real]
                copy(shown, weights)
                if notes.gated and is_gated:
                    lower(shown, first, arrays.centre[n, t], arrays.sharpness)
                note_best(notes.best_scores[n, t], notes.best[n, t], shown, first)
            added, moment = _weigh_noting(weights, best)
            notes.moments[n, t] = moment + moved(notes.moments[n, t], total, top, best)
        total = total * shrink + added
        written.tops[n, t], written.scales[n, t] = best, total
        for c in range(context.shape[0]):
            context[c] *= shrink
        if notes is not None and notes.drawn.shape[0] > 0:
            key = draw(weights, notes.seed, n * notes.drawn.shape[1] + t, first, added, total)
            notes.drawn[n, t] = key if key >= 0 else notes.drawn[n, t]
        if is_gated:
            gate(weights, first, arrays.centre[n, t], arrays.sharpness)
        if notes is not None and notes.mass.shape[0] > 0:
            note_mass(cells[r], weights, first, notes.edges, shrink)


@inlined
def _clear(context, tops, totals):
    """Before any key is seen."""
    for r in range(context.shape[0]):
        tops[r], totals[r] = LOWEST, f32(0)
        for c in range(context.shape[1]):
            context[r, c] = f32(0)


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


@inlined
def _weigh_noting(scores, best):
    """The same; returns the sum of ``weight (score - best)`` as well."""
    added, moment = f32(0), f32(0)
    if best == LOWEST and not _any_nan(scores):
        fill(scores, f32(0))
    else:
        for j in range(scores.shape[0]):
            away = scores[j] - best
            weight = exp(away)
            scores[j] = weight
            added += weight
            moment += weight * away
    return added, moment


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
