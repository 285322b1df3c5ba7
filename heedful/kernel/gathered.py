"""Attention to a few keys of each query, once an engine has found which: only their features are gathered."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.kernel.problem import Pick, Problem
from heedful.kernel.softmax import masked_softmax, upcast
from heedful.shapes import broadcast_shape

Keys = Int[Tensor, "... T k"]
"""The keys picked for each query, -1 where there are fewer."""


class Selected(NamedTuple):
    """One key for each query: its value, its index, its log-probability, and the entropy of the distribution."""

    context: Float[Tensor, "... T V"]
    key: Int[Tensor, "... T"]
    log_probability: Float[Tensor, "... T"]
    entropy: Float[Tensor, "... T"]


def attend(problem: Problem, value: Float[Tensor, "... S V"], keys: Keys) -> Float[Tensor, "... T V"]:
    """The weighted sums of the picked keys' values."""
    weights = _gated(problem, keys, _weights(problem, keys)).to(value.dtype)
    return (weights.unsqueeze(-2) @ _gather(value, keys)).squeeze(-2)


def align(problem: Problem, keys: Keys) -> Float[Tensor, "... T S"]:
    """The picked keys' weights, scattered into a map of all keys."""
    weights = _gated(problem, keys, _weights(problem, keys))
    whole = weights.new_zeros(*weights.shape[:-1], problem.bounds.keys)
    # Slots without a key have weight 0 and are added to key 0, where they change nothing.
    return whole.scatter_add(-1, keys.clamp_min(0), weights) if problem.bounds.keys else whole


def scores(problem: Problem, keys: Keys) -> Float[Tensor, "... T k"]:
    """The scores of the picked keys alone, in at least float32."""
    # Each query becomes a problem of one query and k keys, so that the form's own code scores them, with its gradient.
    features = _gather(upcast(problem.y), keys)
    return problem.form.scores(upcast(problem.x).unsqueeze(-2), features).squeeze(-2)


def straight_through(
    problem: Problem, pick: Pick, picked: Tensor, *, ask: Callable[[Problem], Tensor]
) -> Float[Tensor, "..."]:
    """What was picked, with the gradient of what `ask` computes under the pick's other weighing."""
    if pick.through is None:
        return picked
    # The gate already has its gradient through the picked weights; here only the scores are to learn.
    gates = tuple(replace(gate, centre=gate.centre.detach()) for gate in problem.bounds.gates)
    soft = ask(replace(problem, weighing=pick.through, bounds=replace(problem.bounds, gates=gates)))
    return picked + (soft - soft.detach()).to(picked.dtype)


def _weights(problem: Problem, keys: Keys) -> Float[Tensor, "... T k"]:
    exists = keys >= 0
    # The softmax of one key is 1 whatever its score, and has no gradient: the score need not be computed.
    if keys.shape[-1] == 1:
        return exists.to(upcast(problem.x).dtype)
    return masked_softmax(scores(problem, keys), exists)


def _gated(problem: Problem, keys: Keys, weights: Tensor) -> Float[Tensor, "... T k"]:
    for gate in problem.bounds.gates:
        distance = (keys - gate.centre.unsqueeze(-1)) / gate.deviation
        weights = weights * torch.exp(-0.5 * distance**2)
    return weights


def _gather(rows: Float[Tensor, "... S F"], keys: Keys) -> Float[Tensor, "... T k F"]:
    """The rows of the picked keys; an arbitrary row where there is none."""
    if rows.shape[-2] == 0:
        return rows.new_zeros(*keys.shape, rows.shape[-1])
    batch = broadcast_shape(rows.shape[:-2], keys.shape[:-2])
    index = keys.clamp_min(0).expand(*batch, *keys.shape[-2:]).flatten(-2).unsqueeze(-1)
    rows = rows.expand(*batch, *rows.shape[-2:])
    return rows.gather(-2, index.expand(*index.shape[:-1], rows.shape[-1])).unflatten(-2, keys.shape[-2:])
