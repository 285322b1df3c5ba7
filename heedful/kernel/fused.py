"""What follows from one pass of a fused engine over a problem: what is picked, selected and surveyed."""

import sys
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from heedful.kernel import picked
from heedful.kernel.asked import Asked, Noted
from heedful.kernel.picked import Selected
from heedful.kernel.plain import Plain
from heedful.kernel.problem import Pick, Problem
from heedful.kernel.survey import Survey, Wanted


class Fused(ABC):
    """An engine that weighs keys as they pass by, and can note of their weights what it is asked for."""

    most_best: ClassVar[int] = sys.maxsize
    """The most keys of each query that it finds in a pass."""

    @abstractmethod
    def soften(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`, of a softmax."""

    @abstractmethod
    def note(self, problem: Problem, value: Float[Tensor, "... S V"], asked: Asked) -> tuple[Tensor, Noted]:
        """The same, and what is asked of the weights; with the batch axes of problem and value in place of one."""

    def attend(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`."""
        pick = problem.weighing.pick
        if pick is None:
            return self.soften(problem, value)
        keys, spoiled = self._find(problem, pick)
        context = picked.attend(problem, value, keys).masked_fill(spoiled, torch.nan)
        detached = value.detach()
        return picked.straight_through(problem, pick, context, ask=lambda soft: self.attend(soft, detached))

    def align(self, problem: Problem) -> Float[Tensor, "... T S"]:
        """The weights, of a choice that picks."""
        pick = problem.weighing.pick
        if pick is None:
            return Plain().align(problem)
        keys, spoiled = self._find(problem, pick)
        weights = picked.align(problem, keys).masked_fill(spoiled, torch.nan)
        return picked.straight_through(problem, pick, weights, ask=Plain().align)

    def select(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Selected:
        """One key for each query, and how probable it was; nothing of size T S is kept, forward or backward."""
        pick = problem.weighing.pick or Pick()
        _, noted = self.note(problem, value[..., :0].to(problem.y.dtype), _asked(pick))
        keys, spoiled = _picks(noted, pick), noted.log_sums.isnan()
        context = picked.attend(problem, value, keys).masked_fill(spoiled.unsqueeze(-1), torch.nan)
        detached = value.detach()
        context = picked.straight_through(problem, pick, context, ask=lambda soft: self.attend(soft, detached))
        some, key = keys[..., 0] >= 0, keys[..., 0]
        log_probability = picked.scores(problem, keys)[..., 0] - noted.log_sums
        return Selected(context, key, torch.where(some | spoiled, log_probability, 0.0), noted.entropies)

    def survey(self, problem: Problem, value: Float[Tensor, "... S V"], wanted: Wanted) -> Survey:
        """The contexts, and the map of weights in short, of a softmax: all in the pass that computes the contexts."""
        rows, columns = wanted.grid
        best = min(wanted.best, problem.bounds.keys)
        context, noted = self.note(problem, value, Asked(best, rows=rows, columns=columns, gated=True))
        index = noted.best.masked_fill(noted.best_weights == 0, -1)
        return Survey(context, noted.mass, index, noted.best_weights, noted.entropies.detach())

    def _find(self, problem: Problem, pick: Pick) -> tuple[picked.Keys, Bool[Tensor, "... T 1"]]:
        """Which keys are picked, and which queries see scores that are not numbers."""
        with torch.no_grad():
            noted = self.note(problem, problem.y[..., :0], _asked(pick))[1]
        return _picks(noted, pick), noted.log_sums.isnan().unsqueeze(-1)


def spread(tensor: Tensor, batch: torch.Size) -> Tensor:
    """A tensor's first axis as the batch axes that the question had."""
    return tensor.reshape(*batch, *tensor.shape[1:])


def _asked(pick: Pick) -> Asked:
    return Asked(best=pick.count) if pick.draw is None else Asked(seed=pick.draw() % 2**62)


def _picks(noted: Noted, pick: Pick) -> picked.Keys:
    return noted.best if pick.draw is None else noted.drawn.unsqueeze(-1)
