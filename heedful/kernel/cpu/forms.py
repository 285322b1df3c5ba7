"""The forms as the loops tell them apart: by their type, so that each is compiled alone, when it is first used.

To loops a form is what scores a tile, what adds up its gradients, and what meets the slopes from above with the values.
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba finds the types of loops out by itself.

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
    """``sum_c w_c tanh(x_c + y_c)`` of ``e^(2x)`` and ``e^(2y)``."""

    weight: Any  # float32 [F]


class Direct(NamedTuple):
    """The same of x and y, where those exponentials would not be numbers."""

    weight: Any


class Step(NamedTuple):
    """The same for few queries, with the keys in rows."""

    weight: Any


@by_type({Inner: inner_scores, Factored: factored_scores, Direct: direct_scores, Step: step_scores})
def add_scores(form, scores, x, y, tile):
    """Adds a tile's scores."""


@by_type({Inner: inner_gradients, Factored: factored_gradients, Direct: direct_gradients, Step: step_gradients})
def add_gradients(form, slopes, x, y, tile, totals):
    """Adds the gradients of a tile's features, and of the tanh form's weight."""


@compiled
def _meet(form, inner, above, values, tile, real):
    """``dP = above @ values.T`` of a tile, with the values transposed."""
    add_product(inner, above, values, tile.rows, above.shape[1], tile.first, tile.columns)


@compiled
def _meet_rows(form, inner, above, values, tile, real):
    """The same, with the values in rows."""
    for r in range(tile.rows):
        for j in range(real):
            total = inner[r, j]
            for c in range(above.shape[1]):
                total += above[r, c] * values[tile.first + j, c]
            inner[r, j] = total


@by_type({Inner: _meet, Factored: _meet, Direct: _meet, Step: _meet_rows})
def meet(form, inner, above, values, tile, real):
    """Adds to `inner` the products of what comes from above with the values of a tile."""
