"""Records the attention weights of a model without changing its output, and draws or saves them."""

from heedful.axes import Axis, Cells, Grid, Lines, Seconds, Slots, Words
from heedful.watch.aligning import attentions
from heedful.watch.branches import branch_maps, branch_weights
from heedful.watch.files import check_format, save_maps
from heedful.watch.highlight import highlight
from heedful.watch.load import load_maps
from heedful.watch.map import Map
from heedful.watch.mark import Mark, Overlay, ScanPath
from heedful.watch.palette import ASCII, BLOCKS, COLOURS, Palette, palette_for
from heedful.watch.passage import is_text, passages
from heedful.watch.picture import save_picture
from heedful.watch.picture_text import save_highlight
from heedful.watch.record import Recording, record
from heedful.watch.scale import SCALES, Scale
from heedful.watch.svg import save_svg, svg
from heedful.watch.svg_text import highlight_svg
from heedful.watch.terminal import draw

__all__ = [
    "ASCII",
    "BLOCKS",
    "COLOURS",
    "SCALES",
    "Axis",
    "Cells",
    "Grid",
    "Lines",
    "Map",
    "Mark",
    "Overlay",
    "Palette",
    "Recording",
    "Scale",
    "ScanPath",
    "Seconds",
    "Slots",
    "Words",
    "attentions",
    "branch_maps",
    "branch_weights",
    "check_format",
    "draw",
    "highlight",
    "highlight_svg",
    "is_text",
    "load_maps",
    "palette_for",
    "passages",
    "record",
    "save_highlight",
    "save_maps",
    "save_picture",
    "save_svg",
    "svg",
]
