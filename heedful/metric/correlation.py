"""How well two lists of numbers go together: Pearson's and Spearman's correlation."""

import math
from collections.abc import Sequence

import numpy as np


def pearson(given: Sequence[float], wanted: Sequence[float]) -> float:
    """The linear correlation of two lists; NaN where one of them is constant."""
    one, other = (np.asarray(values, dtype=np.float64) - np.mean(values) for values in (given, wanted))
    size = math.sqrt(float((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size > 0 else math.nan


def spearman(given: Sequence[float], wanted: Sequence[float]) -> float:
    """The correlation of ranks, tied ones sharing the mean of theirs; NaN where one list is constant."""
    return pearson(_ranks(given), _ranks(wanted))


def _ranks(values: Sequence[float]) -> list[float]:
    _, places, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[places].tolist()
