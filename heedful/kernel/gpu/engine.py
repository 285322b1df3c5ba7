"""What the fused engine of the GPU takes, and how a problem becomes what its operators take."""

import functools
import importlib
import os
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel.asked import Asked, Noted
from heedful.kernel.flat import flattened, refusal
from heedful.kernel.form import Inner, Tanh
from heedful.kernel.fused import Fused, spread
from heedful.kernel.given import Given
from heedful.kernel.gpu import ops
from heedful.kernel.problem import Problem


@dataclass(frozen=True)
class Gpu(Fused):
    """Kernels compiled by Triton; half precision is multiplied as it is, and everything summed in float32."""

    most_best: ClassVar[int] = 32  # a row's best keys stay in registers

    def refusal(self, problem: Problem) -> str | None:
        """Why this engine cannot do a problem; None when it can."""
        device = problem.x.device
        if device.type != "cuda" and not (device.type == "cpu" and _interpreted()):
            return f"it runs on a GPU, and the query is on {device}"
        pick = problem.weighing.pick
        if problem.weighing.softmax_temperature is None and pick is None:
            return "it knows no choice but Soft, Hard and TopK"
        if pick is not None and pick.count > self.most_best:
            return f"it finds the {self.most_best} best keys of each query, and this choice wants {pick.count} (TopK)"
        return refusal(problem) or _missing()

    def suits(self, problem: Problem) -> bool:
        """Whether it is also the quickest here: for what SDPA does not do, or does pair by pair."""
        if problem.x.device.type != "cuda":
            return False
        if problem.weighing.pick is not None:
            return True
        return isinstance(problem.form, Tanh) or bool(problem.bounds.gates) or problem.bounds.left is not None

    def soften(self, problem: Problem, value: Float[Tensor, "... S V"]) -> Float[Tensor, "... T V"]:
        """The weighted sums of `value`, of a softmax."""
        given, batch, dtype = _given(problem, value)
        return spread(ops.attend(given).to(dtype), batch)

    def note(self, problem: Problem, value: Float[Tensor, "... S V"], asked: Asked) -> tuple[Tensor, Noted]:
        """The same, and what is asked of the weights."""
        given, batch, dtype = _given(problem, value)
        out, noted = ops.survey(given, asked)
        return spread(out.to(dtype), batch), Noted(*(spread(each, batch) for each in noted))


def _given(problem: Problem, value: Tensor) -> tuple[Given, torch.Size, torch.dtype]:
    """The problem flat, its batch axes, and the precision of its contexts.

    Under autocast, what is multiplied as matrices is in its dtype, as in torch.
    """
    device = problem.x.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else value.dtype
    if isinstance(problem.form, Inner):
        problem = replace(problem, x=problem.x.to(dtype), y=problem.y.to(dtype))
    return *flattened(problem, value.to(dtype)), dtype


def _interpreted() -> bool:
    """Whether Triton's own switch is on by which kernels run on a CPU, slowly, to be tested."""
    return os.environ.get("TRITON_INTERPRET", "").lower() in ("1", "true", "yes", "on", "y")


def _missing() -> str | None:
    """Why kernels cannot be had on this machine; None where they can, which a tracing compiler takes for granted."""
    return None if torch.compiler.is_compiling() else _missing_here()


@functools.cache
def _missing_here() -> str | None:
    """The same, found out once."""
    try:
        importlib.import_module("heedful.kernel.gpu.run")
    except Exception as fault:  # Triton fails in many ways where its driver or compiler does not fit
        return f"Triton does not load here ({type(fault).__name__}: {fault})"
    return None
