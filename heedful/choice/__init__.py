"""Choices: how is weight given? One file a variant."""

from heedful.choice.base import Choice
from heedful.choice.hard import (
    Argmax,
    Gumbel,
    Hard,
    Selection,
    Stopped,
    StraightThrough,
    moving_baseline,
    reinforce,
)
from heedful.choice.soft import Soft
from heedful.choice.sparse import Entmax15, Sparse, Sparsemax, TopK

__all__ = [
    "Argmax",
    "Choice",
    "Entmax15",
    "Gumbel",
    "Hard",
    "Selection",
    "Soft",
    "Sparse",
    "Sparsemax",
    "Stopped",
    "StraightThrough",
    "TopK",
    "moving_baseline",
    "reinforce",
]
