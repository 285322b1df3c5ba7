"""Which problems the fused engine of the GPU takes, and where it is the fastest."""

import functools
import os
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel.flatten import flatten_problem, refusal
from heedful.kernel.form import Inner, Tanh
from heedful.kernel.fused import Fused, import_failure, output_dtype
from heedful.kernel.inputs import KernelInputs
from heedful.kernel.operators import FusedOperators
from heedful.kernel.problem import Problem

_MODULE = "heedful.kernel.gpu.launch"


@dataclass(frozen=True)
class Gpu(Fused):
    """Kernels compiled by Triton; half precision is multiplied as it is, and everything is summed in float32."""

    max_best: ClassVar[int] = 32  # a row's best keys stay in registers

    # Registered for the CPU as well, where Triton's interpreter runs the kernels in tests.
    operators: ClassVar[FusedOperators] = FusedOperators("gpu", _MODULE, devices=("cuda", "cpu"))

    def refusal(self, problem: Problem) -> str | None:
        """Why this engine cannot do a problem; None when it can."""
        device = problem.x.device
        if device.type != "cuda" and not (device.type == "cpu" and _interpreted()):
            return f"it runs on a GPU, and the query is on {device}"
        pick = problem.weighing.pick
        if problem.weighing.softmax_temperature is None and pick is None:
            return "the only choices it supports are Soft, Hard and TopK"
        if pick is not None and pick.count > self.max_best:
            return f"it finds the {self.max_best} best keys of each query, and this choice wants {pick.count} (TopK)"
        return refusal(problem) or _missing()

    def suits(self, problem: Problem) -> bool:
        """Whether it is also the fastest here: for what SDPA does not do, or does pair by pair."""
        # Never the interpreter: it is for tests, which name the engine.
        if problem.x.device.type != "cuda":
            return False
        if problem.weighing.pick is not None:
            return True
        return isinstance(problem.form, Tanh) or bool(problem.bounds.gates) or problem.bounds.left is not None

    def flatten(self, problem: Problem, value: Float[Tensor, "... S V"]) -> tuple[KernelInputs, torch.Size]:
        """The problem with flat batch axes, and the batch axes it had."""
        # Under autocast what is multiplied as matrices is in its dtype, as in torch. The features of the tanh form are
        # not multiplied as matrices; the kernels convert them to float32.
        dtype = output_dtype(problem, value)
        if isinstance(problem.form, Inner):
            problem = replace(problem, x=problem.x.to(dtype), y=problem.y.to(dtype))
        return flatten_problem(problem, value.to(dtype))


def _interpreted() -> bool:
    """Whether Triton's own switch is on by which kernels run on a CPU, slowly, to be tested."""
    return os.environ.get("TRITON_INTERPRET", "").lower() in ("1", "true", "yes", "on", "y")


def _missing() -> str | None:
    """Why kernels cannot be had on this machine; None where they can."""
    # torch.compile cannot trace an import; the operators are registered either way, so it may take them for granted.
    return None if torch.compiler.is_compiling() else _missing_here()


@functools.cache
def _missing_here() -> str | None:
    """The same, found out once. No warning: a machine without a GPU has no use for Triton."""
    return import_failure(_MODULE, "Triton")
