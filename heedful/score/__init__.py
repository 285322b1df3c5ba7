"""Scores: how well a key matches a query. One file a variant."""

from heedful.score.additive import Additive
from heedful.score.base import Score
from heedful.score.concat import Concat
from heedful.score.cosine import Cosine
from heedful.score.dot import Dot
from heedful.score.general import General
from heedful.score.location import Location

__all__ = ["Additive", "Concat", "Cosine", "Dot", "General", "Location", "Score"]
