"""The layout of running text: positions of the title, labels, words and the key of the shades, in pixels."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from heedful.watch.map import Map
from heedful.watch.passage import EMPTY, Sentence, top_of_scale, wrap
from heedful.watch.scale import Scale
from heedful.watch.words import fit, is_wide, printable

SIZE, BOX = 14.0, 20.0
"""Height of letters, and of the box behind a word."""
_ROOM, _LINE, _MARGIN = 720.0, 25.0, 12.0  # width of a line of words; height of a line; margin
_BETWEEN, _SWATCH, _STEPS = 8.0, 22.0, 6  # gap after a sentence; width and number of boxes of the key
_COLUMNS = 200  # longer words are cut before they are measured, which is slow
_TALL, _BESIDE, _GUTTER = 2000.0, 5, 30.0  # height of a column of lines; columns beside one another; between them

Measure = Callable[[str], float]
"""The width of a text in letters of height `SIZE`."""


@dataclass(frozen=True)
class Label:
    """A text: its left end, and the middle of its line."""

    text: str
    x: float
    y: float
    is_title: bool = False


@dataclass(frozen=True)
class Box:
    """A word in its box: left edge and middle of the box, the share of the largest weight, and the tooltip."""

    text: str
    x: float
    y: float
    width: float
    share: float
    tip: str = ""


@dataclass
class Sheet:
    """Labels and boxes, and the size that they need."""

    width: float = 0.0
    height: float = _MARGIN
    labels: list[Label] = field(default_factory=list[Label])
    boxes: list[Box] = field(default_factory=list[Box])

    @property
    def middle(self) -> float:
        """The middle of the next line."""
        return self.height + _LINE / 2

    def label(self, text: str, x: float, measure: Measure, *, is_title: bool = False) -> float:
        """Puts a text on the next line; returns its right end."""
        self.labels.append(Label(text, x, self.middle, is_title))
        end = x + measure(text) * (1.15 if is_title else 1)  # a title is bold
        self.width = max(self.width, end + _MARGIN)
        return end

    def box(self, box: Box) -> float:
        """Puts a box on the sheet; returns its right end."""
        self.boxes.append(box)
        self.width = max(self.width, box.x + box.width + _MARGIN)
        return box.x + box.width


def lay_out(maps: Sequence[Map], measure: Measure, scale: Scale = "auto") -> Sheet:
    """Lays out maps of one row each as one text: the title of the first, labels, words in their order, the key.

    Lines hold about a hundred letters; a word that is longer than a line is cut. A long document is set in columns, as
    in a newspaper. What does not fit into the last column is left out, and a line says how many words that are.
    Raises: ShapeError, for a map that is not one row over words.
    """
    sentences = [Sentence.of(map_, scale=scale) for map_ in maps]
    sheet = Sheet()
    if maps and maps[0].caption:
        sheet.label(printable(maps[0].caption), _MARGIN, measure, is_title=True)
        sheet.height += _LINE + _BETWEEN
    if all(not sentence.words for sentence in sentences):
        sheet.label(EMPTY, _MARGIN, measure)
        sheet.height += _LINE + _MARGIN
        return sheet
    left = _MARGIN + max((measure(sentence.name) + 12 for sentence in sentences if sentence.name), default=0)
    text = Sheet(height=0.0)
    for sentence in sentences:
        _add_sentence(sentence, text, left, measure)
        text.height += _BETWEEN
    missing = _set_in_columns(text, sheet)
    if missing:
        sheet.label(f"… {missing} more words; a page (.html) has all of them", left, measure)
        sheet.height += _LINE
    _add_key(sheet, left, top_of_scale(sentences, scale), measure)
    sheet.height += _LINE + _MARGIN
    return sheet


def _set_in_columns(text: Sheet, sheet: Sheet) -> int:
    """Puts a text below what is on the sheet, in one column or, if it is too long for that, in several.

    Returns: the number of words that did not fit.
    """
    columns = min(_BESIDE, max(1, math.ceil(text.height / _TALL)))
    height = min(_TALL, max(_LINE, text.height / columns))
    across, end = text.width - _MARGIN + _GUTTER, 0.0

    def moved(part: Label | Box) -> Label | Box | None:
        # By the middle of its line, so that a line stays whole.
        column = int(part.y // height)
        x, y = part.x + column * across, sheet.height + part.y - column * height
        return replace(part, x=x, y=y) if column < columns else None

    for label in map(moved, text.labels):
        if isinstance(label, Label):
            sheet.labels.append(label)
    missing = 0
    for box in map(moved, text.boxes):
        if isinstance(box, Box):
            end = max(end, box.y + _LINE / 2)
            sheet.box(box)
        else:
            missing += 1
    sheet.height = end + _BETWEEN
    return missing


def _add_sentence(sentence: Sentence, sheet: Sheet, left: float, measure: Measure) -> None:
    """Adds the label and words of a sentence, line by line."""
    words = [_cut(word, measure) for word in sentence.words]
    widths = [_boxed(word, measure) for word in words]
    if sentence.name:
        sheet.label(sentence.name, _MARGIN, measure)
    mirrored = sentence.is_right_to_left
    for line in wrap([width + 1 for width in widths], _ROOM):
        x = left
        for index in line:
            tip = f"{sentence.words[index]}: {sentence.weights[index]:.3f}"
            at = 2 * left + _ROOM - x - widths[index] if mirrored else x
            sheet.box(Box(words[index], at, sheet.middle, widths[index], sentence.shares[index], tip))
            x += widths[index] + 1
        sheet.height += _LINE


def _add_key(sheet: Sheet, left: float, largest: str, measure: Measure) -> None:
    """Adds the key: which shade is which weight."""
    x = sheet.label("0", left, measure) + 6
    for step in range(_STEPS):
        x = sheet.box(Box("", x, sheet.middle, _SWATCH, step / (_STEPS - 1)))
    sheet.label(largest, x + 6, measure)


def _cut(word: str, measure: Measure) -> str:
    """The word, cut to the width of a line."""
    shown = fit(word, _COLUMNS)
    while _boxed(shown, measure) > _ROOM and len(shown) > 1:
        shown = shown.removesuffix("…")[:-1] + "…"
    return shown


def _boxed(word: str, measure: Measure) -> float:
    """The width of a word's box: about a space between words, little between Chinese characters."""
    return max(SIZE / 2, measure(word) + (2 if is_wide(word) else 6))
