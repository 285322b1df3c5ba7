"""The labels of a map: their width, cut to a width, and made safe to print."""

import re
import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_JOINERS = "\u200c\u200d"  # Persian and Indic words are spelled with them; they neither show nor move anything
_ISOLATE, _END = "\u2068", "\u2069"
_PICTURE = "[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]"
_CHANGED = "(?:[\U0001f3fb-\U0001f3ff]\ufe0f?|\ufe0f)"  # a skin tone, or the sign that asks for colour
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"  # a flag of two letters
    "|\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"  # a flag of a region, such as Scotland's
    "|[#*0-9]\ufe0f?\u20e3"  # a keycap
    f"|{_PICTURE}{_CHANGED}?(?:\u200d{_PICTURE}{_CHANGED}?)+"  # several that are joined
    f"|{_PICTURE}{_CHANGED}"
)
"""An emoji of more than one character. It is one sign of two columns, as modern terminals and browsers show it."""


def printable(text: str) -> str:
    """The text with everything that could move the cursor or reverse the line replaced by a dot.

    Control characters, line ends and directional overrides become "·", and an empty text "∅". An emoji of several
    characters stays whole, and so do words of Persian or Hindi, in which joiners are letters.
    """
    if text.isascii() and text.isprintable():
        return text or "∅"
    return "".join(sign if _EMOJI.fullmatch(sign) else _shown(sign) for sign in signs(text)) or "∅"


def _shown(sign: str) -> str:
    """A letter with its marks, without control characters."""
    if len(sign) > 1 and sign[-1] in _JOINERS:
        return f"{_shown(sign[:-1])}{sign[-1]}"
    return "".join("·" if unicodedata.category(letter) in _HIDDEN else letter for letter in sign)


def signs(text: str) -> Iterator[str]:
    """The text cut into what is drawn as one sign: an emoji, or a letter with its marks and the joiner after it."""
    end = 0
    for emoji in _EMOJI.finditer(text):
        yield from _letters(text[end : emoji.start()])
        yield emoji.group()
        end = emoji.end()
    yield from _letters(text[end:])


def _letters(text: str) -> Iterator[str]:
    sign = ""
    for i, letter in enumerate(text):
        is_mark = unicodedata.category(letter).startswith("M")
        joins = letter in _JOINERS and text[i + 1 : i + 2].isalpha() and _ends_in_letter(sign)
        if sign and (is_mark or joins):
            sign += letter
            continue
        if sign:
            yield sign
        sign = letter
    if sign:
        yield sign


def _ends_in_letter(sign: str) -> bool:
    """Whether a joiner may follow: a letter, or one with marks such as the virama of Hindi."""
    return bool(sign) and unicodedata.category(sign[-1])[0] in "LM"


def isolated(text: str) -> str:
    """A label that a terminal's bidirectional algorithm can only reorder inside: columns keep their places.

    Labels of scripts that are written from the right are enclosed in isolates, which have no width. Other labels stay
    as they are.
    """
    return f"{_ISOLATE}{text}{_END}" if is_right_to_left(text) else text


def is_right_to_left(text: str) -> bool:
    """Whether the text has a letter of a script that is written from the right, such as Arabic or Hebrew."""
    return not text.isascii() and any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)


def width(text: str) -> int:
    """The columns that a text takes in a terminal: two for a Chinese character and for an emoji."""
    if text.isascii():
        return cell_len(text)
    # Joiners and isolates have no width, which versions of rich do not agree on. A Chinese character stands for an
    # emoji.
    return cell_len(_EMOJI.sub("书", text).translate(_WITHOUT_WIDTH))


_WITHOUT_WIDTH = dict.fromkeys(map(ord, (*_JOINERS, _ISOLATE, _END)))


def fit(text: str, columns: int, mark: str = "…") -> str:
    """The text cut to a width, with `mark` at the end if something is missing."""
    if width(text) <= columns:
        return text
    room = max(0, columns - width(mark))
    if text.isascii():
        return set_cell_size(text, room) + mark
    kept, taken = "", 0
    for sign in signs(text):
        taken += width(sign)
        if taken > room:
            break
        kept += sign
    # A sign of two columns may not have fitted in the last one.
    return kept + " " * (room - width(kept)) + mark


def right(text: str, columns: int) -> str:
    """The text aligned to the right of a width."""
    return " " * (columns - width(text)) + text


def is_wide(text: str) -> bool:
    """Whether every sign takes two columns, like Chinese characters."""
    return width(text) == 2 * (len(text) if text.isascii() else sum(1 for _ in signs(text)))


def is_one_wide(text: str) -> bool:
    """Whether the text is one sign of two columns, which is readable upright over a narrow column."""
    return width(text) == 2 and is_wide(text)


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
_EMOJI_EM = 1.4  # in the widest of the usual emoji fonts


def ems(text: str) -> float:
    """The approximate width of a text in a proportional font, in em, as in DejaVu Sans.

    That font is wider than most, so that a drawing has room for its labels whatever font the viewer uses.
    """
    return sum((_ems_of(letter) for letter in _EMOJI.sub("\U0001f600", text).translate(_WITHOUT_WIDTH)), 0.0)


def _ems_of(letter: str) -> float:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if "\U0001f000" <= letter <= "\U0001faff":
        return _EMOJI_EM
    plain = unicodedata.normalize("NFD", letter)[0]  # é is as wide as e
    return _WIDTHS.get(plain, (0.0, 0.8, 1.05)[min(2, max(0, width(letter)))])
