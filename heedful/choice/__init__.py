"""Choices: how scores become weights. One file a variant."""

from heedful.choice.base import Choice
from heedful.choice.hard import (
    Argmax,
    Gumbel,
    Hard,
    Sampled,
    Selection,
    StopGradient,
    StraightThrough,
    moving_baseline,
    reinforce,
)
from heedful.choice.soft import Soft
from heedful.choice.sparse import Entmax15, Sparse, Sparsemax, TopK
from heedful.deprecation import Renamed, deprecated_attribute

__all__ = [
    "Argmax",
    "Choice",
    "Entmax15",
    "Gumbel",
    "Hard",
    "Sampled",
    "Selection",
    "Soft",
    "Sparse",
    "Sparsemax",
    "StopGradient",
    "StraightThrough",
    "TopK",
    "moving_baseline",
    "reinforce",
]

_RENAMED = {"Stopped": Renamed("heedful.choice:StopGradient", "heedful.StopGradient")}


def __getattr__(name: str) -> object:
    """Old names, with a warning (PEP 562)."""
    return deprecated_attribute(__name__, name, _RENAMED)
