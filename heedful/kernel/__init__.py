"""Kernels: two forms over intervals of keys. This floor knows forms and intervals, and no scores or regions."""

from heedful.kernel.bounds import Bounds, Gaussian
from heedful.kernel.dispatch import align, attend, select, stream, survey
from heedful.kernel.form import Custom, Form, Inner, Tanh
from heedful.kernel.gathered import Selected
from heedful.kernel.plain import Plain
from heedful.kernel.problem import EngineError, Pick, Problem, Weighing
from heedful.kernel.softmax import mask_scores, masked_softmax, upcast
from heedful.kernel.stats import Stats, StatsRequest, block_edges

__all__ = [
    "Bounds",
    "Custom",
    "EngineError",
    "Form",
    "Gaussian",
    "Inner",
    "Pick",
    "Plain",
    "Problem",
    "Selected",
    "Stats",
    "StatsRequest",
    "Tanh",
    "Weighing",
    "align",
    "attend",
    "block_edges",
    "mask_scores",
    "masked_softmax",
    "select",
    "stream",
    "survey",
    "upcast",
]
