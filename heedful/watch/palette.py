"""How weights look in a terminal: in colours, in block characters, or in plain ASCII."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """`shades` from 0 to 1, each a (character, rich style); the character of lines, and the mark of a cut label."""

    shades: tuple[tuple[str, str], ...]
    line: str
    cut: str

    def mark(self, weight: float, columns: int) -> tuple[str, str]:
        """One weight as text of `columns` columns, and its style; question marks for NaN.

        The first shade, for nearly 0, is a single small character in the middle, so that the others stand out.
        """
        if math.isnan(weight):
            return "?" * columns, ""
        step = round(min(1.0, max(0.0, weight)) * (len(self.shades) - 1))
        sign, style = self.shades[step]
        return (sign * columns if step else sign.center(columns)), style

    def shows(self, weight: float) -> bool:
        """Whether a weight is drawn with more than the first shade, or as NaN."""
        return math.isnan(weight) or round(min(1.0, max(0.0, weight)) * (len(self.shades) - 1)) > 0


COLOURS = Palette(
    (
        *((" ", f"color(255) on color({colour})") for colour in (233, 17, 18, 19, 25)),
        *((" ", f"color(16) on color({colour})") for colour in (31, 37, 43, 79, 115, 151, 187, 229, 230)),
    ),
    line="│",
    cut="…",
)
"""256 colours from black over blue and green to pale yellow; text on them is white, then black."""
BLOCKS = Palette(tuple((block, "") for block in "·░▒▓█"), line="│", cut="…")
"""Block characters, for a terminal without colours and for text files in UTF-8."""
ASCII = Palette(tuple((sign, "") for sign in ".:-=+*#%@"), line="|", cut="~")
"""Plain ASCII, for output that is not a terminal."""


def palette_for(colour_system: str | None, is_terminal: bool, encoding: str = "utf-8") -> Palette:
    """The palette for an output, from the attributes of a ``rich.console.Console``."""
    if not is_terminal or not encoding.lower().startswith("utf"):
        return ASCII
    return COLOURS if colour_system in ("256", "truecolor") else BLOCKS
