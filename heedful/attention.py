"""The one door: attend, align, select, and the memory that is looked at.

    context = attend(query, key, value, score=Additive(...), region=Window(64) & Causal(), choice=Soft())
    weights = align(query, key, score=..., region=..., choice=...)      # the same map, seen

Self-attention and source-target attention are the same function: what differs is which sequence is the memory.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful import kernel
from heedful.choice import Choice, Hard, Selection, Soft
from heedful.kernel import Bounds, Free, Problem, fill, wide
from heedful.region import Everywhere, Region, Span, shorter
from heedful.score import Dot, Score
from heedful.shapes import ShapeError, check_memory, check_rows, check_same_kind, describe, spread_keep, take_rows

ScoreLike = Score | Callable[[Tensor, Tensor], Tensor]
"""A score of this package, or any callable ``(query, key) -> [*B, T, S]``."""

_DOT, _EVERYWHERE, _SOFT, _HARD = Dot(), Everywhere(), Soft(), Hard()


@dataclass(frozen=True)
class Memory:
    """What can be looked at: keys, their values, and which of them are real (`keep`, True = may look).

    With `score` None the keys are raw, and every call projects them. `project` does that once, for a memory that
    is asked many times; the memory then belongs to that score.
    Shapes: key ``[*B, S, K]``, value ``[*B, S, V]``, keep ``[*B, S]``.
    """

    key: Float[Tensor, "... S K"]
    value: Float[Tensor, "... _ V"]
    keep: Bool[Tensor, "..."] | None = None
    score: ScoreLike | None = None

    def project(self, score: ScoreLike) -> "Memory":
        """The same memory with its keys projected by `score`, and cleared where it is not kept.

        Raises: ValueError, when it was projected by another score already.
        """
        if self.score is not None:
            self.check_owner(score)
            return self
        return self.cleared().scored_by(score)

    def cleared(self) -> "Memory":
        """The same memory with zeros wherever it is not kept, whatever was there."""
        if self.keep is None:
            return self
        seen = spread_keep(self.keep, self.key).any(-2)
        key = _clear(self.key, seen)
        value = key if self.value is self.key else _clear(self.value, seen)
        return replace(self, key=key, value=value)

    def scored_by(self, score: ScoreLike) -> "Memory":
        """The keys projected by `score`, of a memory that is `cleared` already."""
        return replace(self, key=score.project_key(self.key) if isinstance(score, Score) else self.key, score=score)

    def rows(self, index: Int[Tensor, " N"]) -> "Memory":
        """Rows picked along the first batch axis, as search does with its beams."""
        return take_rows(self, index)

    def extend(self, new: "Memory") -> "Memory":
        """The memory followed by `new` ones along S: the cache of step-by-step decoding.

        Raises: ValueError, when the two were projected by different scores.
        """
        if new.score is not self.score:
            raise ValueError("Memory.extend: the two memories were projected by different scores; project both alike.")
        key = torch.cat([self.key, new.key], dim=-2)
        if isinstance(self.score, Score) and self.score.reads_positions:
            key = self.score.project_key(key)  # the new keys counted from 0: count again from the memory's first
        return Memory(key, torch.cat([self.value, new.value], dim=-2), _join(self, new), self.score)

    def check_owner(self, score: ScoreLike) -> None:
        """Raises: ValueError, when another score projected this memory."""
        if self.score is not None and self.score is not score:
            raise ValueError(
                f"this memory was projected by {self.score} and cannot be asked with {score}: "
                "keep the raw Memory(key, value) and project it for each score."
            )


def attend(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    value: Float[Tensor, "... _ V"] | None = None,
    *,
    score: ScoreLike = _DOT,
    region: Region = _EVERYWHERE,
    choice: Choice = _SOFT,
    keep: Bool[Tensor, "..."] | None = None,
    engine: str = "auto",
) -> Float[Tensor, "... T V"]:
    """Look at a memory: the values, weighed by how well their keys answer each query.

    `key` may be a `Memory`, which brings its own values and keep (and its score, where none is given); `value`
    None means the keys are the values. `keep` is boolean, True = may look: ``[*B, S]`` for all queries, or
    ``[*B, T, S]``. Batch axes of size 1 broadcast; heads are a batch axis.

    Returns: ``[*B, T, V]``; a query that may see nothing gets zeros, and so does its gradient.
    Raises: ShapeError, when shapes, dtypes or devices do not fit, naming both; EngineError, when `engine` is
        "plain", "cpu" or "sdpa" and cannot do this.
    Memory: O(T + S) of the fused engine, else bounded by a block of queries, forward and backward.
    Source: Bahdanau et al. 2015, eq. 5-6 (arXiv:1409.0473); Vaswani et al. 2017, eq. 1 (arXiv:1706.03762).
    """
    problem, values = _pose(query, _as_memory(key, value), score, region, choice, keep)
    return kernel.attend(problem, values, engine)


def align(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    *,
    score: ScoreLike = _DOT,
    region: Region = _EVERYWHERE,
    choice: Choice = _SOFT,
    keep: Bool[Tensor, "..."] | None = None,
) -> Float[Tensor, "... T S"]:
    """How much of each key every query takes: the map that `attend` multiplies with the values.

    Returns: rows that sum to 1, or to 0 where nothing may be seen, or to less where the region gates
        (`Predicted`); in at least float32.
    Raises: ShapeError, as `attend`.
    Memory: O(T S), the map itself.
    """
    problem, _ = _pose(query, _as_memory(key, None), score, region, choice, keep)
    return kernel.align(problem)


def select(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    value: Float[Tensor, "... _ V"] | None = None,
    *,
    score: ScoreLike = _DOT,
    region: Region = _EVERYWHERE,
    choice: Hard = _HARD,
    keep: Bool[Tensor, "..."] | None = None,
) -> Selection:
    """Choose one key for each query: hard attention with all that a policy gradient needs.

    The probability is that of the softmax of the scores over the visible keys, whichever way `choice` draws:
    ``Hard()`` takes the best, ``Hard(Gumbel())`` samples. `log_probability` and `entropy` carry gradients to the
    scores; `context` is the chosen value (times the region's gate, if it has one). With ``key`` a plain set of
    vectors and no `value` this is index selection from a set.

    Returns: Selection(context ``[*B, T, V]``, index ``[*B, T]``, log_probability, entropy); index -1 and zeros
        where nothing may be seen.
    Source: Xu et al. 2015, section 4.1 (arXiv:1502.03044).
    """
    problem, values = _pose(query, _as_memory(key, value), score, region, choice, keep)
    rows, keys = slice(0, problem.bounds.queries), slice(0, problem.bounds.keys)
    scores = wide(problem.form.scores(problem.x, problem.y))
    visible = problem.visible(rows, keys)
    one_hot = choice(scores, visible)
    chosen = one_hot.detach()
    log_all = torch.log_softmax(fill(scores, visible), dim=-1)
    log_all = log_all if visible is None else log_all.masked_fill(~visible, 0.0)
    some = chosen.sum(-1) > 0
    entropy = -(log_all.exp() * log_all).sum(-1)
    weights = one_hot
    for gate in problem.bounds.gates:
        weights = weights * gate.weights(rows, keys)
    return Selection(
        context=weights.to(values.dtype) @ values,
        index=_first(chosen).masked_fill(~some, -1),
        log_probability=torch.where(some, (chosen * log_all).sum(-1), 0.0),
        entropy=torch.where(some, entropy, 0.0),
    )


def _pose(
    query: Tensor, memory: Memory, score: ScoreLike, region: Region, choice: Choice, keep: Tensor | None
) -> tuple[Problem, Tensor]:  # fmt: skip
    """Turn the four words and the tensors into a kernel's problem, with what nobody may see cleared away.

    Clearing comes before projecting: a NaN that is only masked would still reach the projection's gradient.
    """
    check_memory(query, memory.key, memory.value)
    check_same_kind(query=query, key=memory.key, value=memory.value)
    if memory.score is not None and score is _DOT:
        score = memory.score
    memory.check_owner(score)
    given = None if keep is None else spread_keep(keep, memory.key)
    own = None if memory.keep is None else spread_keep(memory.keep, memory.key)
    allowed = given if own is None else own if given is None else given & own
    span = Span(query.shape[-2], memory.key.shape[-2], query.ndim - 2, query.device, _real_keys(allowed))
    span = replace(span, lengths=shorter(span.lengths, region.lengths(span)))
    bounds = region.bounds(query, span)
    _check_rows(query, allowed, bounds, region)
    query = _clear(query, bounds.occupied(allowed, query.device))
    projected = memory.score is not None
    seen = bounds.seen(given if projected else allowed, query.device)
    key, value = _clear(memory.key, seen), _clear(memory.value, seen)
    if not isinstance(score, Score):
        return Problem(Free(score), query, key, bounds, choice, allowed), value
    x, y = score.project_query(query), key if projected else score.project_key(key)
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(
            f"{type(score).__name__} compares equal widths, got query {describe(query)} and "
            f"key {describe(memory.key)}: General and Additive take different ones."
        )
    return Problem(score.form(), x, y, bounds, choice, allowed), value


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


def _as_memory(key: Tensor | Memory, value: Tensor | None) -> Memory:
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


def _clear(vectors: Tensor, seen: Tensor | None) -> Tensor:
    """Vectors with zeros where nobody looks, whatever was there: NaN and infinities included."""
    return vectors if seen is None else torch.where(seen.unsqueeze(-1), vectors, 0.0)


def _join(first: Memory, second: Memory) -> Tensor | None:
    """The keep of two memories one after the other."""
    if first.keep is None and second.keep is None:
        return None
    return torch.cat([_keep_beside(first, second), _keep_beside(second, first)], dim=-1)


def _keep_beside(memory: Memory, other: Memory) -> Tensor:
    """A memory's keep; one without is real throughout, on the same axes as the other's."""
    if memory.keep is not None:
        return memory.keep
    axes = memory.key.shape[:-2] if other.keep is None else other.keep.shape[:-1]
    return torch.ones(*axes, memory.key.shape[-2], dtype=torch.bool, device=memory.key.device)


def _first(one_hot: Tensor) -> Tensor:
    """The index of the one in each row; 0 for an empty axis."""
    if one_hot.shape[-1] == 0:
        return torch.zeros(one_hot.shape[:-1], dtype=torch.long, device=one_hot.device)
    return one_hot.argmax(-1)
