"""The words beside a map: how wide they are, cut to a width, safe to print."""

import unicodedata

from rich.cells import cell_len, set_cell_size


def printable(text: str) -> str:
    """The text with everything that could move the cursor or turn the line around shown as a dot.

    Control characters, line ends and directional overrides come out as "·"; an empty text as "∅".
    """
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return "".join("·" if unicodedata.category(letter) in hidden else letter for letter in text) or "∅"


def width(text: str) -> int:
    """How many columns a terminal gives to the text: Chinese characters take two."""
    return cell_len(text)


def fit(text: str, columns: int, mark: str = "…") -> str:
    """The text cut to a width, its last column a mark where something is missing."""
    if width(text) <= columns:
        return text
    return set_cell_size(text, max(0, columns - width(mark))) + mark


def right(text: str, columns: int) -> str:
    """The text with spaces before it, to a width."""
    return " " * (columns - width(text)) + text


def is_wide(text: str) -> bool:
    """Whether every character takes two columns, as Chinese ones do."""
    return width(text) == 2 * len(text)


_WIDTHS = {
    letter: em
    for em, letters in (
        (0.28, "'ijl"),
        (0.34, " ,./:;\\|IJ"),
        (0.41, "-()[]ftr!"),
        (0.53, '"*_`sz?'),
        (0.64, "ckxyvLFPTYaoeESbdghnpqu$0123456789{}"),
        (0.79, "KAVBRXZCUHNDGOQ&"),
        (0.86, "w#+<=>^~M"),
        (1.0, "mW@%…"),
    )
    for letter in letters
}


def ems(text: str) -> float:
    """About how wide a text is in a proportional font, in sizes of the font: as in DejaVu Sans, wider than most.

    Who draws without knowing the font makes room for the widest.
    """
    return sum((_ems_of(letter) for letter in text), 0.0)


def _ems_of(letter: str) -> float:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    plain = unicodedata.normalize("NFD", letter)[0]  # é is as wide as e
    return _WIDTHS.get(plain, (0.0, 0.8, 1.05)[min(2, max(0, width(letter)))])
