"""Finds installed fonts that have the characters of a text, for pictures drawn by matplotlib."""

import logging
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from functools import lru_cache

from heedful.watch.words import signs

_BASE = "DejaVu Sans"  # comes with matplotlib
_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN"),
    *("PingFang SC", "Hiragino Sans GB", "Heiti SC", "Songti SC", "Arial Unicode MS", "Microsoft YaHei", "SimHei"),
    *("SimSun", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "AR PL UMing CN", "Unifont"),
)
"""Fonts with Chinese characters of Linux distributions, macOS and Windows, the preferred ones first."""


def fonts_for(text: str) -> tuple[list[str], set[str]]:
    """The installed fonts that the text needs, and the characters that no installed font has."""
    chosen, missing = _among_known(text)
    return _among_known(text) if missing and _meet_new_fonts() else (chosen, missing)


def _among_known(text: str) -> tuple[list[str], set[str]]:
    """The same, among the fonts in matplotlib's cached list."""
    from matplotlib.font_manager import fontManager

    files = {font.name: font.fname for font in fontManager.ttflist}
    # Fonts that claim characters which they draw as a box, or hold glyphs at private code points.
    special = {"Last Resort High-Efficiency", "STIXNonUnicode"}
    # Sorted, so that the choice does not depend on the order of the list, which is that of the files on the disk.
    fallbacks = (name for name in sorted(files) if name not in special and not name.startswith(("cm", "STIXSize")))
    missing = {letter for letter in text if not letter.isspace()}
    chosen: list[str] = []
    for family in (_BASE, *(name for name in _FONTS if name in files), *fallbacks):
        if missing and family not in chosen:
            known = _letters_of(files[family])
            left = {letter for letter in missing if ord(letter) not in known}
            if len(left) < len(missing):
                chosen, missing = [*chosen, family], left
    return chosen or [_BASE], missing


@lru_cache(maxsize=16)
def _letters_of(file: str) -> frozenset[int]:
    """The code points of a font. Reading them takes longer than drawing a small picture."""
    from matplotlib.font_manager import get_font

    return frozenset(get_font(file).get_charmap())


@contextmanager
def quiet_fonts() -> Generator[None]:
    """A block in which matplotlib does not report which of several fonts it takes: `advice` says what is missing."""
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _meet_new_fonts() -> bool:
    """Adds fonts installed since matplotlib made its list, which it caches on disk from one run to the next.

    Returns: whether there were any.
    """
    from matplotlib import font_manager

    known = {font.fname for font in font_manager.fontManager.ttflist}
    new = [path for path in font_manager.findSystemFonts() if path not in known]
    for path in new:
        with suppress(OSError, RuntimeError):  # the file is not a font
            font_manager.fontManager.addfont(path)
    return bool(new)


def spelled(text: str, missing: set[str]) -> str:
    """The text with each missing character as its code point, such as "U+4E66", and an emoji as its first one."""
    if missing.isdisjoint(text):
        return text
    return "".join(sign if missing.isdisjoint(sign) else _code_point(sign) for sign in signs(text)).rstrip()


def _code_point(sign: str) -> str:
    return f"U+{ord(sign[0]):04X}{'+' if len(sign) > 1 else ''} "


def advice(missing: Iterable[str]) -> str | None:
    """A hint for the user about characters that no font has; None if there are none."""
    letters = "".join(sorted(missing)[:5])
    if not letters:
        return None
    return (
        f"no installed font has {letters!r}: install one (such as fonts-noto-cjk), "
        "or save as .svg or .html, which use the fonts of the viewer"
    )
