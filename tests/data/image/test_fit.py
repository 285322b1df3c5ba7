"""Whatever a picture's shape, a cell of the model lies on the part of the original that it shows."""

import numpy as np
import pytest
import torch

from heedful.data.image import CentreCrop, Colour, Fitted, Flip, Letterbox, Picture, RandomCrop, Stretch, mirrored

pytest.importorskip("PIL.Image")

SHAPES = [(64, 64), (40, 100), (100, 40), (7, 5), (1, 1), (33, 3), (3, 33)]


def spotted(width, height, x, y):
    """A grey picture with one white spot, an eighth of it wide."""
    pixels = np.full((height, width, 3), 60, np.uint8)
    reach_x, reach_y = max(width // 8, 1), max(height // 8, 1)
    pixels[y : y + reach_y, x : x + reach_x] = 255
    return Picture(pixels), (x + reach_x / 2, y + reach_y / 2)


@pytest.mark.parametrize("fit", [CentreCrop(32, 48), Letterbox(32, 48), Stretch(32, 48)])
@pytest.mark.parametrize(("width", "height"), SHAPES)
def test_any_shape_becomes_the_models(fit, width, height):
    picture = Picture(np.full((height, width, 3), 7, np.uint8))
    fitted = fit(picture)
    assert fitted.pixels.shape == (3, 32, 48)
    assert fitted.pixels.dtype == torch.uint8
    assert (fitted.pixels == 7).any()
    fitted.grid(4, 6, picture)  # the region is one that a grid takes


@pytest.mark.parametrize("fit", [CentreCrop(64, 64), Letterbox(64, 64), Stretch(64, 64)])
@pytest.mark.parametrize(("width", "height"), [(64, 64), (40, 100), (100, 40), (320, 200)])
def test_the_brightest_cell_lies_on_the_spot(fit, width, height):
    """The spot stands where every fit sees it; padding, which is white, is left out by cells beyond the picture."""
    picture, (x, y) = spotted(width, height, width // 2, height // 2)
    fitted = fit(picture)
    grid = fitted.grid(8, 8, picture)
    cells = fitted.pixels.float().mean(0).view(8, 8, 8, 8).mean((1, 3)).flatten()
    boxes = [grid.box(index) for index in range(len(grid))]
    inside = torch.tensor([right - left > 0 and bottom - top > 0 for left, top, right, bottom in boxes])
    full = torch.tensor([(right - left) * (bottom - top) for left, top, right, bottom in boxes])
    whole = inside & (full >= full.max() * 0.99)
    left, top, right, bottom = boxes[int(torch.where(whole, cells, -1.0).argmax())]
    reach_x, reach_y = max(width // 8, right - left), max(height // 8, bottom - top)
    assert abs((left + right) / 2 - x) <= reach_x
    assert abs((top + bottom) / 2 - y) <= reach_y


def test_a_crop_has_the_models_proportions_and_a_letterbox_the_whole_picture():
    picture = Picture(np.zeros((40, 100, 3), np.uint8))
    assert CentreCrop(20, 20)(picture).region == (30.0, 0.0, 70.0, 40.0)
    boxed = Letterbox(20, 20)(picture)
    assert boxed.region == (0.0, -30.0, 100.0, 70.0)
    assert boxed.pixels[0, :, 10].tolist() == [255] * 6 + [0] * 8 + [255] * 6
    assert Stretch(20, 20)(picture).region == (0.0, 0.0, 100.0, 40.0)


def test_a_picture_of_the_models_size_is_not_changed():
    pixels = np.random.default_rng(1).integers(0, 255, (16, 16, 3)).astype(np.uint8)
    for fit in (CentreCrop(16, 16), Letterbox(16, 16), Stretch(16, 16)):
        assert np.array_equal(fit(Picture(pixels)).pixels.permute(1, 2, 0).numpy(), pixels)


def test_shrinking_does_not_alias():
    """Stripes finer than a pixel of the result become even grey; without antialiasing they would stay stripes."""
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    pixels = Stretch(8, 8)(Picture(stripes)).pixels.float()
    assert (pixels - 127.5).abs().max() < 12


def test_random_crops_repeat_by_their_seed_and_stay_in_the_picture():
    picture = Picture(np.zeros((50, 90, 3), np.uint8))
    crop = RandomCrop(24, 32, scale=0.3)

    def regions(seed):
        generator = torch.Generator().manual_seed(seed)
        return [crop(picture, generator).region for _ in range(50)]

    assert regions(1) == regions(1) != regions(2)
    for left, top, right, bottom in regions(3):
        assert -1e-9 <= left < right <= 90 + 1e-9
        assert -1e-9 <= top < bottom <= 50 + 1e-9
        assert (right - left) * (bottom - top) >= 0.3 * 90 * 50 * 0.5  # a side that is cut at the picture loses some


def test_a_flip_exchanges_left_and_right_in_half_of_the_cases():
    pixels = torch.arange(3 * 2 * 4).view(3, 2, 4).to(torch.uint8)
    generator, flip = torch.Generator().manual_seed(1), Flip()
    flipped = [
        torch.equal(flip(Fitted(pixels, (0.0, 0.0, 4.0, 2.0)), generator).pixels, pixels.flip(2)) for _ in range(200)
    ]
    assert 70 < sum(flipped) < 130
    assert mirrored((1.0, 2.0, 3.0, 4.0), 10.0) == (7, 2, 9, 4)


def test_colours_change_within_their_strength():
    pixels = torch.full((3, 4, 4), 100, dtype=torch.uint8)
    generator = torch.Generator().manual_seed(1)
    levels = [int(Colour(0.2)(Fitted(pixels, (0.0, 0.0, 4.0, 4.0)), generator).pixels.max()) for _ in range(50)]
    assert min(levels) >= 79
    assert max(levels) <= 121
    assert len(set(levels)) > 10
    assert torch.equal(Colour(0.0)(Fitted(pixels, (0.0, 0.0, 4.0, 4.0)), generator).pixels, pixels)


def test_impossible_settings_are_refused():
    for make in (lambda: Colour(1.5), lambda: RandomCrop(8, 8, scale=0.0), lambda: RandomCrop(8, 8, proportions=0.5)):
        with pytest.raises(ValueError, match="needs"):
            make()
