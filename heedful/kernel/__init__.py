"""Kernels: two forms over intervals of keys. This floor knows forms and intervals, and no scores or regions."""

from heedful.kernel.bounds import Bounds, Gaussian
from heedful.kernel.door import align, attend
from heedful.kernel.form import Form, Free, Inner, Tanh
from heedful.kernel.plain import Plain
from heedful.kernel.problem import EngineError, Problem, Weighing
from heedful.kernel.softmax import fill, masked_softmax, wide

__all__ = [
    "Bounds",
    "EngineError",
    "Form",
    "Free",
    "Gaussian",
    "Inner",
    "Plain",
    "Problem",
    "Tanh",
    "Weighing",
    "align",
    "attend",
    "fill",
    "masked_softmax",
    "wide",
]
