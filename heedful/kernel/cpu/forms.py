"""The forms as compiled loops tell them apart: by their type, so that each is compiled alone, when it is first used.

For the loops a form is three functions: what scores a tile, what adds up the gradients of its features, and what
multiplies the gradient of the output with the values.
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba infers the types of the loops' arguments.

from typing import Any, NamedTuple

from heedful.kernel.cpu.additive import (
    direct_gradients,
    direct_scores,
    factored_gradients,
    factored_scores,
    step_gradients,
    step_scores,
)
from heedful.kernel.cpu.inner import inner_gradients, inner_scores
from heedful.kernel.cpu.jit import by_type, compiled
from heedful.kernel.cpu.micro import add_product


class Inner(NamedTuple):
    """``<x, y>``, a matrix product; it has no weight."""

    weight: Any  # float32 [0]


class Factored(NamedTuple):
    """``sum_c w_c tanh(x_c + y_c)`` from ``e^(2x)`` and ``e^(2y)``."""

    weight: Any  # float32 [F]


class Direct(NamedTuple):
    """The same from x and y, where those exponentials would overflow."""

    weight: Any


class Step(NamedTuple):
    """The same for few queries, with the keys in rows."""

    weight: Any


@by_type({Inner: inner_scores, Factored: factored_scores, Direct: direct_scores, Step: step_scores})
def add_scores(form, scores, x, y, tile):
    """Adds a tile's scores."""


@by_type({Inner: inner_gradients, Factored: factored_gradients, Direct: direct_gradients, Step: step_gradients})
def add_gradients(form, grad_scores, x, y, tile, grads):
    """Adds the gradients of a tile's features, and of the tanh form's weight."""


@compiled
def _add_grad_weights(form, grad_weights, grad_output, values, tile, valid):
    """``dP += dO @ values.T`` of a tile, with the values transposed."""
    add_product(grad_weights, grad_output, values, tile.rows, grad_output.shape[1], tile.first, tile.columns)


@compiled
def _add_grad_weights_by_row(form, grad_weights, grad_output, values, tile, valid):
    """The same, with the values in rows: one or two queries do not repay a transposed copy."""
    for r in range(tile.rows):
        for j in range(valid):
            total = grad_weights[r, j]
            for c in range(grad_output.shape[1]):
                total += grad_output[r, c] * values[tile.first + j, c]
            grad_weights[r, j] = total


@by_type(
    {
        Inner: _add_grad_weights,
        Factored: _add_grad_weights,
        Direct: _add_grad_weights,
        Step: _add_grad_weights_by_row,
    }
)
def add_grad_weights(form, grad_weights, grad_output, values, tile, valid):
    """Adds to `grad_weights` the products of the output's gradient with the values of a tile."""
