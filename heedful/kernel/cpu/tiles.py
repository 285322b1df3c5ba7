"""What forward and backward share: the arrays of a problem, and the scores and weights of one tile of it."""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba infers the types of the loops' arguments.

from typing import Any, NamedTuple

import numpy as np

from heedful.kernel.cpu.forms import add_scores
from heedful.kernel.cpu.jit import LOWEST, compiled, exp, f32, inlined
from heedful.kernel.cpu.micro import LANES

ROWS, KEYS = 16, 512
"""Queries and keys of a tile: its scores (32 KiB) stay in the nearest caches while its channels pass by."""


class Tile(NamedTuple):
    """`rows` queries of batch row `n`, from query `row` on, and `columns` keys, from key `first` on: whole vectors."""

    n: int
    row: int
    rows: int
    first: int
    columns: int


class Arrays(NamedTuple):
    """A problem as loops see it: N rows of the batch, in G groups that share keys and values. All are C-contiguous.

    The keys' features are transposed, so that the inner loops run along keys with whole vectors, and padded to a
    multiple of a vector. `keep` has one row for each distinct mask (`keep_index` says whose is which), for one or T
    queries; with no rows at all everything may be seen. `centre` has no rows where there is no gate.
    """

    form: Any  # one of `forms`
    x: Any  # float32 [N, T, F]: features of the queries, or e^(2x)
    y: Any  # float32 [G, F, S and padding]: features of the keys, or e^(2y); of the step form [G, S, F]
    value: Any  # float32 [G, S, V]
    start: Any  # int32 [N, T]: the first key a query may see
    stop: Any  # int32 [N, T]: the key after the last
    keep: Any  # uint8 [K, 1 or T, S]
    keep_index: Any  # int64 [N]
    group: Any  # int64 [N]
    centre: Any  # float32 [N or 0, T]
    sharpness: Any  # float32: 1 / (2 deviation^2) of the gate


@inlined
def fill(numbers, number):
    """Writes one number everywhere; an assignment to a slice does the same, and takes numba long to compile."""
    for j in range(numbers.shape[0]):
        numbers[j] = number


@inlined
def copy(target, source):
    """Overwrites `target` with the first numbers of `source`."""
    for j in range(target.shape[0]):
        target[j] = source[j]


@inlined
def key_range(arrays, n, row, rows):
    """The first key that a tile's queries may see, and the key after the last, rounded out to whole vectors."""
    low, high = arrays.value.shape[1], 0
    for t in range(row, row + rows):
        start, stop = arrays.start[n, t], arrays.stop[n, t]
        # A query that sees nothing has stop == start at any place: it must not widen the range.
        if stop > start:
            low, high = min(low, start), max(high, stop)
    return low // LANES * LANES, (high + LANES - 1) // LANES * LANES


@inlined
def count_valid_keys(arrays, tile):
    """How many of a tile's columns are keys; the rest of the last vector is padding."""
    return min(tile.columns, arrays.value.shape[1] - tile.first)


@compiled
def score_tile(arrays, tile, scores):
    """Writes the scores of a tile, the lowest number where a query may not look; clears the row after the last."""
    # Forms add to what is there, and the tanh form takes rows by twos: the row after the last has to be clear as well.
    for r in range(tile.rows + 1):
        fill(scores[r][: tile.columns], f32(0))
    x, y = arrays.x[tile.n, tile.row : tile.row + tile.rows], arrays.y[arrays.group[tile.n]]
    add_scores(arrays.form, scores, x, y, tile)
    # Everything in the tile was scored; what a query may not see is overwritten. This also hides the padding, since no
    # `stop` lies beyond the last key. Inside a band most rows need nothing here.
    for r in range(tile.rows):
        start, stop = arrays.start[tile.n, tile.row + r] - tile.first, arrays.stop[tile.n, tile.row + r] - tile.first
        if start > 0 or stop < tile.columns:
            _hide_outside(scores[r][: tile.columns], start, stop)
    if arrays.keep.shape[0] > 0:
        keep = arrays.keep[arrays.keep_index[tile.n]]
        for r in range(tile.rows):
            keep_row = keep[tile.row + r if keep.shape[0] > 1 else 0]
            _hide_dropped(scores[r], keep_row[tile.first : tile.first + count_valid_keys(arrays, tile)])


@inlined
def _hide_outside(scores, start, stop):
    """Gives the lowest number to all but keys `start` to `stop` of a row."""
    for j in range(min(start, scores.shape[0])):
        scores[j] = LOWEST
    for j in range(max(stop, 0), scores.shape[0]):
        scores[j] = LOWEST


@inlined
def _hide_dropped(scores, keep):
    """Gives the lowest number to the keys of a row that are not kept."""
    # A select and not an `if` with a store: the compiler vectorises the former.
    for j in range(keep.shape[0]):
        scores[j] = scores[j] if keep[j] != np.uint8(0) else LOWEST


@inlined
def apply_gate(weights, first, centre, sharpness):
    """Multiplies a row of weights from key `first` on by their gate, ``exp(-(s - centre)^2 sharpness)``."""
    for j in range(weights.shape[0]):
        distance = f32(first + j) - centre
        weights[j] *= exp(-distance * distance * sharpness)


@inlined
def row_maximum(scores, lanes):
    """The highest of a row's scores, NaN aside; `lanes` is room for a vector."""
    # A maximum for each lane, and then the maximum of these: a single running maximum would be one long dependency
    # that the compiler may not reorder, since NaN makes the order matter. Comparisons with NaN are false, so that it
    # is never the highest.
    for i in range(LANES):
        lanes[i] = LOWEST
    for j in range(0, scores.shape[0], LANES):
        for i in range(LANES):
            lanes[i] = scores[j + i] if scores[j + i] > lanes[i] else lanes[i]
    best = LOWEST
    for i in range(LANES):
        best = lanes[i] if lanes[i] > best else best
    return best
