"""How far the probabilities of answers are from the fraction of answers that are right."""

from typing import Any

import numpy as np

BINS = 15
"""The number of bins of the calibration error, as in Guo et al. 2017."""


def calibration_error(
    confidence: np.ndarray[Any, np.dtype[np.floating[Any]]], right: np.ndarray[Any, np.dtype[np.bool_]]
) -> float:
    """The mean gap between confidence and accuracy, over bins of equal width, weighted by their examples.

    `confidence` is the probability of each answer, `right` whether it is correct. NaN without examples.
    Source: Guo et al. 2017, eq. 3 (arXiv:1706.04599). A confidence of exactly 1 has a bin of its own, as in
    torchmetrics, whose numbers these are.
    """
    edges = np.linspace(0.0, 1.0, BINS + 1, dtype=np.float32)
    of_bin = np.searchsorted(edges, confidence.astype(np.float32), side="right") - 1
    size = np.bincount(of_bin, minlength=len(edges))
    sums = (np.bincount(of_bin, weights=values, minlength=len(edges)) for values in (confidence, right))
    # Each bin's |mean confidence - accuracy| times its share of all examples: its size cancels.
    gaps = np.abs(np.subtract(*sums))
    return float(gaps.sum() / size.sum()) if size.sum() else float("nan")
