"""Rows of weights as running text in the terminal: each word with its shade, for models that look once at a text."""

from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from heedful.watch.map import Map
from heedful.watch.palette import Palette
from heedful.watch.passage import EMPTY, Sentence, top_of_scale, wrap
from heedful.watch.words import fit, width

_LEAST = 20  # columns that words get, however narrow the terminal is


def highlight(maps: Sequence[Map], *, width: int = 80, palette: Palette) -> Text:
    """Maps of one row each as text, at most `width` columns wide: the row's name in front, its words in their order.

    With colours the words stand on their shade; without, a line of shades stands below each line of words. Shades go
    from 0 to the largest weight of the map, for over a hundred words even a sharp look is far from 1; the last line
    gives that weight where there is one map, as of a text; of several, such as its sentences, each has its own.
    Raises: ShapeError, for a map of another number of rows than one.
    """
    sentences = [Sentence.of(seen, palette.cut) for seen in maps]
    if all(not one.words for one in sentences):
        return Text(EMPTY)
    indent = max((_width_of(one.name) + 2 for one in sentences if one.name), default=0)
    room = max(_LEAST, width - indent)
    drawing = Text(no_wrap=True, overflow="ignore")
    for one in sentences:
        cut = [fit(word, room - 1, palette.cut) for word in one.words]
        _draw(replace(one, words=cut), drawing, indent, room=room, palette=palette)
    return drawing.append_text(_key(indent, top_of_scale(sentences), palette))


def _draw(one: Sentence, drawing: Text, indent: int, *, room: int, palette: Palette) -> None:
    """Append a sentence's words, line by line."""
    colourful = any(style for _, style in palette.shades)
    front = one.name + " " * (indent - _width_of(one.name)) if one.name else " " * indent
    for line in wrap([_width_of(word) + 1 for word in one.words], room):
        drawing.append(front)
        front, below = " " * indent, " " * indent
        for index in line:
            word, columns = one.words[index], _width_of(one.words[index])
            sign, style = palette.mark(one.share(index), columns)
            drawing.append(word, style)
            drawing.append(" " * (columns - width(word) + 1))
            below += f"{sign} "
        drawing.append("\n" if colourful else f"\n{below.rstrip()}\n")


def _width_of(word: str) -> int:
    """Columns of a word and of its shade: one at least, also for an accent that has no letter."""
    return max(1, width(word))


def _key(indent: int, largest: str, palette: Palette) -> Text:
    key = Text(" " * indent + "0 ", no_wrap=True, overflow="ignore")
    for sign, style in palette.shades:
        key.append(sign, style)
    return key.append(f" {largest}\n")
