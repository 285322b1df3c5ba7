"""Which engine computes a problem. An engine never changes what is computed."""

from collections.abc import Iterator

from jaxtyping import Float
from torch import Tensor

from heedful.kernel.cpu import Cpu
from heedful.kernel.fused import Fused
from heedful.kernel.gathered import Selected
from heedful.kernel.gpu import Gpu
from heedful.kernel.plain import Plain
from heedful.kernel.problem import EngineError, Problem
from heedful.kernel.sdpa import Sdpa
from heedful.kernel.stats import Stats, StatsRequest

Engine = Plain | Sdpa | Cpu | Gpu

_PLAIN, _SDPA, _CPU, _GPU = Plain(), Sdpa(), Cpu(), Gpu()
_ENGINES: dict[str, Engine] = {"plain": _PLAIN, "cpu": _CPU, "gpu": _GPU, "sdpa": _SDPA}


def attend(problem: Problem, value: Float[Tensor, "... S V"], engine: str = "auto") -> Float[Tensor, "... T V"]:
    """The weighted sums of `value`, by the named engine, or by the fastest that can.

    Raises: EngineError, when the engine is unknown or cannot do this problem; it says why.
    """
    return _choose(problem, engine).attend(problem, value)


def align(problem: Problem, engine: str = "auto") -> Float[Tensor, "... T S"]:
    """The weights themselves. A choice that picks keys takes the engine of `attend`, so that both see the same draw."""
    chosen = _choose(problem, engine)
    return chosen.align(problem) if isinstance(chosen, Fused) else _PLAIN.align(problem)


def stream(problem: Problem, rows: int | None = None) -> Iterator[tuple[slice, Float[Tensor, "... t S"]]]:
    """The weights, one block of queries after another."""
    return _PLAIN.stream(problem, rows)


def select(problem: Problem, value: Float[Tensor, "... S V"], engine: str = "auto") -> Selected:
    """One key for each query, by the engine as in `attend`. Raises: EngineError, as `attend`."""
    return _expect_weights(problem, engine).select(problem, value)


def survey(problem: Problem, value: Float[Tensor, "... S V"], request: StatsRequest, *, engine: str = "auto") -> Stats:
    """The contexts and statistics of the weights; a fused engine does it for a softmax. Raises: as `attend`."""
    chosen = _expect_weights(problem, engine)
    soft, best = problem.weighing.softmax_temperature is not None, min(request.best, problem.bounds.keys)
    able = isinstance(chosen, Fused) and soft and best <= chosen.max_best
    return (chosen if able else _PLAIN).survey(problem, value, request)


def _expect_weights(problem: Problem, engine: str) -> Plain | Fused:
    """An engine that has the weights at hand, and not only their sums as SDPA has."""
    chosen = _choose(problem, engine)
    if isinstance(chosen, Plain | Fused):
        return chosen
    if engine == "auto":
        return _PLAIN
    raise EngineError(f"engine {engine!r} cannot do this: it keeps no weights. Use engine='auto' or 'plain'.")


def _choose(problem: Problem, engine: str) -> Engine:
    """The named engine; for "auto" the first that is fastest here and can do the problem, else the plain one."""
    if engine == "auto":
        # `suits` first: it is arithmetic on shapes, where `refusal` may import numba or Triton.
        fitting = (each for each in (_GPU, _CPU, _SDPA) if each.suits(problem) and each.refusal(problem) is None)
        return next(fitting, _PLAIN)
    if engine not in _ENGINES:
        raise EngineError(f"engine {engine!r} is unknown: choose one of auto, {', '.join(_ENGINES)}.")
    chosen = _ENGINES[engine]
    reason = chosen.refusal(problem)
    if reason is not None:
        raise EngineError(f"engine {engine!r} cannot do this: {reason}. Use engine='auto' or 'plain'.")
    return chosen
