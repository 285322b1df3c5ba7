"""The plain engine: torch operations over blocks of queries. Exact, serves every problem, memory bounded by a block.

It is the meaning that the other engines must reproduce.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from heedful.kernel.form import Free
from heedful.kernel.problem import Problem
from heedful.shapes import joint_shape

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
        if not torch.is_grad_enabled():
            return torch.cat([_block_context(_fixed(problem, rows), value, rows) for rows in blocks], dim=-2)
        return torch.cat([_recomputed(problem, value, rows) for rows in blocks], dim=-2)

    def align(self, problem: Problem) -> Float[Tensor, "... T S"]:
        """All weights, ``[*B, T, S]``; only the block's intermediates are saved on top."""
        everything = slice(0, problem.bounds.keys)
        blocks = list(self._blocks(problem))
        if len(blocks) == 1:
            return problem.weights(blocks[0], everything, problem.weighing)
        weighings = [problem.weighing.seeded(rows.start) for rows in blocks]
        if not torch.is_grad_enabled():
            parts = [problem.weights(rows, everything, one) for rows, one in zip(blocks, weighings, strict=True)]
        else:
            parts = [
                checkpoint(problem.weights, rows, everything, one, use_reentrant=False)
                for rows, one in zip(blocks, weighings, strict=True)
            ]
        return torch.cat(parts, dim=-2)

    def _blocks(self, problem: Problem) -> Iterator[slice]:
        """Slices of the queries; one empty slice where there are none."""
        bounds = problem.bounds
        batch = math.prod(joint_shape(problem.x.shape[:-2], problem.y.shape[:-2]))
        row_floats = max(1, batch * bounds.keys * problem.form.floats_per_pair)
        size = max(1, self.block_floats // row_floats)
        if bounds.left is not None and bounds.right is not None:
            size = min(size, max(_NARROWEST_BLOCK, bounds.left + bounds.right + 1))
        for first in range(0, max(1, bounds.queries), size):
            yield slice(first, min(first + size, bounds.queries))


def _block_context(problem: Problem, value: Tensor, rows: slice) -> Tensor:
    """The context of a block of queries, from the keys that its band can reach."""
    every = isinstance(problem.form, Free) or problem.weighing.random
    keys = slice(0, problem.bounds.keys) if every else problem.bounds.reach(rows)
    weights = problem.weights(rows, keys, problem.weighing)
    return weights.to(value.dtype) @ value[..., keys, :]


def _fixed(problem: Problem, rows: slice) -> Problem:
    """The problem as one block sees it: what is drawn is drawn once."""
    return replace(problem, weighing=problem.weighing.seeded(rows.start))


def _recomputed(problem: Problem, value: Tensor, rows: slice) -> Tensor:
    """The same, keeping nothing of the block for the backward pass but its inputs."""
    context: Tensor = checkpoint(_block_context, _fixed(problem, rows), value, rows, use_reentrant=False)  # pyright: ignore
    return context
