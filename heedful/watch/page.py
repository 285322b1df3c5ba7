"""Maps as one HTML page that works offline: tables, shaded texts and drawings, without any script."""

from collections.abc import Sequence
from html import escape

from heedful.axes import as_axis
from heedful.watch.colour import INK, behind, shade
from heedful.watch.layout import is_table, lay_out_map
from heedful.watch.map import Map
from heedful.watch.passage import EMPTY, Sentence, is_text, passages, top_of_scale
from heedful.watch.scale import Scale, shading
from heedful.watch.scene_svg import scene_svg
from heedful.watch.words import fit, is_wide, printable, signs

_STEPS = 16  # shades, as classes that keep a cell short; the tooltip has the exact weight
_LONGEST = 32  # width of a label in a table, in columns of a terminal
_STYLE = """
body { font-family: sans-serif; margin: 2em; background: #fff; color: INK; }
section { margin-bottom: 3em; }
section > div { overflow-x: auto; }
h2 { font-size: 1.1em; margin: 0 0 .8em; overflow-wrap: anywhere; }
h3 { font-size: 1em; font-weight: normal; margin: 0 0 .8em; overflow-wrap: anywhere; }
table { border-spacing: 2px; }
td { min-width: 1.4em; height: 1.4em; }
th { font-weight: normal; white-space: nowrap; }
tbody th { text-align: right; padding-right: .5em; position: sticky; left: 0; background: #fff; }
thead th { vertical-align: bottom; padding-bottom: .3em; }
thead span { display: inline-block; writing-mode: vertical-rl; }
.text td { vertical-align: baseline; line-height: 1.75; max-width: 46em; overflow-wrap: anywhere; }
.text tbody th { vertical-align: baseline; line-height: 1.75; }
.text span { padding: .15em .2em; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
.text .wide { padding: .15em .05em; margin: 0 .03em; }
.key { margin: .8em 0 0 2px; }
.key i { display: inline-block; width: 1.4em; height: 1em; vertical-align: -.1em; outline: 1px solid #ccc; }
"""


def page(maps: Sequence[Map], *, scale: Scale = "auto") -> str:
    """One page with a section for each map, below the headings of maps; it refers to no other file or site.

    Raises: UserError, for an unknown scale.
    """
    steps = [(f"{i}", i / _STEPS) for i in range(_STEPS + 1)] + [("n", float("nan"))]
    shades = "".join(f".w{name} {{ background: {shade(share)}; }}\n" for name, share in steps)
    shades += "".join(f".b{name} {{ background: {behind(share)}; }}\n" for name, share in steps)
    head = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Where it looks</title>'
    style = f"<style>{_STYLE.replace('INK', INK)}{shades}</style></head>"
    sections, heading = list[str](), ""
    for passage in passages(maps):
        # A heading stands once above all maps of one answer.
        sections.append(_section(passage, is_new=passage[0].heading != heading, scale=scale))
        heading = passage[0].heading
    return "\n".join((f"{head}{style}\n<body>", *sections, "</body></html>\n"))


def _section(passage: Sequence[Map], *, is_new: bool, scale: Scale) -> str:
    """A map, or the sentences of a text, below its heading and its title."""
    first = passage[0]
    heading = f"<h2>{escape(printable(first.heading))}</h2>\n" if first.heading and is_new else ""
    size = "h3" if first.heading else "h2"
    title = f"<{size}>{escape(printable(first.title))}</{size}>\n" if first.title else ""
    return f"<section>{heading}{title}<div>{_drawing(passage, scale)}</div></section>"


def _drawing(passage: Sequence[Map], scale: Scale) -> str:
    if is_text(passage[0]):
        return _text(passage, scale)
    map_ = passage[0]
    rows, columns = as_axis(map_.rows), as_axis(map_.columns)
    if is_table(columns):
        return _table(map_, scale)
    return scene_svg(lay_out_map(map_.weights, rows, columns, scale=scale, overlay=map_.overlay))


def _table(map_: Map, scale: Scale) -> str:
    tops = "".join(f"<th>{_upright(_label(word))}</th>" for word in map_.columns)
    shaded = shading(map_.weights, as_axis(map_.columns), scale)
    weights: list[list[float]] = map_.weights.detach().float().cpu().tolist()
    body = "".join(
        f'<tr><th scope="row" dir="auto">{escape(_label(word))}</th>{"".join(map(_cell, row, shares))}</tr>\n'
        for word, row, shares in zip(map_.labelled_rows, weights, shaded.shares.tolist(), strict=True)
    )
    key = _key("w", shaded.key)
    return f"<table><thead><tr><td></td>{tops}</tr></thead>\n<tbody>{body}</tbody></table>\n{key}"


def _label(word: str) -> str:
    return fit(printable(word), _LONGEST)


def _upright(word: str) -> str:
    """A narrow column label: letters are turned, Chinese characters stand one below the other."""
    return "<br>".join(map(escape, signs(word))) if is_wide(word) else f'<span dir="auto">{escape(word)}</span>'


def _cell(weight: float, share: float) -> str:
    return f'<td class="w{_step(share)}" title="{weight:.3f}"></td>'


def _text(passage: Sequence[Map], scale: Scale) -> str:
    sentences = [Sentence.of(map_, scale=scale) for map_ in passage]
    if all(not sentence.words for sentence in sentences):
        return f"<p>{EMPTY}</p>"
    rows = "".join(_sentence(sentence) for sentence in sentences)
    return f'<table class="text"><tbody>{rows}</tbody></table>\n{_key("b", top_of_scale(sentences, scale))}'


def _sentence(sentence: Sentence) -> str:
    """A row: the sentence's label, then its words, which the browser wraps."""
    name = f'<th scope="row">{escape(sentence.name)}</th>' if sentence.name else ""
    return f'<tr>{name}<td dir="auto">{"".join(_words(sentence))}</td></tr>\n'


def _words(sentence: Sentence) -> list[str]:
    """The words with a space between them, except between Chinese characters."""
    written: list[str] = []
    for index, word in enumerate(sentence.words):
        wide = is_wide(word)
        if index and not (wide and is_wide(sentence.words[index - 1])):
            written.append("\n")
        kind = f"b{_step(sentence.shares[index])}{' wide' if wide else ''}"
        # A direction of its own: in a text from the right, "</s>" would be mirrored.
        written.append(f'<span class="{kind}" dir="auto" title="{sentence.weights[index]:.3f}">{escape(word)}</span>')
    return written


def _step(share: float) -> str:
    """The name of a shade; n for NaN."""
    return "n" if share != share else str(round(_STEPS * min(1.0, max(0.0, share))))  # noqa: PLR0124 - only NaN differs


def _key(kind: str, largest: str) -> str:
    """The line that says which shade is which weight."""
    squares = "".join(f'<i class="{kind}{step}"></i>' for step in range(0, _STEPS + 1, 4))
    return f'<p class="key">0 {squares} {escape(largest)}</p>'
