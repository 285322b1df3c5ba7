"""One row of weights as running text: each word with its shade, for models that look once at a whole text.

A map of one row drawn as a table would be a mile wide; as text it is read like what it is about.
"""

from collections.abc import Iterator, Sequence

from jaxtyping import Float
from rich.text import Text
from torch import Tensor

from heedful.watch.terminal import Palette
from heedful.watch.words import check_words, printable, width

_LABEL = 18  # no row's name is drawn wider, in columns of the terminal


def highlight(
    weights: Float[Tensor, "_ S"], label: str, words: Sequence[str], *, width: int = 80, palette: Palette
) -> Text:
    """A row of weights as text of at most `width` columns, `label` in front, words in their order.

    With colours the words stand on their shade; without, a line of shades stands below each line of words. Shades go
    from 0 to the largest weight, which the last line gives: over a hundred words even a sharp look is far from 1.
    Raises: ShapeError, when there is not one word a weight, or not one row.
    """
    check_words(weights, [label], words)
    if not words:
        return Text("(nothing was looked at: the text is empty)")
    values: list[float] = weights[0].detach().float().cpu().tolist()
    largest = max(values)
    name = printable(label)[:_LABEL] if label else ""
    indent = len(name) + 2 if name else 0
    drawing = Text(no_wrap=True, overflow="ignore")
    scaled = [value / largest if largest > 0 else 0.0 for value in values]
    shown = [printable(word) for word in words]
    colourful = any(style for _, style in palette.shades)
    for number, line in enumerate(_lines(shown, max(20, width - indent))):
        front = f"{name}  " if name and not number else " " * indent
        drawing.append(front)
        below = " " * indent
        for index in line:
            sign, style = palette.mark(scaled[index], _width_of(shown[index]))
            drawing.append(shown[index], style)
            drawing.append(" ")
            below += f"{sign} "
        drawing.append("\n" if colourful else f"\n{below.rstrip()}\n")
    return drawing.append_text(_key(indent, largest, palette))


def _lines(words: Sequence[str], room: int) -> Iterator[list[int]]:
    """The numbers of the words that stand in each line."""
    line: list[int] = []
    taken = 0
    for index, word in enumerate(words):
        needed = _width_of(word) + 1
        if line and taken + needed > room:
            yield line
            line, taken = [], 0
        line.append(index)
        taken += needed
    yield line


def _width_of(word: str) -> int:
    return max(1, width(word))


def _key(indent: int, largest: float, palette: Palette) -> Text:
    key = Text(" " * indent + "0 ", no_wrap=True, overflow="ignore")
    for sign, style in palette.shades:
        key.append(sign, style)
    return key.append(f" {largest:.2g}\n")
