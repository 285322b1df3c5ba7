"""Maps and answers in notebooks, which show what `_repr_html_` returns."""

from collections.abc import Iterable
from html import escape

from heedful.watch.map import Map
from heedful.watch.passage import is_text, passages
from heedful.watch.svg import svg
from heedful.watch.svg_text import highlight_svg
from heedful.watch.words import printable

_MOST = 12  # drawings; more would make a notebook slow and large


def maps_html(maps: Iterable[Map]) -> str:
    """Drawings of maps as HTML, one below the other; of many only the first, and a line that says so."""
    drawings = list(passages(maps))
    parts = [f'<div style="overflow-x:auto">{_drawing(passage)}</div>' for passage in drawings[:_MOST]]
    if len(drawings) > _MOST:
        parts.append(f"<p>and {len(drawings) - _MOST} more maps: heedful.watch.save_maps writes all of them</p>")
    return "\n".join(parts)


def answer_html(text: str, maps: Iterable[Map], note: str | None = None) -> str:
    """An answer and its drawings as HTML."""
    lines = "<br>".join(escape(printable(line)) for line in text.split("\n"))
    remark = f"<p>note: {escape(note)}</p>" if note else ""
    return f'<div><p dir="auto">{lines}</p>{remark}{maps_html(maps)}</div>'


def _drawing(passage: list[Map]) -> str:
    first = passage[0]
    if is_text(first):
        return highlight_svg(passage)
    return svg(first.weights, first.rows, first.columns, title=first.caption, overlay=first.overlay)
