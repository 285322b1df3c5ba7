"""How kernels are compiled: Triton, from the function itself. Under ``TRITON_INTERPRET=1`` it runs them on a CPU.

Numbers are float32 but for what `product` multiplies.
"""
# pyright: reportMissingImports=false, reportMissingParameterType=false, reportAttributeAccessIssue=false
# pyright: reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# Triton finds the types of kernels out by itself; where it is not installed, nothing imports this.

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import triton
import triton.language as tl

LOWEST = tl.constexpr(float(np.finfo(np.float32).min))
"""The running maximum of a row that has seen nothing yet."""
_WIDENS = tl.constexpr(triton.knobs.runtime.interpret)
"""The interpreter multiplies the bits of bfloat16 numbers as if they were integers."""


def compiled(function: Callable[..., Any]) -> Any:
    """A function that kernels call."""
    return triton.jit(inspect.unwrap(function))  # without the check of shapes that tests put around everything


def entry(function: Callable[..., Any]) -> Any:
    """A kernel that Python starts, as ``kernel[grid](...)``."""
    return compiled(function)


@compiled
def product(left, right):
    """``left @ right`` in float32; float32 numbers are not shortened for the matrix units."""
    if _WIDENS:
        left, right = left.to(tl.float32), right.to(tl.float32)
    return tl.dot(left, right, input_precision="ieee")
