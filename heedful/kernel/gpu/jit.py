"""How kernels are compiled: Triton, from the function itself. Under ``TRITON_INTERPRET=1`` it runs them on a CPU.

Numbers are float32 but for what `dot` multiplies.
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# Triton infers the types of kernels' arguments; where it is not installed, nothing imports this.

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import triton
import triton.language as tl

LOWEST = tl.constexpr(float(np.finfo(np.float32).min))
"""The running maximum of a row that has seen nothing yet. Finite: with minus infinity, the difference of two such
maxima would be NaN."""
_UPCASTS = tl.constexpr(triton.knobs.runtime.interpret)
"""The interpreter holds bfloat16 as 16-bit integers, and would multiply these."""


def compiled(function: Callable[..., Any]) -> Any:
    """A function that kernels call."""
    # Tests wrap every function to check shapes; Triton reads the source of the function inside.
    return triton.jit(inspect.unwrap(function))


def entry(function: Callable[..., Any]) -> Any:
    """A kernel that Python starts, as ``kernel[grid](...)``."""
    return compiled(function)


@compiled
def dot(left, right):
    """``left @ right``, summed in float32."""
    if _UPCASTS:
        left, right = left.to(tl.float32), right.to(tl.float32)
    # "ieee" and not the default TF32, which would round float32 inputs to 10 bits: the error budget does not allow it.
    return tl.dot(left, right, input_precision="ieee")
