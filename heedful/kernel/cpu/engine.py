"""Which problems the fused engine of the CPU takes, and where it is the fastest."""

import functools
import warnings
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel.flatten import flatten_problem, refusal
from heedful.kernel.form import Inner, Tanh
from heedful.kernel.fused import Fused, import_failure
from heedful.kernel.inputs import KernelInputs
from heedful.kernel.operators import FusedOperators
from heedful.kernel.problem import Problem
from heedful.machine import has_avx512
from heedful.shapes import autocast_dtype, broadcast_shape

# Thresholds of `suits`, measured on AVX-512 (docs/fast.md, section 9). "Terms" are batch x T x S x F.
_MIN_TERMS, _MIN_TERMS_TO_LEARN = 1 << 18, 1 << 20
"""Below these the plain engine is as fast, without and with a backward pass: a call costs as much as these terms."""
_STEP_QUERIES, _MIN_STEP_TERMS = 2, 1 << 19
"""A decoder's step has few queries: each key is read once or twice, and the loops gain little."""
_MIN_LENGTH = 512
"""Queries and keys from which on these loops are faster than torch's SDPA."""
_MIN_LENGTH_IN_HALF = 2048
"""The same in half precision where all keys are seen. Below it, and at all lengths where nothing learns, plain matrix
products in half precision are faster than loops in float32."""
_MAX_KEPT_SCORES = 1 << 22
"""Scores of the tanh form that are kept between the passes: 16 MiB."""

_HAS_AVX512 = has_avx512()
"""Asked once, here: `suits` is traced by torch.compile, which cannot ask. Without AVX-512 the loops have half the width
that they were written for, and torch's SDPA is 1.3 to 2.7 times as fast where it does the same work."""

_MODULE = "heedful.kernel.cpu.launch"


@dataclass(frozen=True)
class Cpu(Fused):
    """Loops compiled by numba, float32 inside, on as many threads as torch uses."""

    operators: ClassVar[FusedOperators] = FusedOperators(
        "cpu", _MODULE, devices=("cpu",), max_kept_scores=_MAX_KEPT_SCORES, assumes_zero_row_sums=True
    )

    def refusal(self, problem: Problem) -> str | None:
        """Why this engine cannot do a problem; None when it can."""
        if problem.x.device.type != "cpu":
            return f"it runs on a CPU, and the query is on {problem.x.device}"
        if problem.weighing.softmax_temperature is None and problem.weighing.pick is None:
            return "the only choices it supports are Soft, Hard and TopK"
        return refusal(problem) or _missing()

    def suits(self, problem: Problem) -> bool:
        """Whether it is also the fastest here, of the engines that can."""
        return self.beats_plain(problem) and (_HAS_AVX512 or not _sdpa_does_the_same(problem))

    def beats_plain(self, problem: Problem) -> bool:
        """Whether it is faster than plain torch, and with AVX-512 than torch's SDPA."""
        queries, keys, bounds = problem.x.shape[-2], problem.y.shape[-2], problem.bounds
        batch = broadcast_shape(problem.x.shape[:-2], problem.y.shape[:-2]).numel()
        terms = batch * queries * keys * problem.x.shape[-1]
        if isinstance(problem.form, Tanh) and queries <= _STEP_QUERIES:
            # In half precision the keys would be converted to float32 again at every step of a decoder.
            return terms >= _MIN_STEP_TERMS and problem.y.dtype == torch.float32
        learns = torch.is_grad_enabled() and (problem.x.requires_grad or problem.y.requires_grad)
        # A random choice must take the same engine whether it learns or not: each engine draws its own numbers, and
        # `align` under no_grad has to show the keys that `attend` drew.
        learns = learns and not problem.weighing.random
        # What SDPA cannot do, or does pair by pair: the alternative is the plain engine.
        if isinstance(problem.form, Tanh) or bounds.left is not None or bounds.gates:
            return terms >= (_MIN_TERMS_TO_LEARN if learns else _MIN_TERMS)
        if _is_half(problem) and bounds.unbounded and problem.keep is None and not problem.weighing.random:
            return learns and min(queries, keys) >= _MIN_LENGTH_IN_HALF
        return min(queries, keys) >= _MIN_LENGTH

    def flatten(self, problem: Problem, value: Float[Tensor, "... S V"]) -> tuple[KernelInputs, torch.Size]:
        """The problem with flat batch axes and in float32, and the batch axes it had."""
        return flatten_problem(replace(problem, x=problem.x.float(), y=problem.y.float()), value.float())


def _sdpa_does_the_same(problem: Problem) -> bool:
    """Whether torch's SDPA computes a problem of the inner form without a mask: over everything, or causal."""
    bounds = problem.bounds
    if not isinstance(problem.form, Inner) or problem.keep is not None or bounds.gates or _is_half(problem):
        return False
    maskless = bounds.unbounded or (bounds.causal and bounds.queries == bounds.keys)
    return maskless and problem.weighing.softmax_temperature is not None


def _is_half(problem: Problem) -> bool:
    """Whether torch's matrix products of a problem would be in half precision."""
    return (autocast_dtype(problem.x.device) or problem.x.dtype) in (torch.float16, torch.bfloat16)


def _missing() -> str | None:
    """Why the loops cannot be had on this machine; None where they can."""
    # torch.compile cannot trace an import; the operators are registered either way, so it may take them for granted.
    return None if torch.compiler.is_compiling() else _missing_here()


@functools.cache
def _missing_here() -> str | None:
    """The same, found out once, and reported once as a warning."""
    reason = import_failure(_MODULE, "numba")
    if reason is not None:
        warnings.warn(f"attention runs on plain torch, several times slower: {reason}", RuntimeWarning, stacklevel=6)
    return reason
