"""Matrix products on tiles, their sums held in registers.

A panel is four rows by four vectors of sixteen: its sums stay in registers while it runs along the inner axis. It is
spelt for LLVM directly, since from a loop over arrays the compiler must ask before every short row whether the
arrays overlap, and keeps the sums in memory.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from heedful.kernel.cpu.jit import compiled, f32

LANES = 16
"""Numbers of a vector: one register of AVX-512, two of AVX2, four of NEON."""

_whole = np.int64
"""A number that is no constant to the compiler, which would make a version of the loops for each."""
_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_FUSED = ("contract",)


@compiled
def add_product(out, a, b, rows, inner, first, columns):
    """``out[:rows, :columns] += a[:rows, :inner] @ b[:inner, first : first + columns]``."""
    _add(out, _whole(0), rows, a, a.shape[1], _whole(1), b, _whole(first), inner, columns)


@compiled
def add_product_of_transposed(out, a, b, rows, first, columns, width):
    """``out[first : first + columns, :width] += a[:rows, :columns].T @ b[:rows, :width]``."""
    _add(out, first, columns, a, _whole(1), a.shape[1], b, _whole(0), rows, width)


@compiled
def _add(out, low, rows, a, row_step, inner_step, b, first, inner, columns):
    """``out[low : low + rows, :columns] += A @ b[:inner, first : first + columns]``.

    ``A[i, k]`` is number ``i row_step + k inner_step`` of `a`, so that a matrix and its transposed are read alike.
    """
    wide, whole = columns // (4 * LANES) * 4 * LANES, columns // LANES * LANES
    row = 0
    while row < rows:
        four = row + 4 <= rows
        start, to = row * row_step, (low + row) * out.shape[1]
        for c in range(0, wide, 4 * LANES):
            if four:
                _panel_of_four_by_four(out, to + c, a, start, row_step, inner_step, b, first + c, inner)
            else:
                _panel_of_one_by_four(out, to + c, a, start, row_step, inner_step, b, first + c, inner)
        for c in range(wide, whole, LANES):
            if four:
                _panel_of_four_by_one(out, to + c, a, start, row_step, inner_step, b, first + c, inner)
            else:
                _panel_of_one_by_one(out, to + c, a, start, row_step, inner_step, b, first + c, inner)
        row += 4 if four else 1
    if whole < columns:
        _add_columns(out, low, rows, a, row_step, inner_step, b, first, inner, whole, columns)


@compiled
def _add_columns(out, low, rows, a, row_step, inner_step, b, first, inner, whole, columns):
    """The last columns, fewer than a vector."""
    flat = a.reshape(a.size)
    for row in range(rows):
        sums = out[low + row]
        for c in range(whole, columns):
            total = f32(0)
            for k in range(inner):
                total += flat[row * row_step + k * inner_step] * b[k, first + c]
            sums[c] += total


def _panel(rows, vectors):  # pyright: ignore
    """A loop over the inner axis that adds to `rows` rows of `vectors` vectors.

    Its arguments: the sums and the first one's place, the left matrix, its first number's place and its steps from row
    to row and along the inner axis, the right matrix, its first column, and how long the inner axis is.
    """

    @intrinsic
    def panel(context, out, to, a, start, row_step, inner_step, b, first, inner):  # pyright: ignore
        def generate(target, builder, signature, values):  # pyright: ignore
            kinds = signature.args
            out_data, a_data, b_data = (target.make_array(kinds[i])(target, builder, values[i]) for i in (0, 2, 6))
            _, to, _, start, row_step, inner_step, _, first, inner = values
            width = {i: builder.extract_value(array.shape, 1) for i, array in ((0, out_data), (6, b_data))}
            sums = [[cgutils.alloca_once(builder, _VECTOR) for _ in range(vectors)] for _ in range(rows)]
            places = [
                [_at(builder, out_data.data, to, builder.mul(_number(row), width[0]), _number(LANES * v)) for v in range(vectors)]
                for row in range(rows)
            ]
            for row in range(rows):
                for v in range(vectors):
                    builder.store(builder.load(places[row][v], align=4), sums[row][v])
            with cgutils.for_range(builder, inner, intp=ir.IntType(64)) as loop:
                line = builder.mul(loop.index, width[6])
                right = [
                    builder.load(_at(builder, b_data.data, first, line, _number(LANES * v)), align=4) for v in range(vectors)
                ]
                along = builder.add(start, builder.mul(loop.index, inner_step))
                for row in range(rows):
                    number = _number_at(builder, a_data.data, along, builder.mul(_number(row), row_step))
                    for v in range(vectors):
                        product = builder.fmul(number, right[v], flags=_FUSED)
                        builder.store(builder.fadd(builder.load(sums[row][v]), product, flags=_FUSED), sums[row][v])
            for row in range(rows):
                for v in range(vectors):
                    builder.store(builder.load(sums[row][v]), places[row][v], align=4)
            return target.get_dummy_value()

        return types.void(out, types.int64, a, types.int64, types.int64, types.int64, b, types.int64, types.int64), generate

    return panel


def _number(value):  # pyright: ignore
    return ir.Constant(ir.IntType(64), value)


def _at(builder, data, *steps):  # pyright: ignore
    """Where a vector lies, so many numbers from the start of an array."""
    place = steps[0]
    for step in steps[1:]:
        place = builder.add(place, step)
    return builder.bitcast(builder.gep(data, [place]), _VECTOR.as_pointer())


def _number_at(builder, data, *steps):  # pyright: ignore
    """A vector all of whose lanes are the number so many places from the start of an array."""
    number = builder.load(builder.gep(data, [builder.add(*steps)]))
    lane = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(lane, ir.Constant(_VECTOR, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


_panel_of_four_by_four, _panel_of_four_by_one = _panel(4, 4), _panel(4, 1)
_panel_of_one_by_four, _panel_of_one_by_one = _panel(1, 4), _panel(1, 1)
