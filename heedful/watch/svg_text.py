"""Running text as SVG: words stay text on a shaded background and are shown with the fonts of the viewer."""

from collections.abc import Sequence
from html import escape

from heedful.watch.colour import INK, behind
from heedful.watch.map import Map
from heedful.watch.scale import Scale
from heedful.watch.sheet import BOX, SIZE, Box, Label, lay_out
from heedful.watch.words import ems, isolated


def highlight_svg(maps: Sequence[Map], *, scale: Scale = "auto") -> str:
    """Maps of one row each as one drawing: the title of the first, and each word on the shade of its weight.

    Each word has a tooltip with its weight. Shades are those of `highlight`.
    Raises: ShapeError, for a map that is not one row over words.
    """
    sheet = lay_out(maps, lambda text: SIZE * ems(text), scale)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sheet.width:.0f}" height="{sheet.height:.0f}" '
        f'viewBox="0 0 {sheet.width:.0f} {sheet.height:.0f}" font-family="sans-serif" font-size="{SIZE:g}" '
        f'fill="{INK}">\n<rect width="100%" height="100%" fill="#ffffff"/>'
    )
    return "\n".join((head, *map(_label, sheet.labels), *map(_box, sheet.boxes), "</svg>", ""))


def _label(label: Label) -> str:
    bold = ' font-weight="bold"' if label.is_title else ""
    # A title is not isolated: one that quotes Arabic still begins at the left.
    text = label.text if label.is_title else isolated(label.text)
    return f'<text x="{label.x:.1f}" y="{label.y + 5:.1f}"{bold}>{escape(text)}</text>'


def _box(box: Box) -> str:
    position = f'x="{box.x:.1f}" y="{box.y - BOX / 2:.1f}" width="{box.width:.1f}" height="{BOX:g}"'
    if not box.text:
        return f'<rect {position} fill="{behind(box.share)}" stroke="#cccccc"/>'
    square = f'<rect {position} fill="{behind(box.share)}"/>'
    middle = f'x="{box.x + box.width / 2:.1f}" y="{box.y + 5:.1f}" text-anchor="middle"'
    return f"<g><title>{escape(box.tip)}</title>{square}<text {middle}>{escape(isolated(box.text))}</text></g>"
