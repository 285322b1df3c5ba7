"""A passage laid out on a sheet: where its title, its names, its words and the key of its shades stand, in pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from heedful.watch.map import Map
from heedful.watch.passage import EMPTY, Sentence, top_of_scale, wrap
from heedful.watch.words import fit, is_wide, printable

SIZE, BOX = 14.0, 20.0
"""Height of the letters, and of the box behind a word."""
_ROOM, _LINE, _MARGIN = 720.0, 25.0, 12.0  # what words are wrapped to; from line to line; around all
_BETWEEN, _SWATCH, _STEPS = 8.0, 22.0, 6  # after a sentence; a box of the key, and how many
_COLUMNS = 200  # no word is longer, before it is measured

Measure = Callable[[str], float]
"""How wide a text is, written `SIZE` high."""


@dataclass(frozen=True)
class Label:
    """A text on the sheet: where it begins, and the middle of its line."""

    text: str
    x: float
    y: float
    is_title: bool = False


@dataclass(frozen=True)
class Box:
    """A word in its box: the box's left edge and middle, its weight as a part of the largest, what pointing tells."""

    text: str
    x: float
    y: float
    width: float
    share: float
    told: str = ""


@dataclass
class Sheet:
    """What is to be drawn, and how large the sheet is."""

    width: float = 0.0
    height: float = _MARGIN
    labels: list[Label] = field(default_factory=list[Label])
    boxes: list[Box] = field(default_factory=list[Box])

    @property
    def middle(self) -> float:
        """Of the line that comes next."""
        return self.height + _LINE / 2

    def label(self, text: str, x: float, measure: Measure, *, is_title: bool = False) -> float:
        """Put a text on the line that comes next; returns where it ends."""
        self.labels.append(Label(text, x, self.middle, is_title))
        end = x + measure(text) * (1.15 if is_title else 1)  # a title is bold
        self.width = max(self.width, end + _MARGIN)
        return end

    def box(self, box: Box) -> float:
        """Put a box on the sheet; returns where it ends."""
        self.boxes.append(box)
        self.width = max(self.width, box.x + box.width + _MARGIN)
        return box.x + box.width


def lay_out(maps: Sequence[Map], measure: Measure) -> Sheet:
    """Maps of one row each, as one passage: the title of the first, names in front, words in their order, the key.

    Words are wrapped to lines of about a hundred letters; a word that is longer than a line is cut.
    Raises: ShapeError, for a map of another number of rows than one.
    """
    sentences = [Sentence.of(seen) for seen in maps]
    sheet = Sheet()
    if maps and maps[0].title:
        sheet.label(printable(maps[0].title), _MARGIN, measure, is_title=True)
        sheet.height += _LINE + _BETWEEN
    if all(not one.words for one in sentences):
        sheet.label(EMPTY, _MARGIN, measure)
        sheet.height += _LINE + _MARGIN
        return sheet
    left = _MARGIN + max((measure(one.name) + 12 for one in sentences if one.name), default=0)
    for one in sentences:
        _place(one, sheet, left, measure)
        sheet.height += _BETWEEN
    _place_key(sheet, left, top_of_scale(sentences), measure)
    sheet.height += _LINE + _MARGIN
    return sheet


def _place(one: Sentence, sheet: Sheet, left: float, measure: Measure) -> None:
    """A sentence's name and words, line by line."""
    words = [_cut(word, measure) for word in one.words]
    widths = [_boxed(word, measure) for word in words]
    if one.name:
        sheet.label(one.name, _MARGIN, measure)
    for line in wrap([width + 1 for width in widths], _ROOM):
        x = left
        for index in line:
            told = f"{one.words[index]}: {one.weights[index]:.3f}"
            x = 1 + sheet.box(Box(words[index], x, sheet.middle, widths[index], one.share(index), told))
        sheet.height += _LINE


def _place_key(sheet: Sheet, left: float, largest: str, measure: Measure) -> None:
    """The line that says which shade is which weight."""
    x = sheet.label("0", left, measure) + 6
    for step in range(_STEPS):
        x = sheet.box(Box("", x, sheet.middle, _SWATCH, step / (_STEPS - 1)))
    sheet.label(largest, x + 6, measure)


def _cut(word: str, measure: Measure) -> str:
    """The word, or as much of it as a line has room for."""
    shown = fit(word, _COLUMNS)
    while _boxed(shown, measure) > _ROOM and len(shown) > 1:
        shown = shown.removesuffix("…")[:-1] + "…"
    return shown


def _boxed(word: str, measure: Measure) -> float:
    """How wide the box of a word is. Chinese characters stand close; between words there is about a blank."""
    return max(SIZE / 2, measure(word) + (2 if is_wide(word) else 6))
