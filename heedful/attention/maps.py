"""Maps of weights too large to keep: in blocks of rows, in blocks of cells, and in a few numbers a row.

mass = pooled_map(query, key, score=..., grid=(64, 64))  # how much each block of queries takes of each of keys
top = row_summary(query, key, score=..., best=5)         # what each query looks at most
seen = survey(query, key, value, wanted=Wanted((64, 64), best=5))  # both, and the context, in one pass
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful import kernel
from heedful.attention.memory import Memory, ScoreLike
from heedful.attention.pose import DOT, EVERYWHERE, SOFT, Question, Words, as_memory, pose
from heedful.choice import Choice
from heedful.kernel import Survey, Wanted, edges
from heedful.region import Region
from heedful.shapes import ShapeError

_WANTED = Wanted(grid=(64, 64), best=1)


class RowSummary(NamedTuple):
    """What each query looks at most, and how widely."""

    index: Int[Tensor, "... T k"]  # pyright: ignore[reportIncompatibleMethodOverride]  # hides tuple.index, on purpose
    weight: Float[Tensor, "... T k"]
    entropy: Float[Tensor, "... T"]


def survey(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    value: Float[Tensor, "... _ V"] | None = None,
    *,
    score: ScoreLike = DOT,
    region: Region = EVERYWHERE,
    choice: Choice = SOFT,
    keep: Bool[Tensor, "..."] | None = None,
    wanted: Wanted = _WANTED,
) -> Survey:
    """What `attend` gives, and its map in short, in one pass.

    The map is never kept: where fused loops serve, looking costs little more than attending.
    Returns: Survey(context ``[*B, T, V]``, mass ``[*B, r, c]``, index, weight ``[*B, T, k]``, entropy ``[*B, T]``); see
        `pooled_map` and `row_summary`. The context has a gradient, the others none.
    Raises: ShapeError, as `attend`, and when a grid is negative.
    Memory: O(T + S + r c) of the CPU's fused engine, O((T + S) c) of the GPU's, for Soft; else of a block of queries.
    """
    question = pose(query, as_memory(key, value), Words(score, region, choice), keep=keep)
    return _survey(question, wanted)


def pooled_map(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    *,
    score: ScoreLike = DOT,
    region: Region = EVERYWHERE,
    choice: Choice = SOFT,
    keep: Bool[Tensor, "..."] | None = None,
    grid: tuple[int, int] = (64, 64),
) -> Float[Tensor, "... r c"]:
    """The map of `align` pooled to a grid, whatever its length: where each block of queries looks.

    A cell is the mean over a block's queries of their weight on a block of keys, so that a row of it sums to 1 where
    every query's weights do; divided by the keys of its block it is the mean weight. Block i of r begins at query
    ``i T // r``, block j of c at key ``j S // c``; a block without queries is 0.

    Returns: ``[*B, r, c]``, in at least float32, without a gradient.
    Raises: ShapeError, as `attend`, and when a grid is negative.
    Memory: O(T + S + r c) of the CPU's fused engine, O((T + S) c) of the GPU's, for Soft; else of a block of queries.
    """
    question = pose(query, _without_values(key), Words(score, region, choice), keep=keep)
    with torch.no_grad():
        return _survey(question, Wanted(grid)).mass


def row_summary(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    *,
    score: ScoreLike = DOT,
    region: Region = EVERYWHERE,
    choice: Choice = SOFT,
    keep: Bool[Tensor, "..."] | None = None,
    best: int = 1,
) -> RowSummary:
    """What each query looks at most, and how widely it looks, without keeping the map.

    Returns: RowSummary(index, weight ``[*B, T, k]``, entropy ``[*B, T]``): the `best` keys in descending order of their
        weight (all of them, where there are fewer), the first being the argmax; index -1 where a weight is 0. The
        entropy is that of the weights before any gate, in nats. No gradient.
    Raises: ShapeError, as `attend`; ValueError, when `best` is negative.
    Memory: as `pooled_map`.
    """
    question = pose(query, _without_values(key), Words(score, region, choice), keep=keep)
    with torch.no_grad():
        found = _survey(question, Wanted(best=best))
    return RowSummary(found.index, found.weight, found.entropy)


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
    """
    if rows is not None and rows < 1:
        raise ValueError(f"align_blocks rows is {rows}, expected at least 1 query a block, or None.")
    question = pose(query, _without_values(key), Words(score, region, choice), keep=keep)
    if question.problem.bounds.queries == question.queries:
        yield from kernel.stream(question.problem, rows)
        return
    ((_, weights),) = kernel.stream(question.problem)
    size = rows or question.queries
    for first in range(0, question.queries, size):
        block = slice(first, min(first + size, question.queries))
        yield block, weights.expand(*weights.shape[:-2], block.stop - block.start, weights.shape[-1])


def _survey(question: Question, wanted: Wanted) -> Survey:
    """A survey of one problem; where one query stands for all, of that one.

    Raises: ShapeError, when a grid is negative; ValueError, when the number of keys is.
    """
    if min(wanted.grid) < 0:
        raise ShapeError(f"grid is {wanted.grid}, expected (rows, columns), each 0 or more.")
    if wanted.best < 0:
        raise ValueError(f"best is {wanted.best}, expected how many keys of each query to name, 0 or more.")
    rows, columns = wanted.grid
    alike = question.problem.bounds.queries != question.queries
    found = kernel.survey(question.problem, question.value, replace(wanted, grid=(1, columns)) if alike else wanted)
    if not alike:
        return found
    some = torch.tensor(edges(question.queries, rows), device=found.mass.device).diff() > 0
    mass = torch.where(some.unsqueeze(-1), found.mass, 0.0)
    context, index, weight = (question.spread(each) for each in (found.context, found.index, found.weight))
    return Survey(context, mass, index, weight, question.spread(found.entropy, axis=-1))


def _without_values(key: Tensor | Memory) -> Memory:
    """The memory with values of no width: weights need none."""
    memory = as_memory(key, None)
    return replace(memory, value=memory.key[..., :0])
