"""The calibration error: by hand, and as torchmetrics computes it from all probabilities."""

import math

import numpy as np
import pytest
import torch

from heedful.metric.calibration import calibration_error


def test_it_is_the_gap_of_confidence_and_accuracy_by_hand():
    confidence, right = np.array([0.9, 0.9, 0.9, 0.9, 0.5]), np.array([True, True, True, False, False])
    # Two bins: four texts at 0.9 of which 3/4 are right, and one at 0.5 which is wrong.
    assert calibration_error(confidence, right) == pytest.approx((4 * 0.15 + 0.5) / 5)


def test_of_nothing_there_is_none():
    assert math.isnan(calibration_error(np.zeros(0), np.zeros(0, dtype=bool)))


@pytest.mark.parametrize("seed", range(5))
def test_it_is_that_of_torchmetrics(seed):
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    draw = torch.Generator().manual_seed(seed)
    probability = torch.softmax(torch.randn(101, 5, generator=draw) * 4**seed, -1)
    gold = torch.randint(0, 5, (101,), generator=draw)
    theirs = metrics.multiclass_calibration_error(probability, gold, num_classes=5, n_bins=15)
    confidence, predicted = probability.max(-1)
    assert calibration_error(confidence.numpy(), (predicted == gold).numpy()) == pytest.approx(float(theirs), abs=1e-6)
