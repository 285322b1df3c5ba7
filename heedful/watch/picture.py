"""Attention maps as PNG or PDF pictures, through matplotlib (extra "plot"); `heedful.watch.svg` needs no extra."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from heedful.errors import require
from heedful.store import replacing
from heedful.watch.colour import MISSING
from heedful.watch.fonts import advice, fonts_for, quiet_fonts, spelled
from heedful.watch.layout import is_table, lay_out_map
from heedful.watch.map import match_axes
from heedful.watch.mark import NO_OVERLAY, Overlay
from heedful.watch.scale import Scale, Shading, shading
from heedful.watch.scene import GREY
from heedful.watch.scene_picture import MOST, SHARP, save_scene
from heedful.watch.words import fit, is_one_wide, is_right_to_left, printable

_CELL, _LETTER, _LONGEST = 0.28, 0.085, 24  # inches of a cell, of a letter; columns of a label


def save_picture(
    weights: Float[Tensor, "T S"],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    path: str | Path,
    title: str = "",
    scale: Scale = "auto",
    overlay: Overlay = NO_OVERLAY,
) -> str | None:
    """Draws a map into a .png or .pdf file, by the axis of its columns.

    A character that no installed font has is written as its code point, such as "U+4E66".
    Returns: a hint for the user if there are such characters, else None.
    Raises: UserError, when matplotlib is missing, or for an unknown scale; ShapeError, when there is not one position a
        row and column, or for an overlay that does not fit.
    """
    down, across = match_axes(weights, rows, columns)
    require("matplotlib", extra="plot")
    path = Path(path)
    if not is_table(across):
        return save_scene(lay_out_map(weights, down, across, title=title, scale=scale, overlay=overlay), path)
    overlay.check(len(down), across)
    words = [fit(printable(word), _LONGEST) for word in (*overlay.labelled(down), *columns)]
    title = printable(title) if title else ""
    fonts, missing = fonts_for("".join((*words, title)) + "…")
    shown = [fit(spelled(word, missing), _LONGEST) for word in words]
    with replacing(path) as temporary, quiet_fonts():
        figure = _figure(
            shading(weights, across, scale),
            shown[: len(rows)],
            shown[len(rows) :],
            title=_from_the_left(spelled(title, missing)),
            fonts=fonts,
        )
        dots = min(SHARP, MOST / max(figure.get_size_inches()))
        figure.savefig(temporary, dpi=dots, bbox_inches="tight", format=path.suffix.lower().lstrip("."))
    return advice(missing)


def _from_the_left(title: str) -> str:
    """A title that begins at the left even if it quotes Arabic: a mark without width says so."""
    return f"\u200e{title}" if is_right_to_left(title) else title


def _figure(shaded: Shading, rows: list[str], columns: list[str], *, title: str, fonts: list[str]) -> Any:
    """The drawing. Without pyplot, which would keep the figure in a global list."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    width = _CELL * len(columns) + _LETTER * max(map(len, rows), default=0)
    height = _CELL * len(rows) + _LETTER * max(map(len, columns), default=0)
    # Words may hold dollar signs, which matplotlib would read as formulas.
    text: dict[str, Any] = {"fontsize": 9, "fontfamily": fonts, "parse_math": False}
    width += 0.8 + 0.05 * len(shaded.top)  # the bar and what it says
    figure = Figure(figsize=(max(2.0, width), max(1.0, height + (0.6 if shaded.note else 0.4))), layout="constrained")
    axes = figure.subplots()
    colours = colormaps["Blues"].with_extremes(bad=MISSING)
    image = axes.imshow(
        shaded.shares.numpy(), vmin=0.0, vmax=1.0, cmap=colours, aspect="equal", interpolation="nearest"
    )
    axes.set_xticks(range(len(columns)), columns, rotation=60, ha="left", rotation_mode="anchor", **text)
    axes.set_yticks(range(len(rows)), rows, **text)
    axes.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
    for word, label in zip(columns, axes.get_xticklabels(), strict=True):
        if is_one_wide(word):  # a single Chinese character is readable upright
            label.set(rotation=0, ha="center")
    axes.spines[:].set_visible(False)
    axes.set_xticks([x + 0.5 for x in range(len(columns) - 1)], minor=True)
    axes.set_yticks([y + 0.5 for y in range(len(rows) - 1)], minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0, top=False)
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02, aspect=12, shrink=min(1.0, 1.5 / height))
    # Shares are drawn, so that the ends of the bar are named by what they stand for.
    bar.set_ticks([0.0, 1.0], labels=["0", shaded.top])
    if shaded.note:
        axes.set_xlabel(shaded.note, fontsize=7, color=GREY, fontfamily=fonts)
    bar.ax.tick_params(labelsize=7, length=2)
    bar.outline.set_visible(False)  # pyright: ignore
    if title:
        axes.set_title(title, **text)
    return figure
