"""Search displays: one bar differs, in what its kind says, and the same seed makes the same displays."""

import numpy as np
import pytest

from heedful import UserError
from heedful.data.corpus.displays import KINDS, Display, _bars, search_displays


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_makes_the_same_displays(kind):
    first, second, other = (list(search_displays(kind, 3, seed=seed)) for seed in (4, 4, 5))
    assert all(np.array_equal(a.pixels, b.pixels) and a.target == b.target for a, b in zip(first, second, strict=True))
    assert any(a.pixels.shape != b.pixels.shape or a.target != b.target for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_bars_lie_where_their_centres_are(kind):
    for display in search_displays(kind, 20, seed=1):
        assert isinstance(display, Display)
        height, width, _ = display.pixels.shape
        assert 6 <= len(display.centres) <= 81
        ground = display.pixels[0, 0].astype(int)
        for x, y in display.centres:
            assert 0 <= x < width
            assert 0 <= y < height
            assert np.abs(display.pixels[int(y), int(x)].astype(int) - ground).max() > 20


def test_one_bar_has_another_colour_and_all_are_equally_bright():
    for display in search_displays("colour", 20, seed=2):
        at = [tuple(display.pixels[int(y), int(x)].tolist()) for x, y in display.centres]
        others = [colour for index, colour in enumerate(at) if index != display.target]
        assert len(set(others)) == 1
        assert at[display.target] != others[0]
        assert abs(sum(at[display.target]) - sum(others[0])) <= 1


def test_a_conjunction_shares_its_colour_and_its_orientation_with_half_of_the_others():
    draw = np.random.default_rng(3)
    for count in (6, 9, 40):
        bars = _bars("conjunction", count, 2, 0, draw)
        colour, angle = bars[2]
        others = [bar for index, bar in enumerate(bars) if index != 2]
        same_colour = sum(bar[0] == colour for bar in others)
        assert abs(same_colour - (count - 1) / 2) <= 1
        assert all((bar[0] == colour) != (bar[1] == angle) for bar in others), "each other shares one of the two"


def test_one_bar_has_another_orientation():
    bars = _bars("orientation", 9, 4, 0, np.random.default_rng(3))
    assert len({bar for index, bar in enumerate(bars) if index != 4}) == 1
    assert bars[4][0] == bars[0][0]
    assert bars[4][1] != bars[0][1]


def test_the_nearest_bar_is_the_one_that_is_looked_at():
    display = next(iter(search_displays("colour", 1, seed=1)))
    for index, (x, y) in enumerate(display.centres):
        assert display.nearest(x + 1, y - 1) == index


def test_an_unknown_kind_is_refused():
    with pytest.raises(UserError, match="did you mean 'colour'"):
        search_displays("color", 1, seed=1)
