"""Colours of weights: heavier is darker, and what is written on them can be read."""

from itertools import pairwise

from heedful.watch.colour import INK, MISSING, behind, shade

SHARES = [step / 100 for step in range(101)]


def luminance(colour):
    """Of WCAG 2."""
    parts = [value / 255 for value in bytes.fromhex(colour.removeprefix("#"))]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_words_can_be_read_on_every_shade():
    """4.5 is the contrast that running text asks for."""
    for colour in (*map(behind, SHARES), MISSING):
        assert (luminance(colour) + 0.05) / (luminance(INK) + 0.05) >= 4.5, colour


def test_heavier_is_darker():
    for colour in (shade, behind):
        assert all(luminance(a) > luminance(b) for a, b in pairwise(map(colour, SHARES)))
        assert colour(float("nan")) == MISSING
