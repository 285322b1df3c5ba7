"""The forward pass: contexts and what each row's weights are relative to, by tiles with a running softmax.

Source: Milakov & Gimelshein 2018 (arXiv:1805.02867) for the running softmax; Dao et al. 2022 (arXiv:2205.14135).
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba finds the types of loops out by itself.

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.jit import LOWEST, compiled, entry, exp, f32
from heedful.kernel.cpu.micro import LANES, add_product
from heedful.kernel.cpu.notes import begin, note_best, note_drawn, note_mass
from heedful.kernel.cpu.tiles import KEYS, ROWS, Tile, gate, highest, reach, real_keys, score_tile


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
    cells = np.zeros((ROWS, 0), np.float32)
    if notes is not None:
        cells = np.zeros((ROWS, notes.edges.shape[0] - 1), np.float32)
    scores, lanes = np.empty((ROWS + 2, KEYS), np.float32), np.empty(LANES, np.float32)
    for piece in range(first, last):
        n, stretch = piece // stretches, piece % stretches
        for row in range(cuts[stretch], cuts[stretch + 1], ROWS):
            rows = Tile(n, row, min(ROWS, cuts[stretch + 1] - row), 0, 0)
            if notes is not None:
                begin(notes, rows)
                cells[:] = f32(0)
            _look(arrays, rows, written, notes, (scores, lanes, cells))
            if notes is not None and notes.mass.shape[0] > 0:
                _give(notes.mass[n, stretch], cells[: rows.rows], written.scales[n, row : row + rows.rows])


@compiled
def _look(arrays, rows, written, notes, room):
    """Looks with some queries at all keys that they may see."""
    scores, lanes, cells = room
    n, row = rows.n, rows.row
    context = written.out[n, row : row + rows.rows]
    top, total = written.tops[n, row : row + rows.rows], written.scales[n, row : row + rows.rows]
    context[:], top[:], total[:] = f32(0), LOWEST, f32(0)
    value = arrays.value[arrays.group[n]]
    low, high = reach(arrays, n, row, rows.rows)
    for key in range(low, high, KEYS):
        tile = Tile(n, row, rows.rows, key, min(KEYS, high - key))
        score_tile(arrays, tile, scores)
        real = real_keys(arrays, tile)
        for r in range(tile.rows):
            if written.scores.shape[0] > 0:
                written.scores[n, row + r, key : key + real] = scores[r][:real]
            weights = scores[r][: tile.columns]
            peak = highest(weights, lanes)
            best = max(top[r], peak)
            shrink = exp(top[r] - best)
            if notes is None:
                added = _weigh(weights, best)
            else:
                if notes.best.shape[2] > 0 and peak > notes.best_scores[n, row + r, notes.best.shape[2] - 1]:
                    note_best(notes, _shown(arrays, notes, scores, tile, r)[:real], tile, r)
                moment = notes.moments[n, row + r]
                moment = f32(0) if total[r] == f32(0) else shrink * (moment + (top[r] - best) * total[r])
                added, own = _weigh_noting(weights, best)
                notes.moments[n, row + r] = moment + own
                cells[r] *= shrink
            top[r], total[r] = best, total[r] * shrink + added
            for c in range(context.shape[1]):
                context[r, c] *= shrink
            if notes is not None and notes.drawn.shape[0] > 0 and added > f32(0):
                note_drawn(notes, weights, tile, r, (added, total[r]))
            if arrays.centre.shape[0] > 0:
                gate(weights, key, arrays.centre[n, row + r], arrays.sharpness)
            if notes is not None and notes.mass.shape[0] > 0:
                note_mass(cells[r], weights, key, notes.edges)
        add_product(context, scores, value[key : key + real], tile.rows, real, 0, context.shape[1])
    _finish(context, top, total)


@compiled
def _shown(arrays, notes, scores, tile, row):
    """A row of scores, with what the gate does to its weights if the best are wanted so."""
    if not notes.gated or arrays.centre.shape[0] == 0:
        return scores[row]
    shown, centre = scores[ROWS + 1], arrays.centre[tile.n, tile.row + row]
    for j in range(tile.columns):
        away = f32(tile.first + j) - centre
        shown[j] = max(LOWEST, scores[row, j] - away * away * arrays.sharpness)
    return shown


@compiled
def _weigh(scores, best):
    """Turns a row of scores into weights relative to the highest so far; returns their sum."""
    if best == LOWEST and not _any_nan(scores):
        scores[:] = f32(0)
        return f32(0)
    added = f32(0)
    for j in range(scores.shape[0]):
        weight = exp(scores[j] - best)
        scores[j] = weight
        added += weight
    return added


@compiled
def _weigh_noting(scores, best):
    """The same; returns the sum of ``weight (score - best)`` as well."""
    if best == LOWEST and not _any_nan(scores):
        scores[:] = f32(0)
        return f32(0), f32(0)
    added, moment = f32(0), f32(0)
    for j in range(scores.shape[0]):
        away = scores[j] - best
        weight = exp(away)
        scores[j] = weight
        added += weight
        moment += weight * away
    return added, moment


@compiled
def _any_nan(scores):
    for j in range(scores.shape[0]):  # noqa: SIM110 - numba takes no generators
        if scores[j] != scores[j]:
            return True
    return False


@compiled
def _finish(context, tops, sums):
    """Divides by the sums, and turns these into scales."""
    for r in range(context.shape[0]):
        if sums[r] == f32(0):
            tops[r] = f32(0)
            continue
        sums[r] = f32(1) / sums[r]
        for c in range(context.shape[1]):
            context[r, c] *= sums[r]


@compiled
def _give(mass, cells, scales):
    """Adds what rows have summed by block, scaled, to the mass of their stretch."""
    for r in range(cells.shape[0]):
        for c in range(mass.shape[0]):
            mass[c] += cells[r, c] * scales[r]
