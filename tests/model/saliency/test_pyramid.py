"""Scales of a pyramid lie on one another at every border and for every size."""

from itertools import pairwise

import pytest
import torch

from heedful.model.saliency.pyramid import expanded, mirrored, pyramid, reduced

SIZES = [(48, 64), (30, 40), (15, 29), (1, 1), (2, 7), (256, 3)]


@pytest.mark.parametrize("size", SIZES)
def test_each_scale_is_half_of_the_one_before_and_even_maps_stay_even(size):
    scales = pyramid(torch.full((2, *size), 0.7), 9)
    assert len(scales) == 9
    for before, after in pairwise(scales):
        assert after.shape[1:] == (-(-before.shape[1] // 2), -(-before.shape[2] // 2))
        torch.testing.assert_close(after, torch.full_like(after, 0.7))


def test_a_scale_lies_on_the_one_before():
    """A ramp stays a ramp: away from the borders no scale is shifted against another."""
    ramp = torch.arange(256.0).expand(1, 256, 256)
    scales = pyramid(ramp, 5)
    for level in (1, 2, 3, 4):
        back = expanded(scales[level], 2**level, (256, 256))
        torch.testing.assert_close(back[0, 128, 96:160], ramp[0, 128, 96:160])


@pytest.mark.parametrize("size", SIZES)
def test_left_and_right_are_treated_alike(size):
    maps = torch.rand(1, *size)
    even = size[0] % 2 == 0 and size[1] % 2 == 0
    if even:  # of an odd length the last cell stands for a half outside of the map
        torch.testing.assert_close(reduced(maps.flip(2)), reduced(maps).flip(2))
        torch.testing.assert_close(reduced(maps.flip(1)), reduced(maps).flip(1))
    torch.testing.assert_close(reduced(maps.transpose(1, 2)), reduced(maps).transpose(1, 2))


def test_the_mean_is_kept():
    maps = torch.rand(1, 64, 96)
    torch.testing.assert_close(reduced(maps).mean(), maps.mean(), rtol=1e-3, atol=0.0)


def test_where_a_bar_lies_hardly_changes_its_peak():
    """A bar of 10 pixels on cells of 16: sampled too coarsely, its peak would depend on where it lies."""
    peaks = []
    for left in range(100, 116):
        picture = torch.zeros(1, 256, 256)
        picture[0, :, left : left + 10] = 1.0
        peaks.append(float(pyramid(picture, 5)[4].max()))
    assert min(peaks) > 0.8 * max(peaks)


def test_more_cells_than_there_are_can_be_mirrored():
    maps = torch.tensor([[[1.0, 2.0, 3.0]]])
    assert (
        mirrored(maps, (1, 0, 4, 5))[0].tolist() == [[3.0, 3.0, 2.0, 1.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 1.0, 2.0]] * 2
    )
