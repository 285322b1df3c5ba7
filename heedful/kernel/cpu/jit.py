"""How loops are compiled: numba, without the interpreter's lock, vectorised, cached in the user's folder.

Numbers are float32 throughout. A constant is written ``f32(1)``: a bare 1.0 is a float64, and would widen every number
it meets.
"""
# pyright: reportMissingParameterType=false, reportCallIssue=false, reportAttributeAccessIssue=false

import functools
import hashlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, overload

f32 = np.float32
LOWEST = f32(np.finfo(np.float32).min)
"""The score of what a row may not see, and the running maximum of a row that has seen nothing yet. It is finite: minus
infinity would make inf - inf = NaN of a row that has seen nothing."""

# Sums may be taken in another order, so that they vectorise, and products fused into them. Not `nnan` and `ninf`, which
# would let the compiler assume that there are no NaN and infinities: the loops rely on comparisons with NaN being
# false.
_FASTMATH = {"contract", "nsz", "reassoc"}

# Of `exp`: 1 / ln 2, ln 2 in two parts of which the first has few enough digits that its multiples are exact, and the
# coefficients of the polynomial.
_LOG2E, _LN2_HIGH, _LN2_LOW = f32(1.4426950408889634), f32(0.693359375), f32(-2.12194440e-4)
_E2, _E3, _E4, _E5, _E6, _E7 = (
    f32(c)
    for c in (5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4)
)
_MIN_EXPONENT = f32(-87.0)
"""e^-87 is about the smallest normal float32."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function as machine code, compiled together with the entry that calls it."""
    # forceinline: a call would be bound by name. In the process that compiles, the name stands for a copy that was
    # optimised by itself; where the entry comes from the cache, for the copy inside of it. Their sums take other
    # orders, and the same process would give other last bits at its second start.
    # error_model="numpy": Python's test for division by zero is a branch, and a loop with a branch that may raise is
    # not vectorised (7 times slower).
    return njit(_unwrapped(function), nogil=True, error_model="numpy", fastmath=_FASTMATH, forceinline=True)


def entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a function that Python calls: its machine code is cached in the user's folder.

    Where no folder can be written to, or numba's cache works differently, nothing is cached.
    """
    function = _unwrapped(function)
    try:
        cached = njit(function, cache=True, nogil=True, error_model="numpy", fastmath=_FASTMATH)
        # numba checks only the file of the function itself for changes. Most of its code comes from other files of this
        # folder, so their hash goes into the stamp that it compares. numba has no public way to do this.
        cache_file = cached._cache._cache_file
        cache_file._source_stamp = (cache_file._source_stamp, _source_hash())
    except (RuntimeError, AttributeError):
        return compiled(function)
    return cached


def by_type(cases: Mapping[type, Any]) -> Callable[..., Any]:
    """A function that stands for one of several compiled ones, by the type of its first argument, `form`.

    It is chosen while the caller is compiled, so the others are not compiled. All take the same arguments. Functions
    passed as arguments would do the same, but numba does not cache code that calls them.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        function = _unwrapped(function)

        def choose(form, *rest):  # pyright: ignore
            # numba compiles the Python function that this returns, in place of the call.
            return cases[form.instance_class].py_func

        # numba matches the arguments of a call by this signature, which `*rest` does not give.
        choose.__signature__ = inspect.signature(function)
        overload(
            function, jit_options={"nogil": True, "error_model": "numpy", "fastmath": _FASTMATH, "forceinline": True}
        )(choose)
        return function

    return declare


@functools.cache
def _source_hash() -> str:
    """A hash of all files of this folder."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function without the wrapper that checks shapes in tests, which numba cannot compile."""
    return inspect.unwrap(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A small function that becomes a part of the loops that call it."""
    # Inlined by numba and not by LLVM: it is then compiled once with its caller, and vectorised with the loop around
    # it.
    return njit(_unwrapped(function), nogil=True, error_model="numpy", fastmath=_FASTMATH, inline="always")


@intrinsic
def _bits_as_float(context, bits):  # pyright: ignore
    """The float32 that has these 32 bits; numba knows no such cast of a single number."""

    def generate(target, builder, signature, values):  # pyright: ignore
        return builder.bitcast(values[0], target.get_value_type(types.float32))

    return types.float32(types.int32), generate


def ordered(function: Callable[..., Any]) -> Callable[..., Any]:
    """A small function whose sums are taken in the order in which they are written, whoever calls it."""
    # forceinline happens in LLVM, after the flags were set: numba's own inlining would give these operations the
    # caller's `reassoc`.
    return njit(_unwrapped(function), nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)


@ordered
def exp(x):
    """``e^x`` for x up to 88 within 1.2e-7 of its value, 0 below -87; vectorised, as the library's is not.

    Source: Cephes, expf: two parts of ln 2 and a polynomial on [-ln 2 / 2, ln 2 / 2].
    """
    # e^x = 2^power e^r with r in [-ln 2 / 2, ln 2 / 2].
    power = np.floor(x * _LOG2E + f32(0.5))
    # ln 2 in two parts keeps r exact. In another order, (power * _LN2_HIGH + power * _LN2_LOW), it would be rounded.
    r = x - power * _LN2_HIGH - power * _LN2_LOW
    p = ((((_E7 * r + _E6) * r + _E5) * r + _E4) * r + _E3) * r + _E2
    # 2^power is made by writing the exponent's bits of a float32.
    scaled = (p * r * r + r + f32(1)) * _bits_as_float((np.int32(power) + np.int32(127)) << np.int32(23))
    return f32(0) if x < _MIN_EXPONENT else scaled
