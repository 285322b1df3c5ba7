"""What the fused engine of the CPU takes, and how a problem becomes what its operators take."""

import functools
import importlib
import warnings
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel.asked import Asked, Noted
from heedful.kernel.cpu import ops
from heedful.kernel.flat import flattened, refusal
from heedful.kernel.form import Tanh
from heedful.kernel.fused import Fused, spread
from heedful.kernel.given import Given
from heedful.kernel.problem import Problem
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
class Cpu(Fused):
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

    def soften(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`, of a softmax."""
        given, batch = _given(problem, value)
        return _as_asked(ops.attend(given), batch, value)

    def note(self, problem: Problem, value: Float[Tensor, "... S V"], asked: Asked) -> tuple[Tensor, Noted]:
        """The same, and what is asked of the weights."""
        given, batch = _given(problem, value)
        out, noted = ops.survey(given, asked)
        return _as_asked(out, batch, value), Noted(*(spread(each, batch) for each in noted))


def _is_half(problem: Problem) -> bool:
    """Whether torch's matrix products of a problem would be in half precision."""
    autocast = torch.is_autocast_enabled("cpu")
    dtype = torch.get_autocast_dtype("cpu") if autocast else problem.x.dtype
    return dtype in (torch.float16, torch.bfloat16)


def _as_asked(out: Tensor, batch: torch.Size, value: Tensor) -> Tensor:
    """Contexts in the precision and with the batch axes that the question had."""
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else value.dtype
    return spread(out.to(dtype), batch)


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
