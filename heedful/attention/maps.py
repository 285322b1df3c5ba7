"""Maps of weights too large to keep: their statistics, and the map itself by blocks of rows."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from heedful import kernel
from heedful.attention.memory import Memory, ScoreLike
from heedful.attention.problem import (
    DOT,
    EVERYWHERE,
    SOFT,
    AttentionSpec,
    PreparedProblem,
    as_memory,
    build_problem,
)
from heedful.choice import Choice
from heedful.deprecation import warn_deprecated
from heedful.kernel import Stats, StatsRequest, block_edges
from heedful.region import Region
from heedful.shapes import ShapeError

_DEFAULT = StatsRequest(grid=(64, 64), best=1)


def survey(  # noqa: PLR0913 - one door for every statistic; all but tensors by name
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    value: Float[Tensor, "... _ V"] | None = None,
    *,
    score: ScoreLike = DOT,
    region: Region = EVERYWHERE,
    choice: Choice = SOFT,
    keep: Bool[Tensor, "..."] | None = None,
    request: StatsRequest = _DEFAULT,
    wanted: StatsRequest | None = None,
) -> Stats:
    """The context of `attend`, and statistics of the map behind it, in one pass that never stores the map.

    `request` says which statistics: the mass of the blocks of a grid, the best keys of each query. With
    ``StatsRequest(context=False)`` the values are not read, and nothing has a gradient. `wanted` is the old name of
    `request`. Other arguments as in `attend`.

    Returns: Stats(context ``[*B, T, V]``, mass ``[*B, r, c]``, index ``[*B, T, k]``, weight ``[*B, T, k]``, entropy
        ``[*B, T]`` in nats). The context has a gradient, the others none.
    Raises: ShapeError, as `attend`, and when a grid is negative; ValueError, when the number of best keys is.
    Memory: O(T + S + r c) by the CPU's fused engine, O((T + S) c) by the GPU's, for Soft; else a block of queries.

        >>> import torch
        >>> from heedful import StatsRequest, survey
        >>> states = torch.randn(1000, 8)
        >>> found = survey(states, states, request=StatsRequest(grid=(4, 4), best=3))
        >>> found.context.shape, found.mass.shape, found.index.shape
        (torch.Size([1000, 8]), torch.Size([4, 4]), torch.Size([1000, 3]))
        >>> mass = survey(states, states, request=StatsRequest(grid=(2, 2), context=False)).mass
        >>> bool(torch.allclose(mass.sum(-1), torch.ones(2)))
        True
    """
    if wanted is not None:
        warn_deprecated("survey(wanted=...)", "survey(request=...)", stacklevel=2)
        request = wanted
    memory = as_memory(key, value) if request.context else _without_values(as_memory(key, value))
    with nullcontext() if request.context else torch.no_grad():
        return _survey(build_problem(query, memory, AttentionSpec(score, region, choice, keep)), request)


def align_blocks(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    *,
    score: ScoreLike = DOT,
    region: Region = EVERYWHERE,
    choice: Choice = SOFT,
    keep: Bool[Tensor, "..."] | None = None,
    rows: int | None = None,
) -> Iterator[tuple[slice, Float[Tensor, "... t S"]]]:
    """The map of `align`, one block of queries after another, to be written or drawn as it comes.

    Yields: which queries, and their weights ``[*B, t, S]``: `rows` of them a block, or as many as fit in 32 MiB of
        intermediates.
    Raises: ShapeError, as `attend`; ValueError, when `rows` is less than 1.
    Memory: O(t S), one block.

        >>> import torch
        >>> from heedful import align_blocks
        >>> states = torch.randn(5, 8)
        >>> [(rows, weights.shape) for rows, weights in align_blocks(states, states, rows=3)]
        [(slice(0, 3, None), torch.Size([3, 5])), (slice(3, 5, None), torch.Size([2, 5]))]
    """
    if rows is not None and rows < 1:
        raise ValueError(f"align_blocks rows is {rows}, expected at least 1 query a block, or None.")
    memory = _without_values(as_memory(key, None))
    built = build_problem(query, memory, AttentionSpec(score, region, choice, keep))
    if built.problem.bounds.queries == built.queries:
        yield from kernel.stream(built.problem, rows)
        return
    # Every query has the same weights: they are computed once, and each block is a view of them.
    ((_, weights),) = kernel.stream(built.problem)
    size = rows or built.queries
    for first in range(0, built.queries, size):
        block = slice(first, min(first + size, built.queries))
        yield block, weights.expand(*weights.shape[:-2], block.stop - block.start, weights.shape[-1])


def _survey(built: PreparedProblem, request: StatsRequest) -> Stats:
    """The statistics of one problem; where a single query stands for all, of that one.

    Raises: ShapeError, when a grid is negative; ValueError, when the number of keys is.
    """
    if min(request.grid) < 0:
        raise ShapeError(f"grid is {request.grid}, expected (rows, columns), each 0 or more.")
    if request.best < 0:
        raise ValueError(f"best is {request.best}, expected the number of keys to name for each query, 0 or more.")
    rows, columns = request.grid
    shared = built.problem.bounds.queries != built.queries
    found = kernel.survey(built.problem, built.value, replace(request, grid=(1, columns)) if shared else request)
    if not shared:
        return found
    # The single row of the grid is that of every block of queries, but for blocks without any.
    occupied = torch.tensor(block_edges(built.queries, rows), device=found.mass.device).diff() > 0
    mass = torch.where(occupied.unsqueeze(-1), found.mass, 0.0)
    context, index, weight = (built.expand_queries(each) for each in (found.context, found.index, found.weight))
    return Stats(context, mass, index, weight, built.expand_queries(found.entropy, axis=-1))


def _without_values(memory: Memory) -> Memory:
    """The memory with values of width 0: weights need none."""
    return replace(memory, value=memory.key[..., :0])
