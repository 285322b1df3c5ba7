"""What the fused engine of the CPU takes, and how a problem becomes what its operators take."""

import functools
import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from heedful.kernel.form import Free, Inner, Tanh
from heedful.kernel.problem import Problem
from heedful.shapes import joint_shape

_FEW_PAIRS = 1 << 14
"""Terms of the tanh form below which the plain engine is as quick: a call costs about as much as these."""
_HALVES = (torch.float16, torch.bfloat16)


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
        if isinstance(problem.form, Tanh):
            return problem.x.shape[-2] * problem.y[..., 0].numel() * problem.x.shape[-1] >= _FEW_PAIRS
        return problem.bounds.left is not None or bool(problem.bounds.gates)

    def attend(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`."""
        bounds = problem.bounds
        autocast = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else value.dtype
        start, stop = bounds.intervals(value.device)
        gate = bounds.gates[0] if bounds.gates else None
        shared = joint_shape(problem.y.shape[:-2], value.shape[:-2])
        others = [start.shape[:-1]] if gate is None else [start.shape[:-1], gate.centre.shape[:-1]]
        others += [] if problem.keep is None else [problem.keep.shape[:-2]]
        batch = joint_shape(problem.x.shape[:-2], shared, *others)
        rows, keep, keep_of = batch.numel(), None, torch.zeros(batch.numel(), dtype=torch.long)
        if problem.keep is not None:
            keep = problem.keep.reshape(-1, *problem.keep.shape[-2:])
            keep_of = _places(problem.keep.shape[:-2], batch)
        centre = None if gate is None else gate.centre.float().expand(*batch, bounds.queries).reshape(rows, -1)
        temperature = problem.weighing.softmax_temperature or 1.0
        x, weight = problem.x, None
        if isinstance(problem.form, Tanh):
            weight = problem.form.weight.float() / temperature
        elif temperature != 1.0:
            x = x.float() / temperature
        out, *_ = _operator()(
            _flat(x.float(), batch),
            _flat(problem.y.float(), shared),
            _flat(value.float(), shared),
            weight,
            *(limit.to(torch.int32).expand(*batch, bounds.queries).reshape(rows, -1) for limit in (start, stop)),
            keep,
            keep_of,
            _places(shared, batch),
            centre,
            1.0 if gate is None else gate.deviation,
        )
        return out.to(autocast).reshape(*batch, *out.shape[-2:])


def _flat(tensor: Tensor, batch: torch.Size) -> Float[Tensor, "N L F"]:
    """A tensor with its batch axes spread to `batch` and made one."""
    length, width = tensor.shape[-2:]
    return tensor.expand(*batch, length, width).reshape(batch.numel(), length, width)


def _places(shared: torch.Size, batch: torch.Size) -> Tensor:
    """For each row of `batch` its place in `shared`, which broadcasts to it."""
    return torch.arange(shared.numel()).view(shared).expand(batch).reshape(-1)


@functools.cache
def _missing() -> str | None:
    """Why the loops cannot be had on this machine, said once as a warning; None where they can."""
    try:
        importlib.import_module("heedful.kernel.cpu.ops")
    except Exception as fault:  # noqa: BLE001 - numba and LLVM fail in many ways, and each has the same remedy
        reason = f"numba does not load here ({type(fault).__name__}: {fault})"
        warnings.warn(f"attention runs on plain torch, several times slower: {reason}", RuntimeWarning, stacklevel=4)
        return reason
    return None


@functools.cache
def _operator() -> Callable[..., Any]:
    return importlib.import_module("heedful.kernel.cpu.ops").attend_cpu
