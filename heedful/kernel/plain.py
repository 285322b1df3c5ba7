"""The plain engine: torch operations over blocks of queries. Exact, serves every problem, memory bounded by a block.

It is the meaning that the other engines must reproduce.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from heedful.kernel.form import Free
from heedful.kernel.picked import Selected
from heedful.kernel.problem import Problem
from heedful.kernel.softmax import fill, wide
from heedful.kernel.survey import Survey, Wanted, owners
from heedful.shapes import joint_shape

_CACHED_FLOATS = 1 << 20
"""The same for a CPU where nothing is kept for a backward pass: so much stays in its caches (1.1 to 1.3 times)."""
_NARROWEST_BLOCK = 64
"""Queries a block of a banded problem has at least: fewer, and the calls cost more than the work saved."""


@dataclass(frozen=True)
class Plain:
    """Blocks of queries, as many at a time as keep a block's intermediates within `block_floats` numbers."""

    block_floats: int = 1 << 23

    def refusal(self, problem: Problem) -> str | None:
        """Why this engine cannot do a problem: never."""
        return None

    def attend(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`; blocks are computed again in the backward pass where there are several."""
        blocks = list(self._blocks(problem))
        if len(blocks) == 1:
            return _block_context(problem, value, blocks[0])
        return torch.cat([_again(_block_context, _fixed(problem, rows), value, rows) for rows in blocks], dim=-2)

    def align(self, problem: Problem) -> Float[Tensor, "... T S"]:
        """All weights, ``[*B, T, S]``; only the block's intermediates are saved on top."""
        blocks = list(self._blocks(problem))
        if len(blocks) == 1:
            return _block_weights(problem, blocks[0])
        return torch.cat([_again(_block_weights, _fixed(problem, rows), rows) for rows in blocks], dim=-2)

    def stream(self, problem: Problem, rows: int | None = None) -> Iterator[tuple[slice, Float[Tensor, "... t S"]]]:
        """The weights, one block of queries after another: of so many `rows`, or as many as a block may hold."""
        blocks = list(self._blocks(problem, rows))
        for block in blocks:
            yield block, _block_weights(problem if len(blocks) == 1 else _fixed(problem, block), block)

    def select(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Selected:
        """One key for each query, and how probable it was."""
        blocks = list(self._blocks(problem))
        if len(blocks) == 1:
            return Selected(*_block_selection(problem, value, blocks[0]))
        parts = [_again(_block_selection, _fixed(problem, rows), value, rows) for rows in blocks]
        contexts, *others = zip(*parts, strict=True)
        return Selected(torch.cat(contexts, dim=-2), *(torch.cat(each, dim=-1) for each in others))

    def survey(self, problem: Problem, value: Float[Tensor, "... S V"], wanted: Wanted) -> Survey:
        """The contexts, and the map of weights in short."""
        blocks = list(self._blocks(problem))
        owns = [problem if len(blocks) == 1 else _fixed(problem, rows) for rows in blocks]
        parts = [_again(_block_context, own, value, rows) for own, rows in zip(owns, blocks, strict=True)]
        with torch.no_grad():
            found = [_block_summary(own, rows, wanted) for own, rows in zip(owns, blocks, strict=True)]
        return Survey(
            torch.cat(parts, dim=-2),
            torch.stack([mass for mass, _, _, _ in found]).sum(0),
            torch.cat([index for _, index, _, _ in found], dim=-2),
            torch.cat([weight for _, _, weight, _ in found], dim=-2),
            torch.cat([entropy for _, _, _, entropy in found], dim=-1),
        )

    def _blocks(self, problem: Problem, rows: int | None = None) -> Iterator[slice]:
        """Slices of the queries; one empty slice where there are none."""
        bounds = problem.bounds
        batch = math.prod(joint_shape(problem.x.shape[:-2], problem.y.shape[:-2]))
        row_floats = max(1, batch * bounds.keys * problem.form.floats_per_pair)
        cached = problem.x.device.type == "cpu" and not torch.is_grad_enabled() and not problem.weighing.random
        block_floats = min(self.block_floats, _CACHED_FLOATS) if cached else self.block_floats
        size = max(1, block_floats // row_floats) if rows is None else rows
        if rows is None and bounds.left is not None and bounds.right is not None:
            size = min(size, max(_NARROWEST_BLOCK, bounds.left + bounds.right + 1))
        for first in range(0, max(1, bounds.queries), size):
            yield slice(first, min(first + size, bounds.queries))


def _block_context(problem: Problem, value: Tensor, rows: slice) -> Tensor:
    """The context of a block of queries, from the keys that its band can reach."""
    every = isinstance(problem.form, Free) or problem.weighing.random
    keys = slice(0, problem.bounds.keys) if every else problem.bounds.reach(rows)
    weights = problem.weights(rows, keys, problem.weighing)
    return weights.to(value.dtype) @ value[..., keys, :]


def _block_weights(problem: Problem, rows: slice) -> Tensor:
    """The weights of a block of queries over all keys."""
    return problem.weights(rows, slice(0, problem.bounds.keys), problem.weighing)


def _block_selection(problem: Problem, value: Tensor, rows: slice) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What a block of queries selects; see `Selected`."""
    keys = slice(0, problem.bounds.keys)
    scores = wide(problem.form.scores(problem.x[..., rows, :], problem.y))
    visible = problem.visible(rows, keys)
    one_hot = problem.weighing(scores, visible)
    chosen = one_hot.detach()
    log_all = torch.log_softmax(fill(scores, visible), dim=-1)
    log_all = log_all if visible is None else log_all.masked_fill(~visible, 0.0)
    some = chosen.sum(-1) > 0
    key = chosen.argmax(-1) if keys.stop else chosen.new_zeros(chosen.shape[:-1], dtype=torch.long)
    context = problem.gated(one_hot, rows, keys).to(value.dtype) @ value
    log_probability = torch.where(some, (chosen * log_all).sum(-1), 0.0)
    entropy = torch.where(some, -(log_all.exp() * log_all).sum(-1), 0.0)
    return context, key.masked_fill(~some, -1), log_probability, entropy


def _block_summary(problem: Problem, rows: slice, wanted: Wanted) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What a block of queries adds to the mass; its best keys, their weights, and its entropies."""
    keys, (many_rows, many_columns) = slice(0, problem.bounds.keys), wanted.grid
    bare = problem.ungated_weights(rows, keys, problem.weighing)
    weights = problem.gated(bare, rows, keys)
    weight, index = weights.topk(min(wanted.best, weights.shape[-1]), dim=-1)
    of_queries = owners(problem.bounds.queries, many_rows, weights.device)[rows]
    counts = torch.bincount(owners(problem.bounds.queries, many_rows, weights.device), minlength=many_rows)
    by_keys = weights.new_zeros(*weights.shape[:-1], many_columns)
    mass = weights.new_zeros(*weights.shape[:-2], many_rows, many_columns)
    if many_rows and many_columns:
        by_keys.index_add_(-1, owners(problem.bounds.keys, many_columns, weights.device), weights)
        mass.index_add_(-2, of_queries, by_keys)
    mass = mass / counts.clamp_min(1).unsqueeze(-1)
    return mass, index.masked_fill(weight == 0, -1), weight, torch.special.entr(bare).sum(-1)


def _fixed(problem: Problem, rows: slice) -> Problem:
    """The problem as one block sees it: what is drawn is drawn once."""
    return replace(problem, weighing=problem.weighing.seeded(rows.start))


def _again(function: Callable[..., Any], *inputs: Any) -> Any:
    """What a function makes of a block, keeping nothing for the backward pass but its inputs."""
    return checkpoint(function, *inputs, use_reentrant=False) if torch.is_grad_enabled() else function(*inputs)
