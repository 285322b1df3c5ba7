"""What the fused engine of the CPU takes, and how a problem becomes what its operators take."""

import functools
import importlib
import warnings
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel.cpu import ops
from heedful.kernel.cpu.given import Given
from heedful.kernel.form import Free, Tanh
from heedful.kernel.problem import Problem
from heedful.shapes import joint_shape

_FEW_TERMS = 1 << 16
"""Products below which the plain engine is as quick: a call costs about as much as these."""
_FEW_QUERIES, _MANY_TERMS = 2, 1 << 19
"""A decoder's step: the keys' features pass by once, and from so many of them on it pays, if they are float32."""
_LONG = 512
"""Queries and keys from which on these loops are quicker than torch's SDPA."""


@dataclass(frozen=True)
class Cpu:
    """Loops compiled by numba, float32 inside, on as many threads as torch uses."""

    def refusal(self, problem: Problem) -> str | None:
        """Why this engine cannot do a problem; None when it can."""
        if problem.x.device.type != "cpu":
            return f"it runs on a CPU, and the query is on {problem.x.device}"
        if isinstance(problem.form, Free):
            return "it knows the scores of this package, and this one is a callable of your own"
        if problem.weighing.softmax_temperature is None:
            return "it knows no choice but Soft"
        if len(problem.bounds.gates) > 1:
            return f"it gates weights once, and {len(problem.bounds.gates)} regions here gate them (region Predicted)"
        if problem.x.dtype == torch.float64:
            return "it computes in float32, and this is float64"
        return _missing()

    def suits(self, problem: Problem) -> bool:
        """Whether it is also the quickest here, of the engines that can."""
        queries, keys, bounds = problem.x.shape[-2], problem.y.shape[-2], problem.bounds
        batch = joint_shape(problem.x.shape[:-2], problem.y.shape[:-2]).numel()
        terms = batch * queries * keys * problem.x.shape[-1]
        if isinstance(problem.form, Tanh) and queries <= _FEW_QUERIES:
            return terms >= _MANY_TERMS and problem.y.dtype == torch.float32
        if isinstance(problem.form, Tanh) or bounds.left is not None or bounds.gates:
            return terms >= _FEW_TERMS
        return min(queries, keys) >= _LONG

    def attend(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`."""
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else value.dtype
        start, stop = problem.bounds.intervals(value.device)
        beside = [start, *(gate.centre for gate in problem.bounds.gates)]
        beside += [] if problem.keep is None else [problem.keep[..., 0]]
        memory = joint_shape(problem.y.shape[:-2], value.shape[:-2])
        batch = joint_shape(problem.x.shape[:-2], memory, *(each.shape[:-1] for each in beside))
        out = ops.attend(_given(problem, value, (start, stop), memory, batch))
        return out.to(dtype).reshape(*batch, *out.shape[-2:])


def _given(
    problem: Problem, value: Tensor, limits: tuple[Tensor, Tensor], memory: torch.Size, batch: torch.Size
) -> Given:
    """The problem with one batch axis, `batch` for queries and `memory` for keys and values, in float32."""
    queries, gates, keep = problem.bounds.queries, problem.bounds.gates, problem.keep
    start, stop = (limit.to(torch.int32).expand(*batch, queries).reshape(batch.numel(), queries) for limit in limits)
    sharpness = 1.0 / (problem.weighing.softmax_temperature or 1.0)
    x, weight = problem.x.float(), None
    if isinstance(problem.form, Tanh):
        weight = problem.form.weight.float() * sharpness
    elif sharpness != 1.0:
        x = x * sharpness
    return Given(
        x=_flat(x, batch),
        y=_flat(problem.y.float(), memory),
        value=_flat(value.float(), memory),
        weight=weight,
        start=start,
        stop=stop,
        keep=None if keep is None else keep.reshape(-1, *keep.shape[-2:]),
        keep_of=_places(torch.Size() if keep is None else keep.shape[:-2], batch),
        group=_places(memory, batch),
        centre=gates[0].centre.float().expand(*batch, queries).reshape(batch.numel(), queries) if gates else None,
        deviation=gates[0].deviation if gates else 1.0,
    )


def _flat(tensor: Tensor, batch: torch.Size) -> Float[Tensor, "N L F"]:
    """A tensor with its batch axes spread to `batch` and made one."""
    length, width = tensor.shape[-2:]
    return tensor.expand(*batch, length, width).reshape(batch.numel(), length, width)


def _places(shared: torch.Size, batch: torch.Size) -> Tensor:
    """For each row of `batch` its place in `shared`, which broadcasts to it."""
    return torch.arange(shared.numel()).view(shared).expand(batch).reshape(-1)


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
