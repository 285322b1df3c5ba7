"""What can be looked at: keys and their values, perhaps projected already, and which of them are real."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.score import Score
from heedful.shapes import spread_keep, take_rows

ScoreLike = Score | Callable[[Tensor, Tensor], Tensor]
"""A score of this package, or any callable ``(query, key) -> [*B, T, S]``."""


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
        key = clear(self.key, seen)
        value = key if self.value is self.key else clear(self.value, seen)
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


def clear(vectors: Tensor, seen: Tensor | None) -> Tensor:
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
