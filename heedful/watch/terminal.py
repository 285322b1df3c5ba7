"""An attention map in the terminal, drawn by what its columns are: words, cells of a picture, seconds, a table."""

from collections.abc import Sequence

from jaxtyping import Float
from rich.text import Text
from torch import Tensor

from heedful.axes import Cells, Grid, RuledAxis
from heedful.watch.map import match_axes
from heedful.watch.mark import NO_OVERLAY, Overlay
from heedful.watch.palette import BLOCKS, Palette
from heedful.watch.scale import Scale, shading
from heedful.watch.terminal_axes import draw_cells, draw_ruled
from heedful.watch.terminal_grid import draw_grid
from heedful.watch.terminal_table import draw_key, draw_table, left_of


def draw(
    weights: Float[Tensor, "T S"],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    width: int = 80,
    palette: Palette = BLOCKS,
    scale: Scale = "auto",
    overlay: Overlay = NO_OVERLAY,
) -> Text:
    """An attention map as text, at most `width` columns of the terminal wide where labels allow it.

    `rows` are the positions that look, `columns` those that are looked at: axes, or plain lists of words. Chinese
    characters take two columns and stay aligned. ``str(draw(...))`` is plain text; a rich console prints it with its
    colours. The last line is the key. By default, words are shaded from 0 to 1, and other columns from 0 to the largest
    weight; `scale` changes that (see `heedful.watch.scale`). Notes of the overlay follow the labels; its marks are
    numbers and letters on the cells of a picture, explained below it.
    Raises: ShapeError, when there is not one position a row and column, or for an overlay that does not fit; UserError,
        for an unknown scale.
    """
    down, across = match_axes(weights, rows, columns)
    overlay.check(len(down), across)
    if not len(down) or not len(across):
        return Text("(nothing was looked at: the map is empty)")
    named = overlay.labelled(down)
    match across:
        case Grid():
            return draw_grid(weights, down, across, total=width, palette=palette, scale=scale, overlay=overlay)
        case Cells():
            return draw_cells(weights, named, across, total=width, palette=palette, scale=scale)
        case RuledAxis():
            return draw_ruled(weights, named, across, total=width, palette=palette, scale=scale)
        case _:
            shaded = shading(weights, across, scale)
            drawing = draw_table(shaded.shares.tolist(), named, across, total=width, palette=palette)
            return drawing.append_text(draw_key(left_of(named, palette) + 1, shaded.key, palette, total=width))
