"""An attention map as a PNG or PDF picture, through matplotlib (extra "plot"); `heedful.watch.svg` needs no extra."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from heedful.errors import require
from heedful.store import replacing
from heedful.watch.words import check_words, fit, printable

_CELL, _LETTER, _LONGEST = 0.28, 0.085, 24  # inches a weight, inches a letter, letters a label
_BASE = "DejaVu Sans"  # comes with matplotlib
_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN"),
    *("PingFang SC", "Hiragino Sans GB", "Heiti SC", "Songti SC", "Arial Unicode MS", "Microsoft YaHei", "SimHei"),
    *("SimSun", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "AR PL UMing CN", "Unifont"),
)
"""Fonts with Chinese characters, as Linux distributions, macOS and Windows bring them, the wanted ones first."""


def save_picture(
    weights: Float[Tensor, "T S"],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    path: Path,
    title: str = "",
) -> str | None:
    """Draws a map into a .png or .pdf file: words that look as rows, words looked at as columns.

    A character that no font of this machine has is written as its code point, such as "U+4E66".
    Returns: a hint for the user when characters had to be written so, else None.
    Raises: UserError, when matplotlib is missing; ShapeError, when there is not one word a row and column.
    """
    check_words(weights, rows, columns)
    require("matplotlib", extra="plot")
    words = [fit(printable(word), _LONGEST) for word in (*rows, *columns)]
    fonts, missing = _fonts_for("".join((*words, title)))
    shown = [_spelled(word, missing) for word in words]
    with replacing(path) as temporary:
        figure = _figure(
            weights.detach().float().cpu().numpy(),
            shown[: len(rows)],
            shown[len(rows) :],
            title=_spelled(title, missing),
            fonts=fonts,
        )
        figure.savefig(temporary, dpi=160, bbox_inches="tight", format=path.suffix.lower().lstrip("."))
    if not missing:
        return None
    return (
        f"no font of this machine has {''.join(sorted(missing)[:5])!r}: install one (such as fonts-noto-cjk), "
        "or write .svg or .html, which are shown with the viewer's fonts"
    )


def _figure(weights: Any, rows: list[str], columns: list[str], *, title: str, fonts: list[str]) -> Any:
    """The drawing, without pyplot: no window, no global figure."""
    from matplotlib.figure import Figure

    width = _CELL * len(columns) + _LETTER * max(map(len, rows), default=0)
    height = _CELL * len(rows) + _LETTER * max(map(len, columns), default=0)
    text: dict[str, Any] = {"fontsize": 9, "fontfamily": fonts}
    figure = Figure(figsize=(max(2.0, width + 0.8), max(1.0, height + 0.4)), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(weights, vmin=0.0, vmax=1.0, cmap="Blues", aspect="equal", interpolation="nearest")
    axes.set_xticks(range(len(columns)), columns, rotation=60, ha="left", rotation_mode="anchor", **text)
    axes.set_yticks(range(len(rows)), rows, **text)
    axes.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks([x + 0.5 for x in range(len(columns) - 1)], minor=True)
    axes.set_yticks([y + 0.5 for y in range(len(rows) - 1)], minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0, top=False)
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02, aspect=12, shrink=min(1.0, 1.5 / height))
    bar.ax.tick_params(labelsize=7, length=2)
    bar.outline.set_visible(False)  # pyright: ignore
    if title:
        axes.set_title(title, **text)
    return figure


def _fonts_for(text: str) -> tuple[list[str], set[str]]:
    """The installed fonts that the text needs, and the characters that none of them has."""
    chosen, missing = _among_known(text)
    return _among_known(text) if missing and _meet_new_fonts() else (chosen, missing)


def _among_known(text: str) -> tuple[list[str], set[str]]:
    """The same among the fonts that matplotlib knows of."""
    from matplotlib.font_manager import fontManager, get_font

    files = {font.name: font.fname for font in fontManager.ttflist}
    special = {"Last Resort High-Efficiency", "STIXNonUnicode"}  # boxes, and glyphs in private places
    others = (name for name in sorted(files) if name not in special and not name.startswith(("cm", "STIXSize")))
    missing = {letter for letter in text if not letter.isspace()}
    chosen: list[str] = []
    for family in (_BASE, *(name for name in _FONTS if name in files), *others):
        if missing and family not in chosen:
            known = get_font(files[family]).get_charmap()
            left = {letter for letter in missing if ord(letter) not in known}
            if len(left) < len(missing):
                chosen, missing = [*chosen, family], left
    return chosen or [_BASE], missing


def _meet_new_fonts() -> bool:
    """Shows matplotlib the fonts installed since it made its list, which it keeps from one run to the next.

    Returns: whether there were any.
    """
    from matplotlib import font_manager

    known = {font.fname for font in font_manager.fontManager.ttflist}
    new = [path for path in font_manager.findSystemFonts() if path not in known]
    for path in new:
        with suppress(OSError, RuntimeError):  # a file that is no font after all
            font_manager.fontManager.addfont(path)
    return bool(new)


def _spelled(text: str, missing: set[str]) -> str:
    """The text with each missing character as its code point; a dollar sign is no formula here."""
    spelled = "".join(f"U+{ord(letter):04X} " if letter in missing else letter for letter in text)
    return spelled.rstrip().replace("$", r"\$")
