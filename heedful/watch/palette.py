"""How weights look in a terminal: in colours, in block characters, or in plain ASCII."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """How weights look: `shades` from 0 to 1, each a (character, rich style), and what lines are drawn with."""

    shades: tuple[tuple[str, str], ...]
    line: str
    cut: str

    def mark(self, weight: float, columns: int) -> tuple[str, str]:
        """One weight as text of a width, and its style; question marks for NaN.

        The first shade, nothing or nearly, is one small sign in the middle, so that the eye finds the others.
        """
        if math.isnan(weight):
            return "?" * columns, ""
        step = round(min(1.0, max(0.0, weight)) * (len(self.shades) - 1))
        sign, style = self.shades[step]
        return (sign * columns if step else sign.center(columns)), style


COLOURS = Palette(
    (
        *((" ", f"color(255) on color({colour})") for colour in (233, 17, 18, 19, 25)),
        *((" ", f"color(16) on color({colour})") for colour in (31, 37, 43, 79, 115, 151, 187, 229, 230)),
    ),
    line="│",
    cut="…",
)
"""256 colours, from black over blue and green to pale yellow, and letters that are read on each: white, then black."""
BLOCKS = Palette(tuple((block, "") for block in "·░▒▓█"), line="│", cut="…")
"""Block characters, for a terminal without colours and for text files in UTF-8."""
ASCII = Palette(tuple((sign, "") for sign in ".:-=+*#%@"), line="|", cut="~")
"""Plain ASCII, for anything that is not a terminal."""


def palette_for(colour_system: str | None, is_terminal: bool, encoding: str = "utf-8") -> Palette:
    """The palette for an output: what ``rich.console.Console`` says of itself is all that is asked."""
    if not is_terminal or not encoding.lower().startswith("utf"):
        return ASCII
    return COLOURS if colour_system in ("256", "truecolor") else BLOCKS
