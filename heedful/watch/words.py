"""The labels of a map: their width, cut to a width, and made safe to print."""

import unicodedata

from rich.cells import cell_len, set_cell_size


def printable(text: str) -> str:
    """The text with everything that could move the cursor or reverse the line replaced by a dot.

    Control characters, line ends and directional overrides become "·", and an empty text "∅".
    """
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return "".join("·" if unicodedata.category(letter) in hidden else letter for letter in text) or "∅"


def width(text: str) -> int:
    """The columns that a text takes in a terminal: two for a Chinese character."""
    return cell_len(text)


def fit(text: str, columns: int, mark: str = "…") -> str:
    """The text cut to a width, with `mark` at the end if something is missing."""
    if width(text) <= columns:
        return text
    return set_cell_size(text, max(0, columns - width(mark))) + mark


def right(text: str, columns: int) -> str:
    """The text aligned to the right of a width."""
    return " " * (columns - width(text)) + text


def is_wide(text: str) -> bool:
    """Whether every character takes two columns, like Chinese ones."""
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
    """The approximate width of a text in a proportional font, in em, as in DejaVu Sans.

    That font is wider than most, so that a drawing has room for its labels whatever font the viewer uses.
    """
    return sum((_ems_of(letter) for letter in text), 0.0)


def _ems_of(letter: str) -> float:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    plain = unicodedata.normalize("NFD", letter)[0]  # é is as wide as e
    return _WIDTHS.get(plain, (0.0, 0.8, 1.05)[min(2, max(0, width(letter)))])
