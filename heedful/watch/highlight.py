"""Running text in the terminal, each word shaded by its weight, for models that attend to a text once."""

from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from heedful.watch.map import Map
from heedful.watch.palette import Palette
from heedful.watch.passage import EMPTY, Sentence, top_of_scale, wrap
from heedful.watch.scale import Scale
from heedful.watch.terminal_table import draw_key
from heedful.watch.words import fit, isolated, width

_LEAST = 20  # columns for words, however narrow the terminal is


def highlight(maps: Sequence[Map], *, width: int = 80, palette: Palette, scale: Scale = "auto") -> Text:
    """Maps of one row each as text, at most `width` columns wide: the row's label, then its words in their order.

    With colours the background of a word is its shade; without, a line of shades stands below each line of words.
    Shades go from 0 to the largest weight of each map, because over a hundred words even the heaviest one is far below
    1, but at least to three times the mean weight, so that even weights look even. `scale` changes that. The last line
    says what the darkest shade stands for. A text that is written from the right begins at the right end of each line.
    Raises: ShapeError, for a map that is not one row over words; UserError, for an unknown scale.
    """
    sentences = [Sentence.of(map_, palette.cut, scale=scale) for map_ in maps]
    if all(not sentence.words for sentence in sentences):
        return Text(EMPTY)
    indent = max((_width_of(sentence.name) + 2 for sentence in sentences if sentence.name), default=0)
    room = max(_LEAST, width - indent)
    drawing = Text(no_wrap=True, overflow="ignore")
    for sentence in sentences:
        cut = [fit(word, room - 1, palette.cut) for word in sentence.words]
        _draw(replace(sentence, words=cut), drawing, indent, room=room, palette=palette)
    return drawing.append_text(draw_key(indent, top_of_scale(sentences, scale), palette, total=width))


def _draw(sentence: Sentence, drawing: Text, indent: int, *, room: int, palette: Palette) -> None:
    """Appends the words of a sentence, line by line."""
    colourful = any(style for _, style in palette.shades)
    front = sentence.name + " " * (indent - _width_of(sentence.name)) if sentence.name else " " * indent
    mirrored = sentence.is_right_to_left
    widths = [_width_of(word) + 1 for word in sentence.words]
    for line in wrap(widths, room):
        before = " " * (room - sum(widths[index] for index in line)) if mirrored else ""
        drawing.append(front + before)
        front, below = " " * indent, " " * indent + before
        for index in reversed(line) if mirrored else line:
            word, columns = sentence.words[index], _width_of(sentence.words[index])
            sign, style = palette.mark(sentence.shares[index], columns)
            drawing.append(isolated(word), style)
            drawing.append(" " * (columns - width(word) + 1))
            below += f"{sign} "
        drawing.append("\n" if colourful else f"\n{below.rstrip()}\n")


def _width_of(word: str) -> int:
    """Columns of a word and its shade: at least one, even for a combining accent without a letter."""
    return max(1, width(word))
