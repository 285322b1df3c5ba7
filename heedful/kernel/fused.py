"""What both fused engines do with one pass over a problem: attend, pick keys, select and survey."""

import importlib
import sys
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from heedful.kernel import gathered, second_order
from heedful.kernel.gathered import Selected
from heedful.kernel.inputs import KernelInputs
from heedful.kernel.operators import FusedOperators
from heedful.kernel.plain import Plain
from heedful.kernel.problem import Pick, Problem
from heedful.kernel.stats import KernelStats, KernelStatsRequest, Stats, StatsRequest
from heedful.shapes import autocast_dtype


class Fused(ABC):
    """An engine that weighs keys tile by tile, and can collect statistics of the weights while it has them."""

    max_best: ClassVar[int] = sys.maxsize
    """The most best keys of each query that it finds in a pass."""

    operators: ClassVar[FusedOperators]
    """Its torch operators."""

    @abstractmethod
    def flatten(self, problem: Problem, value: Float[Tensor, "... S V"]) -> tuple[KernelInputs, torch.Size]:
        """The problem as its kernels take it, and the batch axes of the contexts."""

    def attend_softmax(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`, for a softmax."""
        inputs, batch = self.flatten(problem, value)
        return unflatten_batch(self.operators.attend(inputs).to(output_dtype(problem, value)), batch)

    def attend_with_stats(
        self, problem: Problem, value: Float[Tensor, "... S V"], request: KernelStatsRequest
    ) -> tuple[Tensor, KernelStats]:
        """The same, and statistics of the weights."""
        inputs, batch = self.flatten(problem, value)
        output, stats = self.operators.survey(inputs, request)
        output = unflatten_batch(output.to(output_dtype(problem, value)), batch)
        return output, KernelStats(*(unflatten_batch(each, batch) for each in stats))

    def attend(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`."""
        pick = problem.weighing.pick
        if pick is None:
            return self.attend_softmax(problem, value)
        keys, nonfinite = self._find(problem, pick)
        # Only the picked keys are gathered, so a NaN elsewhere in the row would go unnoticed: write it by hand.
        context = gathered.attend(problem, value, keys).masked_fill(nonfinite, torch.nan)
        # The values' gradient comes through the picked weights; the straight-through term only moves the scores.
        detached = second_order.without_gradient(value)
        return gathered.straight_through(problem, pick, context, ask=lambda soft: self.attend(soft, detached))

    def align(self, problem: Problem) -> Float[Tensor, "... T S"]:
        """The weights, of a choice that picks keys."""
        pick = problem.weighing.pick
        if pick is None:
            return Plain().align(problem)
        keys, nonfinite = self._find(problem, pick)
        weights = gathered.align(problem, keys).masked_fill(nonfinite, torch.nan)
        return gathered.straight_through(problem, pick, weights, ask=Plain().align)

    def select(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Selected:
        """One key for each query, and its probability; nothing of size T S is kept, forward or backward."""
        pick = problem.weighing.pick or Pick()
        # Values of width 0: this pass is for the statistics alone. Their dtype decides how the GPU multiplies.
        _, stats = self.attend_with_stats(problem, value[..., :0].to(problem.y.dtype), _request(pick))
        keys, nonfinite = _picked_keys(stats, pick), stats.lse.isnan()
        context = gathered.attend(problem, value, keys).masked_fill(nonfinite.unsqueeze(-1), torch.nan)
        detached = second_order.without_gradient(value)
        context = gathered.straight_through(problem, pick, context, ask=lambda soft: self.attend(soft, detached))
        key = keys[..., 0]
        # log p = score - lse. Both terms carry gradients: the score through its features, lse through the backward
        # pass.
        log_probability = gathered.scores(problem, keys)[..., 0] - stats.lse
        return Selected(context, key, torch.where((key >= 0) | nonfinite, log_probability, 0.0), stats.entropy)

    def survey(self, problem: Problem, value: Float[Tensor, "... S V"], request: StatsRequest) -> Stats:
        """The contexts and the statistics, for a softmax: all in the pass that computes the contexts."""
        rows, columns = request.grid
        best = min(request.best, problem.bounds.keys)
        kernel_request = KernelStatsRequest(best, rows=rows, columns=columns, gated=True)
        context, stats = self.attend_with_stats(problem, value, kernel_request)
        # A gate can underflow to weight 0: such a key was seen, but takes nothing.
        index = stats.best.masked_fill(stats.best_weights == 0, -1)
        return Stats(context, stats.mass, index, stats.best_weights, stats.entropy.detach())

    def _find(self, problem: Problem, pick: Pick) -> tuple[gathered.Keys, Bool[Tensor, "... T 1"]]:
        """Which keys are picked, and which queries see a score that is NaN or infinite."""
        with torch.no_grad():
            stats = self.attend_with_stats(problem, problem.y[..., :0], _request(pick))[1]
        return _picked_keys(stats, pick), stats.lse.isnan().unsqueeze(-1)


def output_dtype(problem: Problem, value: Tensor) -> torch.dtype:
    """The precision of the contexts: autocast's where it is on, as for torch's matrix products; else the values'."""
    return autocast_dtype(problem.x.device) or value.dtype


def unflatten_batch(tensor: Tensor, batch: torch.Size) -> Tensor:
    """A tensor's first axis as the batch axes of the problem."""
    return tensor.reshape(*batch, *tensor.shape[1:])


def import_failure(module: str, package: str) -> str | None:
    """Why a module of kernels cannot be imported on this machine; None where it can."""
    try:
        importlib.import_module(module)
    except Exception as fault:  # compilers and drivers fail in many ways; all of them mean: take another engine
        return f"{package} does not load here ({type(fault).__name__}: {fault})"
    return None


def _request(pick: Pick) -> KernelStatsRequest:
    if pick.draw is None:
        return KernelStatsRequest(best=pick.count)
    return KernelStatsRequest(seed=pick.draw() % 2**62)  # the schema's integers are signed, and -1 means no draw


def _picked_keys(stats: KernelStats, pick: Pick) -> gathered.Keys:
    return stats.best if pick.draw is None else stats.drawn.unsqueeze(-1)
