"""What the fused engine of the CPU takes, and how a problem becomes what its operators take."""

import functools
import importlib
import warnings
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from heedful.kernel import picked
from heedful.kernel.cpu import ops
from heedful.kernel.cpu.asked import Asked, Noted
from heedful.kernel.flat import flattened, refusal
from heedful.kernel.form import Tanh
from heedful.kernel.given import Given
from heedful.kernel.picked import Selected
from heedful.kernel.plain import Plain
from heedful.kernel.problem import Pick, Problem
from heedful.kernel.survey import Survey, Wanted
from heedful.shapes import joint_shape

_FEW_TERMS, _FEW_TO_LEARN = 1 << 18, 1 << 20
"""Products below which the plain engine is as quick, without and with a backward pass: calls cost as much as these."""
_FEW_QUERIES, _MANY_TERMS = 2, 1 << 19
"""A decoder's step: the keys' features pass by once, and from so many of them on it pays, if they are float32."""
_LONG = 512
"""Queries and keys from which on these loops are quicker than torch's SDPA."""
_LONG_IN_HALF = 2048
"""The same in half precision where all keys are seen: plain products of half precision are quicker up to here when
they learn, and at all lengths when they do not."""


@dataclass(frozen=True)
class Cpu:
    """Loops compiled by numba, float32 inside, on as many threads as torch uses."""

    def refusal(self, problem: Problem) -> str | None:
        """Why this engine cannot do a problem; None when it can."""
        if problem.x.device.type != "cpu":
            return f"it runs on a CPU, and the query is on {problem.x.device}"
        if problem.weighing.softmax_temperature is None and problem.weighing.pick is None:
            return "it knows no choice but Soft, Hard and TopK"
        return refusal(problem) or _missing()

    def suits(self, problem: Problem) -> bool:
        """Whether it is also the quickest here, of the engines that can."""
        queries, keys, bounds = problem.x.shape[-2], problem.y.shape[-2], problem.bounds
        batch = joint_shape(problem.x.shape[:-2], problem.y.shape[:-2]).numel()
        terms = batch * queries * keys * problem.x.shape[-1]
        if isinstance(problem.form, Tanh) and queries <= _FEW_QUERIES:
            return terms >= _MANY_TERMS and problem.y.dtype == torch.float32
        learns = torch.is_grad_enabled() and (problem.x.requires_grad or problem.y.requires_grad)
        learns = learns and not problem.weighing.random  # who draws, draws the same where nothing is learnt
        if isinstance(problem.form, Tanh) or bounds.left is not None or bounds.gates:
            return terms >= (_FEW_TO_LEARN if learns else _FEW_TERMS)
        if _is_half(problem) and bounds.unbounded and problem.keep is None and not problem.weighing.random:
            return learns and min(queries, keys) >= _LONG_IN_HALF
        return min(queries, keys) >= _LONG

    def attend(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`."""
        pick = problem.weighing.pick
        if pick is not None:
            keys, spoiled = self._find(problem, pick)
            context = picked.attend(problem, value, keys).masked_fill(spoiled, torch.nan)
            detached = value.detach()
            return picked.straight_through(problem, pick, context, ask=lambda soft: self.attend(soft, detached))
        given, batch = _given(problem, value)
        return _as_asked(ops.attend(given), batch, value)

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
        given, batch = _given(problem, value[..., :0])
        _, noted = ops.survey(given, _asked(pick))
        keys = _spread(_picks(noted, pick), batch)
        spoiled = _spread(noted.log_sums.isnan(), batch)
        context = picked.attend(problem, value, keys).masked_fill(spoiled.unsqueeze(-1), torch.nan)
        detached = value.detach()
        context = picked.straight_through(problem, pick, context, ask=lambda soft: self.attend(soft, detached))
        some, key = keys[..., 0] >= 0, keys[..., 0]
        log_sums, entropy = (_spread(each, batch) for each in (noted.log_sums, noted.entropies))
        log_probability = picked.scores(problem, keys)[..., 0] - log_sums
        return Selected(context, key, torch.where(some | spoiled, log_probability, 0.0), entropy)

    def survey(self, problem: Problem, value: Float[Tensor, "... S V"], wanted: Wanted) -> Survey:
        """The contexts, and the map of weights in short, of a softmax: all in the pass that computes the contexts."""
        given, batch = _given(problem, value)
        rows, columns = wanted.grid
        best = min(wanted.best, problem.bounds.keys)
        out, noted = ops.survey(given, Asked(best, rows=rows, columns=columns, gated=True))
        found = (_spread(each, batch) for each in (noted.mass, noted.best, noted.best_weights, noted.entropies))
        mass, index, weight, entropy = found
        index = index.masked_fill(weight == 0, -1)
        return Survey(_as_asked(out, batch, value), mass, index, weight, entropy.detach())

    def _find(self, problem: Problem, pick: Pick) -> tuple[picked.Keys, Bool[Tensor, "... T 1"]]:
        """Which keys are picked, and which queries see scores that are not numbers."""
        given, batch = _given(problem, problem.y[..., :0])
        with torch.no_grad():
            noted = ops.survey(given, _asked(pick))[1]
        return _spread(_picks(noted, pick), batch), _spread(noted.log_sums.isnan().unsqueeze(-1), batch)


def _is_half(problem: Problem) -> bool:
    """Whether torch's matrix products of a problem would be in half precision."""
    autocast = torch.is_autocast_enabled("cpu")
    dtype = torch.get_autocast_dtype("cpu") if autocast else problem.x.dtype
    return dtype in (torch.float16, torch.bfloat16)


def _asked(pick: Pick) -> Asked:
    return Asked(best=pick.count) if pick.draw is None else Asked(seed=pick.draw() % 2**62)


def _picks(noted: Noted, pick: Pick) -> Tensor:
    return noted.best if pick.draw is None else noted.drawn.unsqueeze(-1)


def _as_asked(out: Tensor, batch: torch.Size, value: Tensor) -> Tensor:
    """Contexts in the precision and with the batch axes that the question had."""
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else value.dtype
    return _spread(out.to(dtype), batch)


def _spread(tensor: Tensor, batch: torch.Size) -> Tensor:
    """A tensor's first axis as the batch axes that the question had."""
    return tensor.reshape(*batch, *tensor.shape[1:])


def _given(problem: Problem, value: Tensor) -> tuple[Given, torch.Size]:
    """The problem flat and in float32, and the batch axes it had."""
    return flattened(replace(problem, x=problem.x.float(), y=problem.y.float()), value.float())


def _missing() -> str | None:
    """Why the loops cannot be had on this machine; None where they can, which a tracing compiler takes for granted."""
    return None if torch.compiler.is_compiling() else _missing_here()


@functools.cache
def _missing_here() -> str | None:
    """The same, found out once, and said once as a warning."""
    try:
        importlib.import_module("heedful.kernel.cpu.run")
    except Exception as fault:  # numba and LLVM fail in many ways, and each has the same remedy
        reason = f"numba does not load here ({type(fault).__name__}: {fault})"
        warnings.warn(f"attention runs on plain torch, several times slower: {reason}", RuntimeWarning, stacklevel=6)
        return reason
    return None
