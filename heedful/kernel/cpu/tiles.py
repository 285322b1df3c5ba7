"""What forward and backward share: the arrays of a problem, and the scores and weights of one tile of it."""

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.additive import direct_scores, factored_scores
from heedful.kernel.cpu.jit import LOWEST, compiled, exp, f32
from heedful.kernel.cpu.micro import add_product

INNER, FACTORED, DIRECT = 0, 1, 2
"""How a tile is scored: by a matrix product, by the tanh form's factors, by the tanh form pair by pair."""

ROWS, KEYS = 16, 256
"""The queries and keys of a tile: its scores (16 KiB) stay in the nearest cache while its channels pass by."""


class Arrays(NamedTuple):
    """A problem as loops see it; N rows of the batch, in G groups that share keys and values. All are C-contiguous.

    The keys' features are transposed, so that loops run along keys. `keep` has one row a group of rows that share it
    (`keep_of` says which), and one or T queries; with no rows at all everything may be seen. `centre` has no rows
    where nothing is gated.
    """

    form: int
    x: Any  # float32 [N, T, F]: features of the queries, or e^(2x)
    y: Any  # float32 [G, F, S]: features of the keys, or e^(2y)
    value: Any  # float32 [G, S, V]
    weight: Any  # float32 [F], of the tanh form
    start: Any  # int32 [N, T]: the first key a query may see
    stop: Any  # int32 [N, T]: the key after the last
    keep: Any  # uint8 [K, 1 or T, S]
    keep_of: Any  # int64 [N]
    group: Any  # int64 [N]
    centre: Any  # float32 [N or 0, T]
    sharpness: Any  # float32: 1 / (2 deviation^2) of the gate


@compiled
def reach(arrays, n, row, rows):
    """The first key that a tile's queries may see, and the key after the last."""
    low, high = arrays.y.shape[2], 0
    for t in range(row, row + rows):
        start, stop = arrays.start[n, t], arrays.stop[n, t]
        if stop > start:
            low, high = min(low, start), max(high, stop)
    return low, high


@compiled
def score_tile(arrays, n, row, rows, first, columns, scores):
    """Writes the scores of a tile, the lowest number where a query may not look; clears the row after the last."""
    scores[: rows + 1, :columns] = f32(0)
    x, y = arrays.x[n, row : row + rows], arrays.y[arrays.group[n]]
    if arrays.form == FACTORED:
        factored_scores(scores, x, y, arrays.weight, rows, first, columns)
    elif arrays.form == DIRECT:
        direct_scores(scores, x, y, arrays.weight, rows, first, columns)
    else:
        add_product(scores, x, y, rows, x.shape[1], first, columns)
    for r in range(rows):
        start, stop = arrays.start[n, row + r] - first, arrays.stop[n, row + r] - first
        if start > 0 or stop < columns:
            _hide_outside(scores[r], start, stop, columns)
    if arrays.keep.shape[0] > 0:
        shown = arrays.keep[arrays.keep_of[n]]
        for r in range(rows):
            _hide_dropped(scores[r], shown[row + r if shown.shape[0] > 1 else 0][first : first + columns])


@compiled
def _hide_outside(scores, start, stop, columns):
    """Gives the lowest number to all but keys `start` to `stop` of a row."""
    for j in range(min(start, columns)):
        scores[j] = LOWEST
    for j in range(max(stop, 0), columns):
        scores[j] = LOWEST


@compiled
def _hide_dropped(scores, keep):
    """Gives the lowest number to the keys of a row that are not kept."""
    for j in range(keep.shape[0]):
        scores[j] = scores[j] if keep[j] != np.uint8(0) else LOWEST


@compiled
def gate(centre, sharpness, first, columns, weights):
    """Multiplies a row of weights by its gate, ``exp(-(s - centre)^2 sharpness)``."""
    for j in range(columns):
        away = f32(first + j) - centre
        weights[j] *= exp(-away * away * sharpness)


@compiled
def highest(scores, columns, lanes):
    """The highest of a row's scores, NaN aside; `lanes` is room for 16 numbers."""
    for i in range(16):
        lanes[i] = LOWEST
    whole = columns // 16 * 16
    for j in range(0, whole, 16):
        for i in range(16):
            lanes[i] = scores[j + i] if scores[j + i] > lanes[i] else lanes[i]
    for j in range(whole, columns):
        lanes[0] = scores[j] if scores[j] > lanes[0] else lanes[0]
    best = lanes[0]
    for i in range(1, 16):
        best = lanes[i] if lanes[i] > best else best
    return best
