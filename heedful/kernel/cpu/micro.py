"""Matrix products on tiles, their sums held in registers: the micro-kernel of a matrix product, as in BLIS.

A panel is four rows by four vectors of sixteen numbers: its sums stay in registers while it runs along the inner axis.
It is written in LLVM's terms. From a loop over arrays the compiler must check before every short row whether the arrays
overlap, and keeps the sums in memory: 70 to 110 GFLOP/s a core, where the panel reaches 240 to 260.
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false, reportArgumentType=false
# numba infers the types of the loops' arguments.

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from heedful.kernel.cpu.jit import compiled, inlined

LANES = 16
"""Numbers in a vector: one register of AVX-512, two of AVX2, four of NEON."""

_DEPTH = 128
"""Terms that are summed in registers before they are added to memory: rounding then grows with the number of such sums,
and not with the number of terms."""
_runtime = np.int64
"""Turns a literal into a number known only at run time: numba would compile a version of the loops for each literal."""
_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_FUSED = ("contract",)  # a product and a sum may become one fused multiply-add; no other order


class Left(NamedTuple):
    """The left matrix or its transpose: element ``[i, k]`` is number ``i row_step + k inner_step`` of the array."""

    numbers: Any  # float32 [rows, inner] or [inner, rows]
    row_step: int
    inner_step: int


class Extent(NamedTuple):
    """Which rows and columns are multiplied: rows of `out` from `low` on, columns of `b` from `first` on."""

    low: int
    rows: int
    inner: int
    first: int
    columns: int


@inlined
def add_product(out, a, b, rows, inner, first, columns):
    """``out[:rows, :columns] += a[:rows, :inner] @ b[:inner, first : first + columns]``."""
    left = Left(a, _runtime(a.shape[1]), _runtime(1))
    _add(out, left, b, Extent(_runtime(0), _runtime(rows), _runtime(inner), _runtime(first), _runtime(columns)))


@inlined
def add_product_of_transposed(out, a, b, rows, first, columns, width):
    """``out[first : first + columns, :width] += a[:rows, :columns].T @ b[:rows, :width]``."""
    left = Left(a, _runtime(1), _runtime(a.shape[1]))
    _add(out, left, b, Extent(_runtime(first), _runtime(columns), _runtime(rows), _runtime(0), _runtime(width)))


@inlined
def _add(out, left, b, extent):
    """``out[low : low + rows, :columns] += left[:rows, :inner] @ b[:inner, first : first + columns]``."""
    for k in range(0, extent.inner, _DEPTH):
        _add_vectors(out, left, b, extent, k)
    whole = extent.columns // LANES * LANES
    if whole < extent.columns:
        _add_columns(out, left, b, extent, whole)


@compiled
def _add_vectors(out, left, b, extent, k):
    """The same for the whole vectors of a row, and for `_DEPTH` terms of the inner axis from `k` on."""
    # Columns in panels of four vectors, then of one; rows in panels of four, then of one.
    wide, whole = extent.columns // (4 * LANES) * 4 * LANES, extent.columns // LANES * LANES
    depth, across = min(_DEPTH, extent.inner - k), extent.first + k * b.shape[1]
    row = 0
    while row < extent.rows:
        four = row + 4 <= extent.rows
        start, to = row * left.row_step + k * left.inner_step, (extent.low + row) * out.shape[1]
        for c in range(0, wide, 4 * LANES):
            position = (to + c, start, across + c, depth)
            if four:
                _panel_of_four_by_four(out, left, b, position)
            else:
                _panel_of_one_by_four(out, left, b, position)
        for c in range(wide, whole, LANES):
            position = (to + c, start, across + c, depth)
            if four:
                _panel_of_four_by_one(out, left, b, position)
            else:
                _panel_of_one_by_one(out, left, b, position)
        row += 4 if four else 1


@compiled
def _add_columns(out, left, b, extent, whole):
    """The last columns, fewer than a vector; summed in float64, since these sums are not split as a panel's are."""
    # A flat view serves the matrix and its transpose alike.
    flat = left.numbers.reshape(left.numbers.size)
    for row in range(extent.rows):
        for c in range(whole, extent.columns):
            total = np.float64(0)
            for k in range(extent.inner):
                total += flat[row * left.row_step + k * left.inner_step] * b[k, extent.first + c]
            out[extent.low + row, c] += np.float32(total)


def _panel(rows, vectors):  # pyright: ignore
    """A loop over the inner axis that adds to `rows` rows of `vectors` vectors.

    Its arguments: the sums, the left and the right matrix, and four numbers: where the sums and the left matrix's
    numbers begin, the right matrix's first number, and how long the inner axis is.
    """

    @intrinsic
    def panel(context, out, left, b, position):  # pyright: ignore
        def generate(target, builder, signature, values):  # pyright: ignore
            numbers, row_step, inner_step = (builder.extract_value(values[1], i) for i in range(3))
            out_data = target.make_array(out)(target, builder, values[0])
            a_data = target.make_array(left.types[0])(target, builder, numbers)
            b_data = target.make_array(b)(target, builder, values[2])
            to, start, first, inner = (builder.extract_value(values[3], i) for i in range(4))
            out_width, b_width = (builder.extract_value(array.shape, 1) for array in (out_data, b_data))
            # LLVM turns these stack slots into registers (mem2reg), since nothing takes their address.
            sums = [[cgutils.alloca_once(builder, _VECTOR) for _ in range(vectors)] for _ in range(rows)]
            for line in sums:
                for total in line:
                    builder.store(ir.Constant(_VECTOR, [0.0] * LANES), total)
            with cgutils.for_range(builder, inner, intp=ir.IntType(64)) as loop:
                line = builder.add(first, builder.mul(loop.index, b_width))
                # align=4: rows of arrays begin at any float32. Unaligned loads cost nothing on today's processors, and
                # the default alignment of a vector would be a fault.
                right = [
                    builder.load(_vector_at(builder, b_data.data, line, LANES * v), align=4) for v in range(vectors)
                ]
                along = builder.add(start, builder.mul(loop.index, inner_step))
                for row in range(rows):
                    number = _broadcast(builder, a_data.data, builder.add(along, builder.mul(_constant(row), row_step)))
                    for v in range(vectors):
                        product = builder.fmul(number, right[v], flags=_FUSED)
                        builder.store(builder.fadd(builder.load(sums[row][v]), product, flags=_FUSED), sums[row][v])
            for row in range(rows):
                line = builder.add(to, builder.mul(_constant(row), out_width))
                for v in range(vectors):
                    position = _vector_at(builder, out_data.data, line, LANES * v)
                    total = builder.fadd(builder.load(position, align=4), builder.load(sums[row][v]))
                    builder.store(total, position, align=4)
            return target.get_dummy_value()

        return types.void(out, left, b, position), generate

    return panel


def _constant(value):  # pyright: ignore
    return ir.Constant(ir.IntType(64), value)


def _vector_at(builder, data, start, further):  # pyright: ignore
    """The address of a vector, `start + further` numbers from the start of an array."""
    return builder.bitcast(builder.gep(data, [builder.add(start, _constant(further))]), _VECTOR.as_pointer())


def _broadcast(builder, data, position):  # pyright: ignore
    """A vector all of whose lanes hold one number of an array."""
    # LLVM recognises insert-and-shuffle as a broadcast, one instruction.
    none = ir.Constant(_VECTOR, ir.Undefined)
    lane = builder.insert_element(none, builder.load(builder.gep(data, [position])), ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(lane, none, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


_panel_of_four_by_four, _panel_of_four_by_one = _panel(4, 4), _panel(4, 1)
_panel_of_one_by_four, _panel_of_one_by_one = _panel(1, 4), _panel(1, 1)
