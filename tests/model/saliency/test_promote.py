"""N(.): many equal peaks are suppressed, one strong peak is promoted, and the mean leaves the highest out."""

import pytest
import torch

from heedful.model.saliency.promote import local_maxima, mean_of_other_peaks, promoted, promotion


def peaks(*values, spacing=6):
    maps = torch.zeros(1, 15, 3 + spacing * len(values))
    for number, value in enumerate(values):
        maps[0, 7, 3 + spacing * number] = value
    return maps


def test_many_equal_peaks_are_suppressed_and_a_single_one_is_promoted():
    one, many = torch.zeros(1, 20, 20), torch.zeros(1, 20, 20)
    one[0, 8, 8] = 5.0
    many[0, 2::4, 2::4] = 5.0
    assert promoted(many).max() < 0.1 * promoted(one).max()
    torch.testing.assert_close(promoted(one).max(), torch.tensor(1.0))


def test_the_mean_of_the_other_peaks_leaves_the_highest_out():
    """Of peaks of 4, 2 and 1 m is (2 + 1) / 2 of 4: N(.) multiplies by (1 - 3/8)^2; with the 4, by (1 - 7/12)^2."""
    maps = peaks(4.0, 2.0, 1.0)
    torch.testing.assert_close(promoted(maps).max(), torch.tensor((1 - 3 / 8) ** 2))
    torch.testing.assert_close(promotion(maps), torch.tensor([(1 - 3 / 8) ** 2]))


def test_of_two_equally_high_peaks_one_counts():
    torch.testing.assert_close(mean_of_other_peaks(peaks(1.0, 1.0, 0.5)), torch.tensor([[[0.75]]]))


def test_faint_ripples_do_not_count():
    """Else a hundred ripples beside equal peaks would make their map look like one with a single peak."""
    maps = peaks(1.0, 1.0, 1.0)
    ripples = maps.clone()
    ripples[0, 1::4, 1::4] += 0.05
    assert promotion(ripples) < 0.02
    torch.testing.assert_close(mean_of_other_peaks(peaks(1.0, 0.09, 0.5)), torch.tensor([[[0.5]]]))


def test_a_ridge_of_equal_values_is_one_peak():
    ridge = peaks(3.0)
    ridge[0, 7, 4] = 3.0
    assert int(local_maxima(ridge).sum()) == 1
    torch.testing.assert_close(promoted(ridge)[0, 7, 3], torch.tensor(1.0))


@pytest.mark.parametrize("value", [0.0, -3.0, 7.5])
def test_a_flat_map_becomes_0(value):
    assert promoted(torch.full((2, 5, 7), value)).abs().max() == 0


def test_maps_of_a_batch_do_not_know_each_other():
    maps = torch.rand(3, 9, 11)
    for row in range(3):
        torch.testing.assert_close(promoted(maps)[row], promoted(maps[row : row + 1])[0])
