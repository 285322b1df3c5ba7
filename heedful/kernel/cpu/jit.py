"""How loops are compiled: numba, without the interpreter's lock, vectorised, kept in the user's cache.

Numbers are float32 throughout; a constant is written ``f32(1)``, for a bare 1.0 would widen all it touches. Sums may
be taken in another order and products fused into them; NaN and infinities keep their meaning.
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
"""The score of what a row may not see, and the running maximum of a row that has seen nothing yet."""

_FLAGS = {"contract", "nsz", "reassoc"}
_LOG2E, _LN2_HIGH, _LN2_LOW = f32(1.4426950408889634), f32(0.693359375), f32(-2.12194440e-4)
_E2, _E3, _E4, _E5, _E6, _E7 = (
    f32(c)
    for c in (5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4)
)
_SMALLEST = f32(-87.0)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function as machine code, made when an entry that calls it is.

    ``error_model="numpy"``: Python's test for division by zero would keep loops from being vectorised (7 times slower).
    """
    return njit(_own(function), nogil=True, error_model="numpy", fastmath=_FLAGS)


def entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a function that Python calls: its machine code is kept in a folder of the user's.

    numba looks only at the file of the function itself to see whether what it kept is still right; here every file of
    this folder counts. Where no folder can be written to, or numba keeps its books otherwise, nothing is kept.
    """
    function = _own(function)
    try:
        kept = njit(function, cache=True, nogil=True, error_model="numpy", fastmath=_FLAGS)
        books = kept._cache._cache_file  # numba has no door for this
        books._source_stamp = (books._source_stamp, _sources())
    except (RuntimeError, AttributeError):
        return compiled(function)
    return kept


def by_type(cases: Mapping[type, Any]) -> Callable[..., Any]:
    """A function that stands for one of several compiled ones, by the type of its first argument, `form`.

    Which one is found while the caller is compiled, so that the others are not. All have the same arguments.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        function = _own(function)

        def choose(form, *others):  # pyright: ignore
            return cases[form.instance_class].py_func

        choose.__signature__ = inspect.signature(function)
        overload(function, jit_options={"nogil": True, "error_model": "numpy", "fastmath": _FLAGS})(choose)
        return function

    return declare


@functools.cache
def _sources() -> str:
    """What all files of this folder hold, in short."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _own(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, without the check of shapes that tests put around everything."""
    return inspect.unwrap(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A small function that becomes a part of the loops that call it."""
    return njit(_own(function), nogil=True, error_model="numpy", fastmath=_FLAGS, inline="always")


@intrinsic
def _bits_as_float(context, bits):  # pyright: ignore
    """The float32 that these 32 bits spell."""

    def generate(target, builder, signature, values):  # pyright: ignore
        return builder.bitcast(values[0], target.get_value_type(types.float32))

    return types.float32(types.int32), generate


def ordered(function: Callable[..., Any]) -> Callable[..., Any]:
    """A small function whose sums are taken in the order that they are written in, whoever calls it."""
    return njit(_own(function), nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)


@ordered
def exp(x):
    """``e^x`` for x up to 88 within 1.2e-7 of its value, 0 below -87; vectorised, as the library's is not.

    Nothing may be taken in another order here: that ln 2 comes in two parts is what makes it exact.
    Source: Cephes, expf: two parts of ln 2 and a polynomial on [-ln 2 / 2, ln 2 / 2].
    """
    power = np.floor(x * _LOG2E + f32(0.5))
    r = x - power * _LN2_HIGH - power * _LN2_LOW
    p = ((((_E7 * r + _E6) * r + _E5) * r + _E4) * r + _E3) * r + _E2
    scaled = (p * r * r + r + f32(1)) * _bits_as_float((np.int32(power) + np.int32(127)) << np.int32(23))
    return f32(0) if x < _SMALLEST else scaled
