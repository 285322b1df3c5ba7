"""The plain engine: torch operations over blocks of queries. Exact, serves every problem, memory bounded by a block.

It is the reference that the other engines must reproduce.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel.form import Custom
from heedful.kernel.gathered import Selected
from heedful.kernel.problem import Problem
from heedful.kernel.recompute import checkpointed
from heedful.kernel.softmax import mask_scores, masked_softmax
from heedful.kernel.stats import Stats, StatsRequest, block_index
from heedful.shapes import broadcast_shape

_CACHED_FLOATS = 1 << 20
"""Numbers in a block on a CPU without a backward pass: 4 MiB stay in its caches, which is 1.1 to 1.3 times as fast."""
_MIN_BANDED_ROWS = 64
"""The fewest queries in a block of a banded problem: with fewer, torch's calls cost more than the skipped keys save."""


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
        # A single block fits in memory as it is, so there is nothing to gain from computing it twice.
        if len(blocks) == 1:
            return _block_context(problem, value, blocks[0])
        return torch.cat(
            [checkpointed(_block_context, _with_fixed_draws(problem, rows), value, rows) for rows in blocks], dim=-2
        )

    def align(self, problem: Problem) -> Float[Tensor, "... T S"]:
        """All weights, ``[*B, T, S]``; only the block's intermediates are saved on top."""
        blocks = list(self._blocks(problem))
        if len(blocks) == 1:
            return _block_weights(problem, blocks[0])
        return torch.cat(
            [checkpointed(_block_weights, _with_fixed_draws(problem, rows), rows) for rows in blocks], dim=-2
        )

    def stream(self, problem: Problem, rows: int | None = None) -> Iterator[tuple[slice, Float[Tensor, "... t S"]]]:
        """The weights, one block of queries after another: of so many `rows`, or as many as a block may hold."""
        blocks = list(self._blocks(problem, rows))
        for block in blocks:
            yield block, _block_weights(problem if len(blocks) == 1 else _with_fixed_draws(problem, block), block)

    def select(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Selected:
        """One key for each query, and how probable it was."""
        blocks = list(self._blocks(problem))
        if len(blocks) == 1:
            return Selected(*_block_selection(problem, value, blocks[0]))
        parts = [checkpointed(_block_selection, _with_fixed_draws(problem, rows), value, rows) for rows in blocks]
        contexts, *by_query = zip(*parts, strict=True)
        return Selected(torch.cat(contexts, dim=-2), *(torch.cat(blocks, dim=-1) for blocks in by_query))

    def survey(self, problem: Problem, value: Float[Tensor, "... S V"], request: StatsRequest) -> Stats:
        """The contexts, and statistics of the weights."""
        blocks = list(self._blocks(problem))
        # Contexts and statistics are computed in two passes: a random choice must draw the same keys in both.
        problems = [problem if len(blocks) == 1 else _with_fixed_draws(problem, rows) for rows in blocks]
        pairs = list(zip(problems, blocks, strict=True))
        contexts = [checkpointed(_block_context, block, value, rows) for block, rows in pairs]
        with torch.no_grad():
            found = [_block_stats(block, rows, request) for block, rows in pairs]
        return Stats(
            torch.cat(contexts, dim=-2),
            torch.stack([mass for mass, _, _, _ in found]).sum(0),
            torch.cat([index for _, index, _, _ in found], dim=-2),
            torch.cat([weight for _, _, weight, _ in found], dim=-2),
            torch.cat([entropy for _, _, _, entropy in found], dim=-1),
        )

    def attend_with_lse(self, problem: Problem, value: Float[Tensor, "... S V"]) -> tuple[Tensor, Tensor, Tensor]:
        """For a softmax: the contexts, and the log-sum-exp and the entropy of each query; all with gradients."""
        parts = [checkpointed(_block_with_lse, problem, value, rows) for rows in self._blocks(problem)]
        contexts, lse, entropies = zip(*parts, strict=True)
        return torch.cat(contexts, dim=-2), torch.cat(lse, dim=-1), torch.cat(entropies, dim=-1)

    def _blocks(self, problem: Problem, rows: int | None = None) -> Iterator[slice]:
        """Slices of the queries; one empty slice where there are none, so that results still get their shapes."""
        bounds = problem.bounds
        batch = math.prod(broadcast_shape(problem.x.shape[:-2], problem.y.shape[:-2]))
        row_floats = max(1, batch * bounds.keys * problem.form.floats_per_pair)
        # Draws depend on where blocks begin, so a random choice takes the same blocks whether it learns or not. So does
        # a callable: one that cannot score a block should not fail in evaluation alone.
        any_size = not problem.weighing.random and not isinstance(problem.form, Custom)
        cached = any_size and problem.x.device.type == "cpu" and not torch.is_grad_enabled()
        block_floats = min(self.block_floats, _CACHED_FLOATS) if cached else self.block_floats
        size = max(1, block_floats // row_floats) if rows is None else rows
        # A block of t queries of a band computes t + left + right keys for each: blocks about as long as the band waste
        # at most half, and far longer ones would compute mostly masked pairs.
        if rows is None and bounds.left is not None and bounds.right is not None:
            size = min(size, max(_MIN_BANDED_ROWS, bounds.left + bounds.right + 1))
        for first in range(0, max(1, bounds.queries), size):
            yield slice(first, min(first + size, bounds.queries))


def _block_context(problem: Problem, value: Tensor, rows: slice) -> Tensor:
    """The context of a block of queries, from the keys that its band can reach."""
    # A callable may depend on where a key stands, and noise is drawn for whole rows: both need all keys.
    all_keys = isinstance(problem.form, Custom) or problem.weighing.random
    keys = slice(0, problem.bounds.keys) if all_keys else problem.bounds.key_range(rows)
    weights = problem.weights(rows, keys, problem.weighing)
    return weights.to(value.dtype) @ value[..., keys, :]


def _block_weights(problem: Problem, rows: slice) -> Tensor:
    """The weights of a block of queries over all keys."""
    return problem.weights(rows, slice(0, problem.bounds.keys), problem.weighing)


def _block_selection(problem: Problem, value: Tensor, rows: slice) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What a block of queries selects; see `Selected`."""
    keys = slice(0, problem.bounds.keys)
    scores = problem.scores(rows, keys)
    visible = problem.visible_among(scores, rows, keys)
    one_hot = problem.weighing(scores, visible)
    chosen = one_hot.detach()
    log_all = torch.log_softmax(mask_scores(scores, visible), dim=-1)
    # The log-probability of a masked key overflows to minus infinity, and 0 times that is NaN.
    log_all = log_all if visible is None else log_all.masked_fill(~visible, 0.0)
    sees_any = chosen.sum(-1) > 0
    key = chosen.argmax(-1) if keys.stop else chosen.new_zeros(chosen.shape[:-1], dtype=torch.long)
    context = problem.gated(one_hot, rows, keys).to(value.dtype) @ value
    log_probability = torch.where(sees_any, (chosen * log_all).sum(-1), 0.0)
    entropy = torch.where(sees_any, -(log_all.exp() * log_all).sum(-1), 0.0)
    return context, key.masked_fill(~sees_any, -1), log_probability, entropy


def _block_with_lse(problem: Problem, value: Tensor, rows: slice) -> tuple[Tensor, Tensor, Tensor]:
    """The context of a block of queries, its log-sum-exp and entropy; 0 where a query sees no key."""
    keys = slice(0, problem.bounds.keys)
    scores = problem.scores(rows, keys)
    visible = problem.visible_among(scores, rows, keys)
    masked, weights = mask_scores(scores, visible), masked_softmax(scores, visible)
    context = problem.gated(weights, rows, keys).to(value.dtype) @ value
    log_weights = torch.log_softmax(masked, dim=-1)
    if visible is None:
        return context, masked.logsumexp(-1), -(weights * log_weights).sum(-1)
    # The logarithm for a masked key is near minus infinity, and 0 times that would be NaN.
    log_weights = log_weights.masked_fill(~visible, 0.0)
    return context, torch.where(visible.any(-1), masked.logsumexp(-1), 0.0), -(weights * log_weights).sum(-1)


def _block_stats(problem: Problem, rows: slice, request: StatsRequest) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What a block of queries adds to the mass; its best keys, their weights, and its entropies."""
    keys, (grid_rows, grid_columns) = slice(0, problem.bounds.keys), request.grid
    ungated = problem.ungated_weights(rows, keys, problem.weighing)
    weights = problem.gated(ungated, rows, keys)
    weight, index = weights.topk(min(request.best, weights.shape[-1]), dim=-1)
    query_block = block_index(problem.bounds.queries, grid_rows, weights.device)
    counts = torch.bincount(query_block, minlength=grid_rows)
    by_keys = weights.new_zeros(*weights.shape[:-1], grid_columns)
    mass = weights.new_zeros(*weights.shape[:-2], grid_rows, grid_columns)
    if grid_rows and grid_columns:
        by_keys.index_add_(-1, block_index(problem.bounds.keys, grid_columns, weights.device), weights)
        mass.index_add_(-2, query_block[rows], by_keys)
    # The counts are of the grid's blocks and not of this block of queries: several of these may add to one row of it.
    mass = mass / counts.clamp_min(1).unsqueeze(-1)
    return mass, index.masked_fill(weight == 0, -1), weight, torch.special.entr(ungated).sum(-1)


def _with_fixed_draws(problem: Problem, rows: slice) -> Problem:
    """The problem with a random choice seeded for one block, so that computing the block again draws the same keys."""
    return replace(problem, weighing=problem.weighing.seeded(rows.start))
