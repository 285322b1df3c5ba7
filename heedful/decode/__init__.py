"""Search for outputs over a memory. It uses only `start` and `step` of a model, and does not depend on its input."""

from heedful.decode.beam import beam
from heedful.decode.bracketing import Bracketing, Brackets
from heedful.decode.constraint import Constraint
from heedful.decode.greedy import greedy
from heedful.decode.hypothesis import Hypothesis
from heedful.decode.likelihood import likelihood
from heedful.decode.sampling import SharedNoise, sample
from heedful.decode.search import search

__all__ = [
    "Bracketing",
    "Brackets",
    "Constraint",
    "Hypothesis",
    "SharedNoise",
    "beam",
    "greedy",
    "likelihood",
    "sample",
    "search",
]
