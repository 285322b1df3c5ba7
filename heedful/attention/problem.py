"""From score, region, choice and tensors to a kernel's problem: checked, projected, zeroed where nothing is seen."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool
from torch import Tensor

from heedful.attention.memory import Memory, ScoreLike, zero_unseen
from heedful.choice import Argmax, Choice, Entmax15, Gumbel, Soft, Sparsemax, StopGradient, StraightThrough, TopK
from heedful.kernel import Bounds, Custom, Problem, Weighing
from heedful.region import Everywhere, Region, Span, min_lengths
from heedful.score import Dot, Score
from heedful.shapes import (
    ShapeError,
    check_batch_axes,
    check_keep,
    check_memory,
    check_same_dtype_and_device,
    describe,
)

# The defaults are single objects, so that "no score was chosen" can be told from "Dot() was chosen" (see
# `build_problem`).
DOT, EVERYWHERE, SOFT = Dot(), Everywhere(), Soft()


@dataclass(frozen=True)
class AttentionSpec:
    """Which attention is meant: score, region and choice, and which keys are real."""

    score: ScoreLike = DOT
    region: Region = EVERYWHERE
    choice: Choice = SOFT
    keep: Bool[Tensor, "..."] | None = None


@dataclass(frozen=True)
class PreparedProblem:
    """A kernel's problem with its values.

    Where every query gets the same answer the problem holds a single one, in place of all `queries`.
    """

    problem: Problem
    value: Tensor
    queries: int

    def expand_queries(self, result: Tensor, axis: int = -2) -> Tensor:
        """A result for every query; `axis` is the queries'."""
        if self.problem.bounds.queries == self.queries:
            return result
        shape = list(result.shape)
        shape[axis] = self.queries
        return result.expand(shape)


def build_problem(query: Tensor, memory: Memory, spec: AttentionSpec) -> PreparedProblem:
    """A kernel's problem, with zeros in place of whatever no query may see.

    Raises: ShapeError, when shapes, dtypes or devices do not fit; TypeError, when an argument is of another kind;
        ValueError, when another score projected the memory.
    """
    _check_kinds(spec)
    check_memory(query, memory.key, memory.value)
    check_same_dtype_and_device(query=query, key=memory.key, value=memory.value)
    # A projected memory brings its score, so that a caller need not repeat it.
    score = memory.score if memory.score is not None and spec.score is DOT else spec.score
    memory.check_owner(score)
    call_keep, memory_keep = (
        None if each is None else check_keep(each, query, memory.key, memory.value) for each in (spec.keep, memory.keep)
    )
    keep = call_keep if memory_keep is None else memory_keep if call_keep is None else call_keep & memory_keep
    span = Span(query.shape[-2], memory.key.shape[-2], query.ndim - 2, query.device, _last_kept(keep))
    span = replace(span, lengths=min_lengths(span.lengths, spec.region.lengths(span)))
    bounds = spec.region.bounds(query, span)
    _check_bounds(query, memory, bounds, spec.region)
    # Zeroing comes before projecting: a NaN that is only masked would still reach the projection's gradient.
    query = zero_unseen(query, bounds.occupied(keep, query.device))
    # A projected memory was zeroed by its own keep before it was projected.
    projected = memory.score is not None
    seen = bounds.seen(call_keep if projected else keep, query.device)
    key, value = zero_unseen(memory.key, seen), zero_unseen(memory.value, seen)
    if not isinstance(score, Score):
        return PreparedProblem(Problem(Custom(score), query, key, bounds, spec.choice, keep), value, span.queries)
    x, y = score.project_query(query), key if projected else score.project_key(key)
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(
            f"{type(score).__name__} compares vectors of one width, got query {describe(query)} and "
            f"key {describe(memory.key)}: use General or Additive, which take different widths."
        )
    if score.is_static and _is_shared(bounds, keep, spec.choice):
        x, bounds = score.project_query(_zero_query(query)), replace(bounds, queries=1)
    return PreparedProblem(Problem(score.form(), x, y, bounds, spec.choice, keep), value, span.queries)


def _is_shared(bounds: Bounds, keep: Tensor | None, choice: Choice) -> bool:
    """Whether several queries may see the very same keys, and none draws for itself."""
    limits = [limit.shape[-1] for limit in (bounds.start, bounds.stop) if limit is not None]
    alike = bounds.left is None and bounds.right is None and not bounds.gates and all(size == 1 for size in limits)
    return bounds.queries > 1 and alike and (keep is None or keep.shape[-2] == 1) and not choice.random


def _zero_query(query: Tensor) -> Tensor:
    """A single query of zeros in place of all."""
    # A `where` and not new_zeros: it stays connected to the query, whose gradient is then zero and not missing.
    return torch.where(torch.zeros((), dtype=torch.bool, device=query.device), query[..., :1, :], 0.0)


def _check_kinds(spec: AttentionSpec) -> None:
    """Check that score, region and choice are what they are called.

    Raises: TypeError, saying what was passed, and what to write where it is a part of a choice.
    """
    score, region, choice = spec.score, spec.region, spec.choice
    # The protocol is asked last: its check walks over all of its members.
    if not isinstance(choice, Choice) and (isinstance(choice, type) or not isinstance(choice, Weighing)):
        raise TypeError(f"choice is {choice!r}, expected Soft(), Hard(...) or Sparse(...)." + _choice_hint(choice))
    if not isinstance(region, Region):
        hint = f" Make one: {region.__name__}(...)." if isinstance(region, type) else ""
        raise TypeError(f"region is {region!r}, expected a region such as Causal() or Window(64).{hint}")
    if not isinstance(score, Score) and (isinstance(score, type) or not callable(score)):
        hint = f" Make one: {score.__name__}(...)." if isinstance(score, type) else ""
        raise TypeError(f"score is {score!r}, expected a score such as Dot() or a callable (query, key).{hint}")


def _choice_hint(choice: object) -> str:
    """What to write in place of a part of a choice, or of its class."""
    if isinstance(choice, type):
        return f" Make one: {choice.__name__}()."
    if isinstance(choice, (Sparsemax, Entmax15, TopK)):
        return f" Write Sparse({choice})."
    if isinstance(choice, (Argmax, Gumbel)):
        return f" Write Hard({choice})."
    return f" Write Hard(gradient={choice})." if isinstance(choice, (StopGradient, StraightThrough)) else ""


def _check_bounds(query: Tensor, memory: Memory, bounds: Bounds, region: Region) -> None:
    """Check that the region was made for these queries.

    Raises: ShapeError, naming both shapes.
    """
    for limit in (bounds.start, bounds.stop):
        if limit is not None:
            check_batch_axes(region, limit.shape[:-1], query, memory.key, memory.value)


def as_memory(key: Tensor | Memory, value: Tensor | None) -> Memory:
    """`key` itself if it is a memory, else a memory of key and value.

    Raises: TypeError, when a Memory comes with a value as well.
    """
    if isinstance(key, Memory):
        if value is not None:
            raise TypeError(
                "attend got a Memory and a value: a Memory brings its own values; pass only one of the two."
            )
        return key
    return Memory(key, key if value is None else value)


def _last_kept(keep: Tensor | None) -> Tensor | None:
    """How many keys a row has up to the last one that any query may see: ``[*B]``."""
    if keep is None or keep.shape[-1] == 0:
        return None
    kept = keep.any(-2)
    position = torch.arange(1, kept.shape[-1] + 1, device=kept.device)
    return (kept * position).amax(-1)
