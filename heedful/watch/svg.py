"""An attention map as an SVG drawing: words stay text, shown with the viewer's fonts, so every script works."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from heedful.store import write_text_atomically
from heedful.watch.words import check_words, fit, printable, width

_CELL, _HALF_LETTER, _LONGEST = 24, 7.2, 24  # pixels a weight, pixels a terminal column, columns a label
_SLANT = (0.5, 0.8660254)  # cosine and sine of 60 degrees, by which the column words are turned


def save_svg(
    weights: Float[Tensor, "T S"],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    path: Path,
    title: str = "",
) -> None:
    """Draws a map into an .svg file: words that look as rows, words looked at as columns.

    Pointing at a square tells its weight.
    Raises: ShapeError, when there is not one word a row and column; UserError, when the file cannot be written.
    """
    write_text_atomically(path, svg(weights, rows, columns, title=title))


def svg(weights: Float[Tensor, "T S"], rows: Sequence[str], columns: Sequence[str], *, title: str = "") -> str:
    """The drawing as text, for a file or inside a page.

    Raises: ShapeError, when there is not one word a row and column.
    """
    check_words(weights, rows, columns)
    lefts = [fit(printable(word), _LONGEST) for word in rows]
    tops = [fit(printable(word), _LONGEST) for word in columns]
    left = 12 + _HALF_LETTER * max(map(width, lefts), default=0)
    longest = _HALF_LETTER * max(map(width, tops), default=0)
    top = 16 + _SLANT[1] * longest + (24 if title else 0)
    across = max(left + _CELL * len(tops) + _SLANT[0] * longest + 12, 12 + 7 * width(title))
    down = top + _CELL * len(lefts) + 8
    middle = _CELL / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across:.0f}" height="{down:.0f}" '
        f'viewBox="0 0 {across:.0f} {down:.0f}" font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    if title:
        parts.append(f'<text x="8" y="18" font-weight="bold">{escape(printable(title))}</text>')
    for i, word in enumerate(tops):
        x, y = left + _CELL * i + middle + 3, top - 5
        parts.append(f'<text transform="translate({x:.1f} {y:.1f}) rotate(-60)">{escape(word)}</text>')
    for i, word in enumerate(lefts):
        y = top + _CELL * i + middle + 5
        parts.append(f'<text x="{left - 7:.1f}" y="{y:.1f}" text-anchor="end">{escape(word)}</text>')
    values: list[list[float]] = weights.detach().float().cpu().tolist()
    for t, row in enumerate(values):
        for s, weight in enumerate(row):
            parts.append(_square(left + _CELL * s, top + _CELL * t, weight, f"{lefts[t]} → {tops[s]}"))
    return "\n".join((*parts, "</svg>", ""))


def shade(weight: float) -> str:
    """The colour of a weight: from nearly white to a dark blue, lighter and darker in equal steps; grey for NaN."""
    if not 0 <= weight <= 1.001:
        return "#bbbbbb"
    light, dark = (238, 243, 250), (8, 48, 107)
    return "#" + "".join(f"{round(a + (b - a) * min(1.0, weight)):02x}" for a, b in zip(light, dark, strict=True))


def _square(x: float, y: float, weight: float, words: str) -> str:
    return (
        f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{_CELL - 2}" height="{_CELL - 2}" fill="{shade(weight)}">'
        f"<title>{escape(words)}: {weight:.3f}</title></rect>"
    )
