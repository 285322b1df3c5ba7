"""Which engine computes a problem. An engine never changes what is computed."""

import warnings
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel import transforms
from heedful.kernel.cpu import Cpu
from heedful.kernel.fused import Fused
from heedful.kernel.gathered import Selected
from heedful.kernel.gpu import Gpu
from heedful.kernel.plain import Plain
from heedful.kernel.problem import EngineError, EngineFailure, Problem
from heedful.kernel.sdpa import Sdpa
from heedful.kernel.stats import Stats, StatsRequest

Engine = Plain | Sdpa | Cpu | Gpu

_PLAIN, _SDPA, _CPU, _GPU = Plain(), Sdpa(), Cpu(), Gpu()
_ENGINES: dict[str, Engine] = {"plain": _PLAIN, "cpu": _CPU, "gpu": _GPU, "sdpa": _SDPA}
_failed: set[str] = set()
"""Engines that failed in this process; "auto" takes them no more."""

Result = TypeVar("Result")


def attend(problem: Problem, value: Float[Tensor, "... S V"], engine: str = "auto") -> Float[Tensor, "... T V"]:
    """The weighted sums of `value`, by the named engine, or by the fastest that can.

    Raises: EngineError, when the engine is unknown or cannot do this problem; it says why.
    """
    return _run(problem, engine, lambda chosen: chosen.attend(problem, value))


def align(problem: Problem, engine: str = "auto") -> Float[Tensor, "... T S"]:
    """The weights themselves. A choice that picks keys takes the engine of `attend`, so that both see the same draw."""

    def weights(chosen: Engine) -> Tensor:
        return chosen.align(problem) if isinstance(chosen, Fused) else _PLAIN.align(problem)

    return _run(problem, engine, weights)


def stream(problem: Problem, rows: int | None = None) -> Iterator[tuple[slice, Float[Tensor, "... t S"]]]:
    """The weights, one block of queries after another."""
    return _PLAIN.stream(problem, rows)


def select(problem: Problem, value: Float[Tensor, "... S V"], engine: str = "auto") -> Selected:
    """One key for each query, by the engine as in `attend`. Raises: EngineError, as `attend`."""
    return _run(problem, engine, lambda chosen: _expect_weights(chosen, problem, engine).select(problem, value))


def survey(problem: Problem, value: Float[Tensor, "... S V"], request: StatsRequest, *, engine: str = "auto") -> Stats:
    """The contexts and statistics of the weights; a fused engine does it for a softmax. Raises: as `attend`."""
    soft, best = problem.weighing.softmax_temperature is not None, min(request.best, problem.bounds.keys)

    def stats(chosen: Engine) -> Stats:
        able = _expect_weights(chosen, problem, engine)
        fused = isinstance(able, Fused) and soft and best <= able.max_best
        return (able if fused else _PLAIN).survey(problem, value, request)

    return _run(problem, engine, stats)


def _run(problem: Problem, engine: str, compute: Callable[[Engine], Result]) -> Result:
    """What an engine computes; where "auto" chose one that fails, what the next one computes, with one warning."""
    chosen = _choose(problem, engine)
    # A traced graph cannot be taken back; there, and where an engine was named, its error is the answer.
    if engine != "auto" or chosen is _PLAIN or torch.compiler.is_compiling():
        return compute(chosen)
    try:
        return compute(chosen)
    except EngineFailure as failure:
        _failed.add(failure.engine)
        warnings.warn(f"{failure} Another engine takes over in this process.", RuntimeWarning, stacklevel=4)
        return _run(problem, engine, compute)


def _expect_weights(chosen: Engine, problem: Problem, engine: str) -> Plain | Fused:
    """An engine that has the weights at hand, and not only their sums as SDPA has."""
    if isinstance(chosen, Plain | Fused):
        return chosen
    if engine == "auto":
        able = "cpu" not in _failed and _CPU.beats_plain(problem) and _CPU.refusal(problem) is None
        return _CPU if able else _PLAIN
    raise EngineError(f"engine {engine!r} cannot do this: it keeps no weights. Use engine='auto' or 'plain'.")


def _choose(problem: Problem, engine: str) -> Engine:
    """The named engine; for "auto" the first that is fastest here and can do the problem, else the plain one."""
    if engine == "auto":
        if transforms.differentiates():
            return _PLAIN
        # `suits` first: it is arithmetic on shapes, where `refusal` may import numba or Triton.
        for name, each in (("gpu", _GPU), ("cpu", _CPU), ("sdpa", _SDPA)):
            if name not in _failed and each.suits(problem) and each.refusal(problem) is None:
                return each
        return _PLAIN
    if engine not in _ENGINES:
        raise EngineError(f"engine {engine!r} is unknown: choose one of auto, {', '.join(_ENGINES)}.")
    chosen = _ENGINES[engine]
    reason = chosen.refusal(problem)
    if reason is not None:
        raise EngineError(f"engine {engine!r} cannot do this: {reason}. Use engine='auto' or 'plain'.")
    return chosen
