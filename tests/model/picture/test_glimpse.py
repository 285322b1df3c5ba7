"""What a retina sees: exact windows, at edges too, and no gradient into its location."""

import pytest
import torch

from heedful.model.picture.glimpse import glimpse_boxes, retina

HEIGHT, WIDTH = 13, 17


def centre_of(left: int, top: int, size: int) -> torch.Tensor:
    """The location whose window of `size` pixels begins at a pixel."""
    return torch.tensor([[(left + size / 2) / WIDTH * 2 - 1, (top + size / 2) / HEIGHT * 2 - 1]], dtype=torch.float64)


def sliced(picture: torch.Tensor, left: int, top: int, size: int) -> torch.Tensor:
    """The same window by indices, with zeros beyond the picture."""
    window = torch.zeros(*picture.shape[:2], size, size, dtype=picture.dtype)
    for row in range(size):
        for column in range(size):
            if 0 <= top + row < HEIGHT and 0 <= left + column < WIDTH:
                window[..., row, column] = picture[..., top + row, left + column]
    return window


@pytest.mark.parametrize(("left", "top"), [(0, 0), (5, 3), (WIDTH - 4, HEIGHT - 4), (-2, -3), (WIDTH - 1, HEIGHT - 2)])
@pytest.mark.parametrize("size", [4, 5])
def test_a_window_on_whole_pixels_is_a_slice_with_zeros_beyond_the_picture(left, top, size):
    picture = torch.randn(1, 3, HEIGHT, WIDTH, dtype=torch.float64)
    seen = retina(picture, centre_of(left, top, size), size=size, scales=1)
    assert seen.shape == (1, 1, 3, size, size)
    assert torch.allclose(seen[:, 0], sliced(picture, left, top, size), atol=1e-12)


@pytest.mark.parametrize(("left", "top"), [(5, 3), (-2, -3)])
def test_a_coarser_window_has_the_same_centre_and_the_means_of_four_times_the_pixels(left, top):
    picture = torch.randn(1, 3, HEIGHT, WIDTH, dtype=torch.float64)
    seen = retina(picture, centre_of(left, top, 4), size=4, scales=3)
    for scale, side in enumerate((4, 8, 16)):
        around = (side - 4) // 2
        window = sliced(picture, left - around, top - around, side)
        means = torch.nn.functional.avg_pool2d(window, 2**scale)
        assert torch.allclose(seen[:, scale], means, atol=1e-12)


def test_between_pixels_a_ramp_is_seen_as_it_is():
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    ramp = (2.0 * x + 3.0 * y).double()[None, None]
    location = torch.tensor([[0.13, -0.21]], dtype=torch.float64)
    seen = retina(ramp, location, size=3, scales=1)[0, 0, 0]
    centre = (location[0] + 1) / 2 * torch.tensor([WIDTH, HEIGHT])
    for row in range(3):
        for column in range(3):
            expected = 2.0 * (centre[0] + column - 1) + 3.0 * (centre[1] + row - 1)
            assert float(seen[row, column]) == pytest.approx(float(expected), abs=1e-9)


def test_no_gradient_reaches_the_location_and_the_pixels_have_theirs():
    picture = torch.randn(2, 3, HEIGHT, WIDTH, requires_grad=True)
    location = torch.zeros(2, 2, requires_grad=True)
    seen = retina(picture, location, size=4, scales=2)
    seen.square().sum().backward()
    assert location.grad is None
    assert picture.grad is not None
    assert bool(picture.grad.abs().sum() > 0)


def test_a_row_does_not_depend_on_the_others():
    pictures, locations = torch.randn(5, 3, HEIGHT, WIDTH), torch.rand(5, 2) * 2 - 1
    seen = retina(pictures, locations, size=4, scales=2)
    assert torch.equal(retina(pictures[2:3], locations[2:3], size=4, scales=2), seen[2:3])


def test_boxes_are_the_sharp_windows_in_fractions_and_reach_beyond_an_edge():
    boxes = glimpse_boxes(torch.tensor([[[0.0, 0.0], [-1.0, 1.0]]]), size=4, picture=(8, 16))
    assert boxes.tolist() == [[[0.375, 0.25, 0.625, 0.75], [-0.125, 0.75, 0.125, 1.25]]]
