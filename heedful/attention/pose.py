"""From the four words and tensors to a kernel's problem: checked, projected, and cleared of what nobody may see."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from heedful.attention.memory import Memory, ScoreLike, clear
from heedful.choice import Choice, Soft
from heedful.kernel import Bounds, Free, Problem
from heedful.region import Everywhere, Region, Span, shorter
from heedful.score import Dot, Score
from heedful.shapes import ShapeError, check_memory, check_rows, check_same_kind, describe, spread_keep

DOT, EVERYWHERE, SOFT = Dot(), Everywhere(), Soft()
"""The words where none is given."""


@dataclass(frozen=True)
class Words:
    """How to look: the words of one question."""

    score: ScoreLike = DOT
    region: Region = EVERYWHERE
    choice: Choice = SOFT


@dataclass(frozen=True)
class Question:
    """A kernel's problem with its values. Where all queries are answered alike it holds one, for `queries` of them."""

    problem: Problem
    value: Tensor
    queries: int

    def spread(self, answer: Tensor, axis: int = -2) -> Tensor:
        """An answer for every query; `axis` is the queries'."""
        if self.problem.bounds.queries == self.queries:
            return answer
        shape = list(answer.shape)
        shape[axis] = self.queries
        return answer.expand(shape)


def pose(query: Tensor, memory: Memory, words: Words, *, keep: Tensor | None) -> Question:
    """Turn the words and the tensors into a kernel's problem, with what nobody may see cleared away.

    Clearing comes before projecting: a NaN that is only masked would still reach the projection's gradient.
    """
    check_memory(query, memory.key, memory.value)
    check_same_kind(query=query, key=memory.key, value=memory.value)
    score = memory.score if memory.score is not None and words.score is DOT else words.score
    memory.check_owner(score)
    given = None if keep is None else spread_keep(keep, memory.key)
    own = None if memory.keep is None else spread_keep(memory.keep, memory.key)
    allowed = given if own is None else own if given is None else given & own
    span = Span(query.shape[-2], memory.key.shape[-2], query.ndim - 2, query.device, _real_keys(allowed))
    span = replace(span, lengths=shorter(span.lengths, words.region.lengths(span)))
    bounds = words.region.bounds(query, span)
    _check_rows(query, allowed, bounds, words.region)
    query = clear(query, bounds.occupied(allowed, query.device))
    projected = memory.score is not None
    seen = bounds.seen(given if projected else allowed, query.device)
    key, value = clear(memory.key, seen), clear(memory.value, seen)
    if not isinstance(score, Score):
        return Question(Problem(Free(score), query, key, bounds, words.choice, allowed), value, span.queries)
    x, y = score.project_query(query), key if projected else score.project_key(key)
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(
            f"{type(score).__name__} compares equal widths, got query {describe(query)} and "
            f"key {describe(memory.key)}: General and Additive take different ones."
        )
    if score.is_static and _is_shared(bounds, allowed, words.choice):
        x, bounds = score.project_query(_no_query(query)), replace(bounds, queries=1)
    return Question(Problem(score.form(), x, y, bounds, words.choice, allowed), value, span.queries)


def _is_shared(bounds: Bounds, keep: Tensor | None, choice: Choice) -> bool:
    """Whether several queries may see the very same keys, and none draws for itself."""
    limits = [limit.shape[-1] for limit in (bounds.start, bounds.stop) if limit is not None]
    alike = bounds.left is None and bounds.right is None and not bounds.gates and all(size == 1 for size in limits)
    return bounds.queries > 1 and alike and (keep is None or keep.shape[-2] == 1) and not choice.random


def _no_query(query: Tensor) -> Tensor:
    """One query of zeros in place of all, which still gives each a gradient of zero."""
    return torch.where(torch.zeros((), dtype=torch.bool, device=query.device), query[..., :1, :], 0.0)


def _check_rows(query: Tensor, keep: Tensor | None, bounds: Bounds, region: Region) -> None:
    """Check that keep and region were made for these queries.

    Raises: ShapeError, naming both shapes.
    """
    if keep is not None:
        if keep.shape[-2] not in (1, query.shape[-2]):
            raise ShapeError(
                f"keep is {describe(keep)} but query is {describe(query)}: expected [*B, T, S] or [*B, S]."
            )
        check_rows("keep", keep.shape[:-2], query)
    for limit in (bounds.start, bounds.stop):
        if limit is not None:
            check_rows(f"region {region!r}", limit.shape[:-1], query)


def as_memory(key: Tensor | Memory, value: Tensor | None) -> Memory:
    """The memory given, or made of the key and value given.

    Raises: TypeError, when a Memory comes with a value as well.
    """
    if isinstance(key, Memory):
        if value is not None:
            raise TypeError("attend got a Memory and a value: a Memory brings its own values, give one of the two.")
        return key
    return Memory(key, key if value is None else value)


def _real_keys(keep: Tensor | None) -> Tensor | None:
    """How many keys a row has up to the last one that any query may see: ``[*B]``."""
    if keep is None or keep.shape[-1] == 0:
        return None
    kept = keep.any(-2)
    position = torch.arange(1, kept.shape[-1] + 1, device=kept.device)
    return (kept * position).amax(-1)
