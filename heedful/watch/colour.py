"""The colours of weights in pictures and pages: of cells, and of the background of words, which must stay readable."""

Colour = tuple[int, int, int]

MISSING = "#bbbbbb"
"""The colour of a weight that is NaN or infinite."""

_SQUARE: tuple[Colour, Colour] = ((238, 243, 250), (8, 48, 107))
_BEHIND: tuple[Colour, Colour] = ((255, 255, 255), (96, 162, 240))
INK = "#111111"
"""The colour of words, readable on every shade that `behind` returns."""


def shade(weight: float) -> str:
    """The colour of a weight from 0 to 1, from nearly white to dark blue, linear in RGB; grey for NaN."""
    return _between(_SQUARE, weight)


def behind(share: float) -> str:
    """The background of a word, from white to a blue on which `INK` can be read; grey for NaN."""
    return _between(_BEHIND, share)


def _between(ends: tuple[Colour, Colour], weight: float) -> str:
    # A little over 1, because rows of weights sum to 1 only up to rounding. Written so that NaN is caught, too.
    if not 0 <= weight <= 1.001:
        return MISSING
    return "#" + "".join(f"{round(a + (b - a) * min(1.0, weight)):02x}" for a, b in zip(*ends, strict=True))
