"""Kernels: two forms over intervals of keys. This floor knows forms and intervals, and no scores or regions."""

from heedful.kernel.bounds import Bounds, Gaussian
from heedful.kernel.door import align, attend, select, stream, survey
from heedful.kernel.form import Form, Free, Inner, Tanh
from heedful.kernel.picked import Selected
from heedful.kernel.plain import Plain
from heedful.kernel.problem import EngineError, Pick, Problem, Weighing
from heedful.kernel.softmax import fill, masked_softmax, wide
from heedful.kernel.survey import Survey, Wanted, edges

__all__ = [
    "Bounds",
    "EngineError",
    "Form",
    "Free",
    "Gaussian",
    "Inner",
    "Pick",
    "Plain",
    "Problem",
    "Selected",
    "Survey",
    "Tanh",
    "Wanted",
    "Weighing",
    "align",
    "attend",
    "edges",
    "fill",
    "masked_softmax",
    "select",
    "stream",
    "survey",
    "wide",
]
