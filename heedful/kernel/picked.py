"""Attention to a few keys of each query, once an engine has found which: only their features are gathered."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.kernel.problem import Pick, Problem
from heedful.kernel.softmax import masked_softmax, wide
from heedful.shapes import joint_shape

Keys = Int[Tensor, "... T k"]
"""The keys picked for each query, -1 where there are fewer."""


class Selected(NamedTuple):
    """One key for each query: its value, its place, how probable it was, and how uncertain the choice."""

    context: Float[Tensor, "... T V"]
    key: Int[Tensor, "... T"]
    log_probability: Float[Tensor, "... T"]
    entropy: Float[Tensor, "... T"]


def attend(problem: Problem, value: Float[Tensor, "... S V"], keys: Keys) -> Float[Tensor, "... T V"]:
    """The values of the picked keys, by their weights."""
    weights = _gated(problem, keys, _weights(problem, keys)).to(value.dtype)
    return (weights.unsqueeze(-2) @ _gather(value, keys)).squeeze(-2)


def align(problem: Problem, keys: Keys) -> Float[Tensor, "... T S"]:
    """Their weights, each in its place."""
    weights = _gated(problem, keys, _weights(problem, keys))
    whole = weights.new_zeros(*weights.shape[:-1], problem.bounds.keys)
    return whole.scatter_add(-1, keys.clamp_min(0), weights) if problem.bounds.keys else whole


def scores(problem: Problem, keys: Keys) -> Float[Tensor, "... T k"]:
    """The scores of the picked keys alone, in at least float32."""
    features = _gather(wide(problem.y), keys)
    return problem.form.scores(wide(problem.x).unsqueeze(-2), features).squeeze(-2)


def straight_through(
    problem: Problem, pick: Pick, picked: Tensor, *, ask: Callable[[Problem], Tensor]
) -> Float[Tensor, "..."]:
    """What was picked, with the gradient of what `ask` finds when weights are the pick's other weighing."""
    if pick.through is None:
        return picked
    gates = tuple(replace(gate, centre=gate.centre.detach()) for gate in problem.bounds.gates)
    soft = ask(replace(problem, weighing=pick.through, bounds=replace(problem.bounds, gates=gates)))
    return picked + (soft - soft.detach()).to(picked.dtype)


def _weights(problem: Problem, keys: Keys) -> Float[Tensor, "... T k"]:
    there = keys >= 0
    if keys.shape[-1] == 1:
        return there.to(wide(problem.x).dtype)
    return masked_softmax(scores(problem, keys), there)


def _gated(problem: Problem, keys: Keys, weights: Tensor) -> Float[Tensor, "... T k"]:
    for gate in problem.bounds.gates:
        away = (keys - gate.centre.unsqueeze(-1)) / gate.deviation
        weights = weights * torch.exp(-0.5 * away**2)
    return weights


def _gather(rows: Float[Tensor, "... S F"], keys: Keys) -> Float[Tensor, "... T k F"]:
    """The rows of the picked keys; any row where there is none."""
    if rows.shape[-2] == 0:
        return rows.new_zeros(*keys.shape, rows.shape[-1])
    batch = joint_shape(rows.shape[:-2], keys.shape[:-2])
    places = keys.clamp_min(0).expand(*batch, *keys.shape[-2:]).flatten(-2).unsqueeze(-1)
    rows = rows.expand(*batch, *rows.shape[-2:])
    return rows.gather(-2, places.expand(*places.shape[:-1], rows.shape[-1])).unflatten(-2, keys.shape[-2:])
