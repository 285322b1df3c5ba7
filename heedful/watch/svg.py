"""Attention maps as SVG. Words stay text and are shown with the fonts of the viewer, so that every script works."""

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from heedful.axes import Axis
from heedful.store import write_text_atomically
from heedful.watch.colour import shade
from heedful.watch.layout import is_table, lay_out_map
from heedful.watch.map import match_axes
from heedful.watch.mark import NO_OVERLAY, Overlay
from heedful.watch.scale import Scale, Shading, shading
from heedful.watch.scene import GREY
from heedful.watch.scene_svg import scene_svg
from heedful.watch.words import ems, fit, is_one_wide, isolated, printable

_CELL, _SIZE, _LONGEST = 24, 13, 24  # pixels of a cell, of letters; columns of a label
_SLANT = (0.5, 0.8660254)  # cosine and sine of 60 degrees, by which column labels are turned
_FOLD = 48  # columns beside one another; more are folded into panels below one another
_SWATCH, _STEPS = 22, 6  # width and number of boxes of the key


def save_svg(
    weights: Float[Tensor, "T S"],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    path: str | Path,
    title: str = "",
    scale: Scale = "auto",
    overlay: Overlay = NO_OVERLAY,
) -> None:
    """Draws a map into an .svg file, by the axis of its columns.

    Each weight has a tooltip. `overlay` has notes beside the rows, and marks over the pictures of a `Grid`.
    Raises: ShapeError, when there is not one position a row and column, or for an overlay that does not fit; UserError,
        when the file cannot be written.
    """
    write_text_atomically(Path(path), svg(weights, rows, columns, title=title, scale=scale, overlay=overlay))


def svg(
    weights: Float[Tensor, "T S"],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str = "",
    scale: Scale = "auto",
    overlay: Overlay = NO_OVERLAY,
) -> str:
    """The drawing as text, for a file or inside a page; a very wide table is folded into panels.

    Raises: ShapeError, when there is not one position a row and column, or for an overlay that does not fit; UserError,
        for an unknown scale.
    """
    down, across = match_axes(weights, rows, columns)
    if not is_table(across):
        return scene_svg(lay_out_map(weights, down, across, title=title, scale=scale, overlay=overlay))
    overlay.check(len(down), across)
    return _table(weights, overlay.labelled(down), across, title=title, shaded=shading(weights, across, scale))


def _table(weights: Tensor, rows: Axis, columns: Axis, *, title: str, shaded: Shading) -> str:
    lefts = [fit(printable(word), _LONGEST) for word in rows]
    tops = [fit(printable(word), _LONGEST) for word in columns]
    values: list[list[tuple[float, float]]] = [
        list(zip(numbers, shares, strict=True))
        for numbers, shares in zip(weights.detach().float().cpu().tolist(), shaded.shares.tolist(), strict=True)
    ]
    drawing = _Drawing(lefts, 16 + _SIZE * max(map(ems, lefts), default=0.0))
    if title:
        drawing.title(printable(title), 'x="8" y="18" font-weight="bold"', 8 + 1.15 * _SIZE * ems(printable(title)))
        drawing.down += 24
    # A square map of 200 words would be 25 times as high as wide: the panels are to be at most twice as high as wide.
    panels = max(1, min(-(-len(tops) // _FOLD), math.isqrt(2 * len(tops) // max(1, len(lefts)))))
    size = -(-len(tops) // panels)  # equal panels instead of a short last one
    for first in range(0, len(tops), max(1, size)):
        part = slice(first, first + size)
        drawing.panel(tops[part], [row[part] for row in values])
    drawing.key(shaded)
    across, down = f"{drawing.across + 8:.0f}", f"{drawing.down:.0f}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" viewBox="0 0 {across} {down}" '
        f'font-family="sans-serif" font-size="{_SIZE}">\n<rect width="100%" height="100%" fill="#ffffff"/>'
    )
    return "\n".join((head, *drawing.parts, "</svg>", ""))


class _Drawing:
    """The parts of a drawing, added from the top down, and the width and height that it has reached."""

    def __init__(self, lefts: Sequence[str], left: float) -> None:
        self.lefts, self.left = lefts, left
        self.across, self.down = left, 8.0
        self.parts: list[str] = []

    def text(self, word: str, position: str, end: float) -> None:
        """Adds a text that ends at `end`."""
        self.parts.append(f"<text {position}>{escape(isolated(word))}</text>")
        self.across = max(self.across, end)

    def title(self, words: str, position: str, end: float) -> None:
        """Adds a title. It is not isolated: one that quotes Arabic still begins at the left."""
        self.parts.append(f"<text {position}>{escape(words)}</text>")
        self.across = max(self.across, end)

    def panel(self, tops: Sequence[str], values: Sequence[Sequence[tuple[float, float]]]) -> None:
        """Adds the column labels and, for each row, its label and a square for each weight and its share."""
        self.down += 10 + _SLANT[1] * _SIZE * max(map(ems, tops))
        for i, word in enumerate(tops):
            self._top(word, self.left + _CELL * i + _CELL / 2)
        for word, row in zip(self.lefts, values, strict=True):
            position = f'x="{self.left - 7:.1f}" y="{self.down + _CELL / 2 + 5:.1f}" text-anchor="end"'
            self.text(word, position, self.left)
            self.parts += [
                _square(self.left + _CELL * s, self.down, weight, f"{word} → {tops[s]}: {weight[0]:.3f}")
                for s, weight in enumerate(row)
            ]
            self.down += _CELL
        self.across = max(self.across, self.left + _CELL * len(tops))
        self.down += 8

    def _top(self, word: str, x: float) -> None:
        """Adds a label over the middle of its column, turned; a single Chinese character stays upright."""
        if is_one_wide(word):
            self.text(word, f'x="{x:.1f}" y="{self.down - 6:.1f}" text-anchor="middle"', x + _SIZE)
            return
        position = f'transform="translate({x + 3:.1f} {self.down - 5:.1f}) rotate(-60)"'
        self.text(word, position, x + 3 + _SLANT[0] * _SIZE * ems(word) + _SLANT[1] * _SIZE / 2)

    def key(self, shaded: Shading) -> None:
        """Adds the key: which shade is which weight."""
        baseline, start = self.down + 17, self.left + 14
        self.text("0", f'x="{self.left:.1f}" y="{baseline:.1f}"', start)
        for step in range(_STEPS):
            box = f'x="{start + _SWATCH * step:.1f}" y="{baseline - 11:.1f}" width="{_SWATCH}" height="14"'
            self.parts.append(f'<rect {box} fill="{shade(step / (_STEPS - 1))}"/>')
        end = start + _SWATCH * _STEPS + 6
        right = end + _SIZE * ems(shaded.top)
        self.text(shaded.top, f'x="{end:.1f}" y="{baseline:.1f}"', right)
        if shaded.note:
            note = f'x="{right + 10:.1f}" y="{baseline:.1f}" font-size="11" fill="{GREY}"'
            self.text(shaded.note, note, right + 10 + 11 * ems(shaded.note))
        self.down += 32


def _square(x: float, y: float, weight: tuple[float, float], tip: str) -> str:
    return (
        f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{_CELL - 2}" height="{_CELL - 2}" fill="{shade(weight[1])}">'
        f"<title>{escape(tip)}</title></rect>"
    )
