"""A scene as a PNG or PDF picture, through matplotlib (extra "plot"); `heedful.watch.scene_svg` needs no extra."""

from itertools import groupby
from pathlib import Path
from typing import Any

from heedful.errors import require
from heedful.store import replacing
from heedful.watch.fonts import advice, fonts_for, quiet_fonts, spelled
from heedful.watch.scene import MARGIN, Image, Line, Polygon, Rect, Scene, Text

SHARP, MOST = 160, 60_000  # dots an inch; dots a side, for matplotlib draws fewer than 2 ** 16
_POINTS, _INCHES = 0.75, 1 / 96  # of a pixel


def save_scene(scene: Scene, path: Path) -> str | None:
    """Draws a scene into a .png or .pdf file.

    A character that no installed font has is written as its code point, such as "U+4E66".
    Returns: a hint for the user if there are such characters, else None.
    Raises: UserError, when matplotlib is missing or the file cannot be written.
    """
    require("matplotlib", extra="plot")
    fonts, missing = fonts_for("".join(shape.text for shape in scene.shapes if isinstance(shape, Text)) + "…")
    with replacing(path) as temporary, quiet_fonts():
        figure = _figure(scene, fonts, missing)
        dots = min(SHARP, MOST / max(figure.get_size_inches()))
        figure.savefig(temporary, dpi=dots, format=path.suffix.lower().lstrip("."))
    return advice(missing)


def _figure(scene: Scene, fonts: list[str], missing: set[str]) -> Any:
    """The drawing. Without pyplot, which would keep the figure in a global list."""
    from matplotlib.figure import Figure

    across, down = scene.width + MARGIN, scene.height + MARGIN
    figure = Figure(figsize=(across * _INCHES, down * _INCHES))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, across)
    axes.set_ylim(down, 0)
    # Later shapes lie over earlier ones, which matplotlib would otherwise order by their kind.
    for order, (kind, run) in enumerate(groupby(scene.shapes, type)):
        if kind is Rect:
            _fill(axes, [shape for shape in run if isinstance(shape, Rect)], order)
            continue
        for shape in run:
            if isinstance(shape, Text):
                _write(axes, shape, spelled(shape.text, missing), fonts=fonts, order=order)
            elif isinstance(shape, Line):
                ends = [shape.x1, shape.x2], [shape.y1, shape.y2]
                axes.plot(*ends, color=shape.colour, linewidth=_POINTS * shape.thickness, zorder=order)
            elif isinstance(shape, Polygon):
                _outline(axes, shape, order)
            elif isinstance(shape, Image):
                _paste(axes, shape, order)
    return figure


def _fill(axes: Any, rects: list[Rect], order: int) -> None:
    """Many rectangles as one collection: a patch each would take seconds."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba

    corners = [
        [
            (rect.x, rect.y),
            (rect.x + rect.width, rect.y),
            (rect.x + rect.width, rect.y + rect.height),
            (rect.x, rect.y + rect.height),
        ]
        for rect in rects
    ]
    fills = [to_rgba(rect.fill, rect.opacity) if rect.fill else (0.0, 0.0, 0.0, 0.0) for rect in rects]
    edges = [to_rgba(rect.stroke) if rect.stroke else (0.0, 0.0, 0.0, 0.0) for rect in rects]
    widths = [_POINTS * rect.thickness for rect in rects]
    # Without smoothing: neighbouring cells would leave light seams where their edges meet within a dot.
    kinds: dict[str, Any] = {"facecolors": fills, "edgecolors": edges, "linewidths": widths, "antialiaseds": False}
    axes.add_collection(PolyCollection(corners, zorder=order, **kinds))


def _outline(axes: Any, shape: Polygon, order: int) -> None:
    from matplotlib.patches import Polygon as Patch

    edge = shape.stroke or "none"
    axes.add_patch(Patch(shape.corners, facecolor=shape.fill, edgecolor=edge, linewidth=_POINTS, zorder=order))


def _write(axes: Any, text: Text, shown: str, *, fonts: list[str], order: int) -> None:
    style: dict[str, Any] = {
        "ha": {"start": "left", "middle": "center", "end": "right"}[text.anchor],
        "va": "baseline",
        "rotation": text.angle,
        "rotation_mode": "anchor",
        "fontsize": text.size * _POINTS,
        "fontfamily": fonts,
        "fontweight": "bold" if text.bold else "normal",
        "color": text.colour,
        "parse_math": False,  # words may hold dollar signs
        "zorder": order,
    }
    axes.text(text.x, text.y, shown, **style)


def _paste(axes: Any, image: Image, order: int) -> None:
    extent = (image.x, image.x + image.width, image.y + image.height, image.y)
    grey: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255} if image.pixels.ndim == 2 else {}
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(image.pixels, extent=extent, interpolation="nearest", aspect="auto", zorder=order, **grey)
    axes.set_xlim(limits[0])  # imshow fits the axes to the image
    axes.set_ylim(limits[1])
