"""The door to the engines: which one answers a problem. An engine never changes what is meant."""

from jaxtyping import Float
from torch import Tensor

from heedful.kernel.cpu import Cpu
from heedful.kernel.plain import Plain
from heedful.kernel.problem import EngineError, Problem
from heedful.kernel.sdpa import Sdpa

_PLAIN, _SDPA, _CPU = Plain(), Sdpa(), Cpu()
_ENGINES: dict[str, Plain | Sdpa | Cpu] = {"plain": _PLAIN, "cpu": _CPU, "sdpa": _SDPA}


def attend(problem: Problem, value: Float[Tensor, "... S V"], engine: str = "auto") -> Float[Tensor, "... T V"]:
    """The weighted sums of `value`, by the engine named, or by the quickest that can.

    Raises: EngineError, when the engine is unknown or cannot do this problem; it says why.
    """
    return _choose(problem, engine).attend(problem, value)


def align(problem: Problem) -> Float[Tensor, "... T S"]:
    """The weights themselves."""
    return _PLAIN.align(problem)


def _choose(problem: Problem, engine: str) -> Plain | Sdpa | Cpu:
    """The engine named; for "auto" the fused one or SDPA where it can serve and is the quickest, else the plain one."""
    if engine == "auto":
        fitting = (each for each in (_CPU, _SDPA) if each.suits(problem) and each.refusal(problem) is None)
        return next(fitting, _PLAIN)
    if engine not in _ENGINES:
        raise EngineError(f"engine {engine!r} is unknown: choose one of auto, {', '.join(_ENGINES)}.")
    chosen = _ENGINES[engine]
    reason = chosen.refusal(problem)
    if reason is not None:
        raise EngineError(f"engine {engine!r} cannot do this: {reason}. Use engine='auto' or 'plain'.")
    return chosen
