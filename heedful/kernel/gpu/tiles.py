"""What forward and backward share: the arrays of a problem, block sizes, which pairs are visible, and their scores.

A block is ``[rows, keys]``: some queries and some keys, whose positions are `rows` and `keys`.
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# Triton infers the types of kernels' arguments.

from typing import Any, NamedTuple

import torch
import triton.language as tl

from heedful.kernel.gpu.additive import additive_scores
from heedful.kernel.gpu.jit import compiled, dot
from heedful.kernel.inputs import KernelInputs


class Arrays(NamedTuple):
    """A problem as kernels see it: T queries, S keys, F features, V numbers a value; N batch rows in G groups.

    The tanh form's features are transposed, so that neighbouring threads read neighbouring numbers of a channel, in
    float32, and channels come in multiples of four. All are C-contiguous. `keep` has one row for each distinct mask,
    for one or T queries.
    """

    x: Any  # [N, T, F], or of the tanh form [N, F, T]
    y: Any  # [G, S, F], or of the tanh form [G, F, S]
    value: Any  # [G, S, V]
    weight: Any  # float32 [F], of the tanh form
    direct: Any  # int32 [1], of the tanh form: 1 where x and y are features, 0 where they are e^(2 feature)
    start: Any  # int32 [N, T]: the first key a query may see
    stop: Any  # int32 [N, T]: the key after the last
    keep: Any  # uint8 [K, 1 or T, S], or None
    keep_index: Any  # int64 [N]
    group: Any  # int64 [N]
    finite: Any  # uint8 [G, S]: 0 where a key's features or its value hold NaN or infinity
    centre: Any  # float32 [N, T], or None where there is no gate
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
def visible_pairs(arrays, n, rows, keys, start, stop):
    """Which pairs of a block may be weighed, of rows that see keys from `start` to `stop`."""
    visible = (keys[None, :] >= start[:, None]) & (keys[None, :] < stop[:, None])
    if arrays.keep is not None:
        # One mask for all queries has a single row: the minimum keeps every query's index within it.
        row = tl.load(arrays.keep_index + n) * arrays.keep_rows + tl.minimum(rows, arrays.keep_rows - 1)
        index = row[:, None] * arrays.keys + keys[None, :]
        visible = visible & (tl.load(arrays.keep + index, mask=visible, other=0) != 0)
    return visible


@compiled
def finite_keys(arrays, n, keys):
    """Which of a block's keys hold finite numbers only, in their features and in their values.

    A query that sees another key gets NaN throughout. For all other queries such a key is read as zeros: a matrix
    product gives it weight 0, and 0 times NaN is NaN.
    """
    index = tl.load(arrays.group + n) * arrays.keys + keys
    return tl.load(arrays.finite + index, mask=keys < arrays.keys, other=1) != 0


@compiled
def scores(arrays, n, rows, keys, tiles: tl.constexpr):
    """Scores ``[rows, keys]``; queries and keys beyond the last get arbitrary numbers, which the caller masks."""
    # Shapes must be compile-time constants under a name of their own; Triton does not take an attribute of `tiles`.
    n_rows: tl.constexpr = tiles.rows
    n_keys: tl.constexpr = tiles.keys
    group = tl.load(arrays.group + n)
    total = tl.zeros([n_rows, n_keys], tl.float32)
    if tiles.tanh:
        # Indices beyond the last are clamped and not masked: a mask at every load of every channel would cost more.
        queries = arrays.x + n * arrays.features * arrays.queries + tl.minimum(rows, arrays.queries - 1)[:, None]
        memory = arrays.y + group * arrays.features * arrays.keys + tl.minimum(keys, arrays.keys - 1)[None, :]
        return additive_scores(total, arrays, queries, memory)
    for first in range(0, arrays.features, tiles.features):
        width = first + tl.arange(0, tiles.features)
        x = load_block(arrays.x + n * arrays.queries * arrays.features, rows, width, arrays.queries, arrays.features)
        y = load_block(arrays.y + group * arrays.keys * arrays.features, keys, width, arrays.keys, arrays.features)
        total += dot(x, tl.trans(y))
    return total


@compiled
def load_block(matrix, lines, columns, height, width):
    """The numbers of a row-major matrix at these lines and columns, zeros beyond its height and width."""
    inside = (lines < height)[:, None] & (columns < width)[None, :]
    return tl.load(matrix + lines[:, None] * width + columns[None, :], mask=inside, other=0.0)


@compiled
def lines_in_use(visible, axis: tl.constexpr, lines, height):
    """A block's queries or keys as lines of a matrix; one beyond the last for those without a visible pair.

    `load_block` then reads zeros for these, whatever is stored there: it may be NaN (see `finite_keys`). A select after
    reading would do the same, but Triton 3.9 does not compile it in half precision.
    """
    return tl.where(tl.max(visible.to(tl.int32), axis) != 0, lines, height)


@compiled
def distance_to_centre(centre, index, inside, keys):
    """How far a block's keys are from the centres of its rows."""
    return keys.to(tl.float32)[None, :] - tl.load(centre + index, mask=inside, other=0.0)[:, None]


@compiled
def gate(arrays, distance):
    """The gate of keys at a distance from their row's centre."""
    return tl.exp(-distance * distance * arrays.sharpness)


def tiles_of(inputs: KernelInputs, best: int = 1) -> Tiles:
    """The block sizes of a problem: as large as registers allow.

    They are the same in both passes, so that the backward pass sums scores in the same order and gets the same weights.
    """
    (queries, features), (keys, depth) = inputs.x.shape[1:], inputs.value.shape[1:]
    tanh, half = inputs.weight is not None, torch.float32 not in (inputs.x.dtype, inputs.value.dtype)
    return Tiles(
        tanh=tanh,
        rows=_power_of_two(queries, 64),
        keys=_power_of_two(keys, 64 if half else 32),
        features=16 if tanh else _power_of_two(features, 64),
        depth=_power_of_two(depth, 128),
        best=1 << (best - 1).bit_length(),
    )


def _power_of_two(length: int, most: int) -> int:
    """The power of two that holds a length, at most `most`; at least 16, the smallest that matrix units multiply."""
    return min(most, max(16, 1 << (length - 1).bit_length()))
