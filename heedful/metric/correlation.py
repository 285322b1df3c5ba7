"""Correlations of two lists of numbers: Pearson and Spearman."""

import math
from collections.abc import Sequence

import numpy as np


def pearson(predicted: Sequence[float], gold: Sequence[float]) -> float:
    """The linear correlation of two lists; NaN if one of them is constant."""
    x, y = (np.asarray(values, dtype=np.float64) - np.mean(values) for values in (predicted, gold))
    size = math.sqrt(float((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / size if size > 0 else math.nan


def spearman(predicted: Sequence[float], gold: Sequence[float]) -> float:
    """The correlation of ranks, where ties share their mean rank; NaN if one list is constant."""
    return pearson(_ranks(predicted), _ranks(gold))


def _ranks(values: Sequence[float]) -> list[float]:
    _, inverse, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse].tolist()
