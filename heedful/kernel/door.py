"""The door to the engines: which one answers a problem. An engine never changes what is meant."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from heedful.kernel.plain import Plain
from heedful.kernel.problem import EngineError, Problem
from heedful.kernel.sdpa import Sdpa

Engine = Literal["auto", "plain", "sdpa"]
_PLAIN, _SDPA = Plain(), Sdpa()
_ENGINES: dict[str, Plain | Sdpa] = {"plain": _PLAIN, "sdpa": _SDPA}


def attend(problem: Problem, value: Float[Tensor, "... S V"], engine: str = "auto") -> Float[Tensor, "... T V"]:
    """The weighted sums of `value`, by the engine named, or by the quickest that can.

    Raises: EngineError, when the engine is unknown or cannot do this problem; it says why.
    """
    return _choose(problem, engine).attend(problem, value)


def align(problem: Problem) -> Float[Tensor, "... T S"]:
    """The weights themselves."""
    return _PLAIN.align(problem)


def _choose(problem: Problem, engine: str) -> Plain | Sdpa:
    """The engine named; for "auto", SDPA where it serves and is quickest, else the plain one."""
    if engine == "auto":
        return _SDPA if _SDPA.refusal(problem) is None and _SDPA.suits(problem) else _PLAIN
    if engine not in _ENGINES:
        raise EngineError(f"engine {engine!r} is unknown: choose one of auto, {', '.join(_ENGINES)}.")
    chosen = _ENGINES[engine]
    reason = chosen.refusal(problem)
    if reason is not None:
        raise EngineError(f"engine {engine!r} cannot do this: {reason}. Use engine='auto' or 'plain'.")
    return chosen
