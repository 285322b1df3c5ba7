"""Running text as a PNG or PDF picture, through matplotlib (extra "plot"); `heedful.watch.svg_text` needs no extra."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from heedful.axes import Words
from heedful.errors import require
from heedful.store import replacing
from heedful.watch.colour import INK, behind
from heedful.watch.fonts import advice, fonts_for, quiet_fonts, spelled
from heedful.watch.map import Map
from heedful.watch.scale import Scale
from heedful.watch.scene_picture import MOST, SHARP
from heedful.watch.sheet import BOX, SIZE, Box, Label, Measure, Sheet, lay_out
from heedful.watch.words import printable

_POINTS, _INCHES = 0.75, 1 / 96  # of a pixel


def save_highlight(maps: Sequence[Map], *, path: str | Path, scale: Scale = "auto") -> str | None:
    """Draws maps of one row each into one .png or .pdf file, the background of each word shaded by its weight.

    A character that no installed font has is written as its code point, such as "U+4E66".
    Returns: a hint for the user if there are such characters, else None.
    Raises: UserError, when matplotlib is missing; ShapeError, for a map that is not one row over words.
    """
    require("matplotlib", extra="plot")
    path = Path(path)
    texts = (text for map_ in maps for text in (map_.caption, *map_.rows, *map_.columns))
    fonts, missing = fonts_for("".join(map(printable, texts)) + "…")
    with replacing(path) as temporary, quiet_fonts():
        sheet = lay_out([_spelled(map_, missing) for map_ in maps], _measure(fonts), scale)
        figure = _figure(sheet, fonts)
        dots = min(SHARP, MOST / max(figure.get_size_inches()))
        figure.savefig(temporary, dpi=dots, format=path.suffix.lower().lstrip("."))
    return advice(missing)


def _spelled(map_: Map, missing: set[str]) -> Map:
    rows = [spelled(word, missing) for word in map_.rows]
    texts = [spelled(word, missing) for word in map_.columns]
    columns = replace(map_.columns, texts=texts) if isinstance(map_.columns, Words) else texts
    title, heading = spelled(map_.title, missing), spelled(map_.heading, missing)
    return replace(map_, rows=rows, columns=columns, title=title, heading=heading)


def _measure(fonts: list[str]) -> Measure:
    """The width of a text in matplotlib, in pixels; measured at ten times the size, because it rounds to whole dots."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    renderer = FigureCanvasAgg(Figure(figsize=(1, 1), dpi=72)).get_renderer()
    large = FontProperties(family=fonts, size=10 * SIZE)
    return lambda text: renderer.get_text_width_height_descent(text, large, ismath=False)[0] / 10


def _figure(sheet: Sheet, fonts: list[str]) -> Any:
    """The sheet drawn. Without pyplot, which would keep the figure in a global list."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(sheet.width * _INCHES, sheet.height * _INCHES))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, sheet.width)
    axes.set_ylim(sheet.height, 0)
    # Words may hold dollar signs, which matplotlib would read as formulas.
    style: dict[str, Any] = {"fontsize": SIZE * _POINTS, "fontfamily": fonts, "color": INK, "parse_math": False}
    for label in sheet.labels:
        _write(axes, label, style)
    for box in sheet.boxes:
        _fill(axes, box, style)
    return figure


def _write(axes: Any, label: Label, style: dict[str, Any]) -> None:
    axes.text(label.x, label.y + 5, label.text, weight="bold" if label.is_title else "normal", **style)


def _fill(axes: Any, box: Box, style: dict[str, Any]) -> None:
    from matplotlib.patches import Rectangle

    edge = "none" if box.text else "#cccccc"
    square = Rectangle((box.x, box.y - BOX / 2), box.width, BOX, facecolor=behind(box.share), edgecolor=edge)
    axes.add_patch(square)
    axes.text(box.x + box.width / 2, box.y + 5, box.text, ha="center", **style)
