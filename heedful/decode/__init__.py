"""Search for outputs: sees of a model only how to encode, start and step."""

from heedful.decode.beam import beam
from heedful.decode.greedy import greedy
from heedful.decode.hypothesis import Hypothesis
from heedful.decode.likelihood import likelihood
from heedful.decode.sampling import sample

__all__ = ["Hypothesis", "beam", "greedy", "likelihood", "sample"]
