"""The colours of weights in pictures and pages: of squares, and of what lies behind words that must stay readable."""

Colour = tuple[int, int, int]

MISSING = "#bbbbbb"
"""The colour of a weight that is no number."""

_SQUARE: tuple[Colour, Colour] = ((238, 243, 250), (8, 48, 107))
_BEHIND: tuple[Colour, Colour] = ((255, 255, 255), (96, 162, 240))
INK = "#111111"
"""What words are written with, on every shade that `behind` gives."""


def shade(weight: float) -> str:
    """The colour of a weight: from nearly white to a dark blue, lighter and darker in equal steps; grey for NaN."""
    return _between(_SQUARE, weight)


def behind(share: float) -> str:
    """The colour behind a word: white to a blue that is light enough to read `INK` on; grey for NaN."""
    return _between(_BEHIND, share)


def _between(ends: tuple[Colour, Colour], weight: float) -> str:
    if not 0 <= weight <= 1.001:
        return MISSING
    return "#" + "".join(f"{round(a + (b - a) * min(1.0, weight)):02x}" for a, b in zip(*ends, strict=True))
