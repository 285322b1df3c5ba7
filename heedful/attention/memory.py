"""What queries attend to: keys and values, perhaps projected already, and which of them are real."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.score import Score
from heedful.shapes import describe, expand_keep, take_rows

ScoreLike = Score | Callable[[Tensor, Tensor], Tensor]
"""A score of this package, or any callable ``(query, key) -> [*B, T, S]``."""


@dataclass(frozen=True)
class Memory:
    """Keys, their values, and which of them are real (`keep`, True = may attend).

    With `score` None the keys are raw, and every call projects them. `project` does that once, for a memory that
    many calls use, as a decoder's steps do; the memory then belongs to that score.
    Shapes: key ``[*B, S, K]``, value ``[*B, S, V]``, keep ``[*B, S]``, or ``[*B, T, S]`` for a single call.

        >>> import torch
        >>> from heedful import Additive, Memory, attend
        >>> source = torch.randn(2, 7, 16)
        >>> memory = Memory(source, source).project(Additive(8, 16, 32))
        >>> attend(torch.randn(2, 1, 8), memory).shape  # the score comes with the memory
        torch.Size([2, 1, 16])
    """

    key: Float[Tensor, "... S K"]
    value: Float[Tensor, "... _ V"]
    keep: Bool[Tensor, "..."] | None = None
    # A score may be a dataclass with tensors of its own, which have no rows for the batch: `take_rows` leaves it alone.
    score: ScoreLike | None = field(default=None, metadata={"per_row": False})

    def project(self, score: ScoreLike) -> "Memory":
        """The same memory with its keys projected by `score`, and zeros where it is not kept.

        Raises: ValueError, when another score has projected it.
        """
        if self.score is not None:
            self.check_owner(score)
            return self
        return self.cleared().scored_by(score)

    def cleared(self) -> "Memory":
        """The same memory with zeros wherever it is not kept, NaN and infinity included."""
        if self.keep is None:
            return self
        seen = expand_keep(self.keep, self.key).any(-2)
        key = zero_unseen(self.key, seen)
        # Keys that are their own values stay one tensor: half the memory, and one gradient.
        value = key if self.value is self.key else zero_unseen(self.value, seen)
        return replace(self, key=key, value=value)

    def scored_by(self, score: ScoreLike) -> "Memory":
        """The keys projected by `score`, of a memory that is `cleared` already."""
        return replace(self, key=score.project_key(self.key) if isinstance(score, Score) else self.key, score=score)

    def rows(self, index: Int[Tensor, " N"]) -> "Memory":
        """The rows at `index` along the first batch axis, as beam search reorders its hypotheses."""
        key = take_rows(self.key, index)
        # Keys that are their own values stay one tensor.
        value = key if self.value is self.key else take_rows(self.value, index)
        return replace(self, key=key, value=value, keep=take_rows(self.keep, index))

    def extend(self, new: "Memory") -> "Memory":
        """The memory followed by `new` along S: the cache of step-by-step decoding.

        Raises: ValueError, when the two were projected by different scores.
        """
        if new.score is not self.score:
            raise ValueError(
                "Memory.extend: the two memories were projected by different scores; project both by one score."
            )
        key = torch.cat([self.key, new.key], dim=-2)
        if isinstance(self.score, Score) and self.score.reads_positions:
            # The new keys were projected as if they stood at position 0. Such a score reads only positions, so
            # projecting all keys again puts each at its own.
            key = self.score.project_key(key)
        return Memory(key, torch.cat([self.value, new.value], dim=-2), _join(self, new), self.score)

    def __repr__(self) -> str:
        """Shapes and not numbers."""
        keep = "None" if self.keep is None else describe(self.keep)
        return f"Memory(key={describe(self.key)}, value={describe(self.value)}, keep={keep}, score={self.score!r})"

    def check_owner(self, score: ScoreLike) -> None:
        """Raises: ValueError, when another score projected this memory."""
        if self.score is not None and self.score is not score:
            raise ValueError(
                f"this memory was projected by {self.score} and cannot be used with {score}: "
                "keep the raw Memory(key, value) and project it for each score."
            )


def zero_unseen(vectors: Tensor, seen: Tensor | None) -> Tensor:
    """Vectors with zeros where `seen` is False, NaN and infinity included."""
    # A `where` and not a product: 0 times NaN is NaN.
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
