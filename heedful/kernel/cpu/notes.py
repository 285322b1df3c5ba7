"""What the forward pass can note of weights while it has them: the entropy, the best keys, one drawn, sums by block.

A weight is only known up to the highest score so far, as in the running softmax; so what is noted shrinks when a higher
score comes, and is scaled at the end of a row.
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba finds the types of loops out by itself.

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.jit import LOWEST, compiled, exp, f32, inlined


class Notes(NamedTuple):
    """Where notes are written; what is not wanted has no columns (the best) or no rows (the drawn, the mass)."""

    moments: Any  # float32 [N, T]: the sum of weight (score - top), of weights that are not yet scaled
    best_scores: Any  # float32 [N, T, k]: the highest scores, in descending order
    best: Any  # int64 [N, T, k]: their keys; -1 where a row sees fewer
    drawn: Any  # int64 [N or 0, T]: a key drawn by the weights; -1 where a row sees none
    mass: Any  # float32 [N or 0, stretches, C]: the weights of a stretch of queries, summed over C blocks of keys
    edges: Any  # int64 [C + 1]: where blocks of keys begin, and the end
    seed: Any  # uint64: what draws begin with
    gated: bool  # whether the best are those with the highest weights after the gate


@compiled
def begin(notes, cells, n, row, rows):
    """Clears what is noted of some rows, and the blocks of keys that they sum up their weights in."""
    for r in range(rows):
        notes.moments[n, row + r] = f32(0)
        for place in range(notes.best.shape[2]):
            notes.best_scores[n, row + r, place], notes.best[n, row + r, place] = LOWEST, -1
        if notes.drawn.shape[0] > 0:
            notes.drawn[n, row + r] = -1
        for c in range(cells.shape[1]):
            cells[r, c] = f32(0)


@inlined
def moved(moment, total, top, best):
    """The sum of ``weight (score - top)`` when the highest score is no more `top` but `best`; 0 of nothing."""
    return exp(top - best) * (moment + (top - best) * total) if total > f32(0) else f32(0)


@compiled
def lower(scores, first, centre, sharpness):
    """Takes from scores of keys from `first` on what their gate takes from the logarithms of their weights."""
    for j in range(scores.shape[0]):
        away = f32(first + j) - centre
        scores[j] = max(LOWEST, scores[j] - away * away * sharpness)


@compiled
def note_best(best, keys, scores, first):
    """Puts scores of a row that are higher than the lowest of its best in their places; the first of equals stays."""
    last = best.shape[0] - 1
    for j in range(scores.shape[0]):
        if scores[j] > best[last]:
            place = last
            while place > 0 and scores[j] > best[place - 1]:
                best[place], keys[place] = best[place - 1], keys[place - 1]
                place -= 1
            best[place], keys[place] = scores[j], first + j


@compiled
def draw(weights, seed, row, first, added, total):
    """A key of this tile with the probability that a row's key lies here, ``added / total`` so far; else -1.

    The number that decides it, given that it does, is as random within the tile: so it finds the key as well.
    """
    aim = _uniform(seed, row, first) * total
    if not aim < added:
        return -1
    passed, last = np.float64(0), -1
    for j in range(weights.shape[0]):
        if weights[j] > f32(0):
            passed, last = passed + np.float64(weights[j]), first + j
            if passed > aim:
                break
    return last


@compiled
def _uniform(seed, row, key):
    """A number in [0, 1) for a row and a tile (Steele et al. 2014, SplitMix64, doi:10.1145/2660193.2660195)."""
    state = _mixed(seed + np.uint64(row) * np.uint64(0x9E3779B97F4A7C15))
    state = _mixed(state + np.uint64(key) * np.uint64(0x9E3779B97F4A7C15))
    return np.float64(state >> np.uint64(11)) * 2.0**-53


@compiled
def _mixed(state):
    state += np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@compiled
def note_mass(cells, weights, first, edges, shrink):
    """Adds a row's weights from key `first` on to the blocks of keys they lie in, which shrink beforehand."""
    if shrink != f32(1):
        for c in range(cells.shape[0]):
            cells[c] *= shrink
    cell, at = 0, 0
    while cell < cells.shape[0] and edges[cell + 1] <= first:
        cell += 1
    while cell < cells.shape[0] and at < weights.shape[0]:
        end = min(edges[cell + 1] - first, weights.shape[0])
        total = f32(0)
        for j in range(at, end):
            total += weights[j]
        cells[cell] += total
        cell, at = cell + 1, max(at, end)


@compiled
def give_mass(mass, cells, scales):
    """Adds what rows have summed by block, scaled, to the mass of their stretch."""
    for r in range(scales.shape[0]):
        for c in range(mass.shape[0]):
            mass[c] += cells[r, c] * scales[r]
