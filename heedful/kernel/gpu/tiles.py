"""What forward and backward share: the arrays of a problem, the size of blocks, what of a block is seen and its scores.

A block is ``[rows, keys]``: of so many queries and keys, whose positions are `rows` and `keys`.
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# Triton finds the types of kernels out by itself.

from typing import Any, NamedTuple

import torch
import triton.language as tl

from heedful.kernel.given import Given
from heedful.kernel.gpu.additive import additive_scores
from heedful.kernel.gpu.jit import compiled, product


class Arrays(NamedTuple):
    """A problem as kernels see it: T queries, S keys, F features, V numbers a value; N rows in G groups.

    The tanh form's features are transposed, so that a channel's lie side by side, in float32, and channels come in
    fours. All C-contiguous. `keep` has one row for each distinct one, of one or T queries.
    """

    x: Any  # [N, T, F], or of the tanh form [N, F, T]
    y: Any  # [G, S, F], or of the tanh form [G, F, S]
    value: Any  # [G, S, V]
    weight: Any  # float32 [F], of the tanh form
    far: Any  # int32 [1], of the tanh form: 1 where x and y are features, 0 where they are e^(2 feature)
    start: Any  # int32 [N, T]: the first key a query may see
    stop: Any  # int32 [N, T]: the key after the last
    keep: Any  # uint8 [K, 1 or T, S], or None
    keep_of: Any  # int64 [N]
    group: Any  # int64 [N]
    sound: Any  # uint8 [G, S]: 0 where a key's features or its value are no numbers
    centre: Any  # float32 [N, T], or None where nothing is gated
    sharpness: Any  # 1 / (2 deviation^2) of the gate
    queries: Any
    keys: Any
    features: Any
    depth: Any
    keep_rows: Any  # 1 or T


class Tiles(NamedTuple):
    """What a kernel is compiled for: its form, and how much of each axis a block has. All powers of two."""

    tanh: bool
    rows: int
    keys: int
    features: int
    depth: int
    best: int  # the best keys that each row of the forward pass has room for


@compiled
def seen(arrays, n, rows, keys, start, stop):
    """Which pairs of a block may be weighed, of rows that see keys from `start` to `stop`."""
    shown = (keys[None, :] >= start[:, None]) & (keys[None, :] < stop[:, None])
    if arrays.keep is not None:
        row = tl.load(arrays.keep_of + n) * arrays.keep_rows + tl.minimum(rows, arrays.keep_rows - 1)
        place = row[:, None] * arrays.keys + keys[None, :]
        shown = shown & (tl.load(arrays.keep + place, mask=shown, other=0) != 0)
    return shown


@compiled
def sound(arrays, n, keys):
    """Which of a block's keys hold but numbers, in their features and in their values.

    A query that sees another is spoiled, as a whole. For all others what such a key holds is read as zeros: a product
    of matrices gives it the weight 0, and 0 times NaN is not 0.
    """
    place = tl.load(arrays.group + n) * arrays.keys + keys
    return tl.load(arrays.sound + place, mask=keys < arrays.keys, other=1) != 0


@compiled
def scores(arrays, n, rows, keys, tiles: tl.constexpr):
    """Scores ``[rows, keys]``; of queries and keys that there are not, any numbers."""
    height: tl.constexpr = tiles.rows
    length: tl.constexpr = tiles.keys
    group = tl.load(arrays.group + n)
    total = tl.zeros([height, length], tl.float32)
    if tiles.tanh:
        queries = arrays.x + n * arrays.features * arrays.queries + tl.minimum(rows, arrays.queries - 1)[:, None]
        memory = arrays.y + group * arrays.features * arrays.keys + tl.minimum(keys, arrays.keys - 1)[None, :]
        return additive_scores(total, arrays, queries, memory)
    for first in range(0, arrays.features, tiles.features):
        width = first + tl.arange(0, tiles.features)
        x = block(arrays.x + n * arrays.queries * arrays.features, rows, width, arrays.queries, arrays.features)
        y = block(arrays.y + group * arrays.keys * arrays.features, keys, width, arrays.keys, arrays.features)
        total += product(x, tl.trans(y))
    return total


@compiled
def block(matrix, lines, columns, height, width):
    """The numbers of a matrix at these lines and columns, zeros beyond its height and width."""
    inside = (lines < height)[:, None] & (columns < width)[None, :]
    return tl.load(matrix + lines[:, None] * width + columns[None, :], mask=inside, other=0.0)


@compiled
def places(shown, axis: tl.constexpr, lines, height):
    """The places of a block's queries or keys, but beyond the last for those that see, or are seen by, none.

    `block` reads zeros for these, whatever is there: it may be NaN (see `sound`). They are told by their places and
    not by a select after reading, which Triton 3.9 does not compile in half precision.
    """
    return tl.where(tl.max(shown.to(tl.int32), axis) != 0, lines, height)


@compiled
def away(centre, place, inside, keys):
    """How far a block's keys are from its rows' centres, which lie at these places."""
    return keys.to(tl.float32)[None, :] - tl.load(centre + place, mask=inside, other=0.0)[:, None]


@compiled
def gate(arrays, away):
    """The gate of keys so far away from their row's centre."""
    return tl.exp(-away * away * arrays.sharpness)


def tiles_of(given: Given, best: int = 1) -> Tiles:
    """The blocks of a problem: as large as registers hold, and the same in both passes.

    So scores are summed in the same order when they are computed again, and weights come out the same.
    """
    (queries, features), (keys, depth) = given.x.shape[1:], given.value.shape[1:]
    tanh, half = given.weight is not None, torch.float32 not in (given.x.dtype, given.value.dtype)
    return Tiles(
        tanh=tanh,
        rows=_power(queries, 64),
        keys=_power(keys, 64 if half else 32),
        features=16 if tanh else _power(features, 64),
        depth=_power(depth, 128),
        best=1 << (best - 1).bit_length(),
    )


def _power(length: int, most: int) -> int:
    """The power of two that holds so many, between what matrix units take and so many."""
    return min(most, max(16, 1 << (length - 1).bit_length()))
