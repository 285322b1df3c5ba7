"""A constituency tree drawn: in the terminal with lines or in plain ASCII, upright or on its side, and as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Protocol, runtime_checkable

from heedful.store import write_text_atomically
from heedful.watch.words import ems, printable, width

_GAP = 2  # columns between neighbours
_ROW, _SIZE, _APART, _MARGIN = 30.0, 13.0, 15.0, 14.0  # pixels: a level, letters, neighbours, around all


@runtime_checkable
class Node(Protocol):
    """What is drawn: a constituent with its children, or a leaf, a word with its tag; an empty tag is not shown."""

    @property
    def label(self) -> str: ...
    @property
    def children(self) -> Sequence["Node"]: ...
    @property
    def word(self) -> str | None: ...


@dataclass(frozen=True)
class TreeSigns:
    """What branches are drawn with; the last four are those of a tree on its side."""

    across: str
    down: str
    first: str
    last: str
    child: str
    parent: str
    both: str
    branch: str
    end: str
    past: str
    blank: str = "   "


BOX = TreeSigns("─", "│", "┌", "┐", "┬", "┴", "┼", branch="├─ ", end="└─ ", past="│  ")
"""Box-drawing characters."""
PLAIN = TreeSigns("-", "|", ".", ".", ".", "'", "+", branch="|- ", end="`- ", past="|  ")
"""ASCII, for anything that is not a terminal in UTF-8."""


@dataclass(frozen=True)
class _Block:
    """A drawn part: lines, all of one width, and the column that its top hangs by."""

    lines: tuple[str, ...]
    width: int
    anchor: int


def draw_tree(tree: Node, *, width: int = 80, lines: TreeSigns = BOX) -> str:
    """The tree as text: upright with its words on one line where that fits in `width` columns, else on its side.

    Chinese and other wide characters take two columns and stay aligned.
    """
    upright = _block(tree, _levels(tree), lines)
    if upright.width <= width:
        return "\n".join(line.rstrip() for line in upright.lines) + "\n"
    return "\n".join(_sideways(tree, lines)) + "\n"


def _levels(node: Node) -> int:
    return 1 + max((_levels(child) for child in node.children), default=0)


def _sideways(node: Node, lines: TreeSigns, lead: str = "", below: str = "") -> Iterator[str]:
    """One line a node, the root first, each child below its parent and further in."""
    yield lead + " ".join(printable(text) for text in (node.label, node.word) if text)
    for child in node.children:
        is_last = child is node.children[-1]
        mark, rest = (lines.end, lines.blank) if is_last else (lines.branch, lines.past)
        yield from _sideways(child, lines, below + mark, below + rest)


def _block(node: Node, levels: int, lines: TreeSigns) -> _Block:
    """The node with all below it, `levels` deep, so that all words end up on one line."""
    if node.word is not None:
        bar, word = _alone(lines.down), _alone(printable(node.word))
        tag = _alone(printable(node.label)) if node.label else bar
        return _stack([tag, *[bar] * (2 * levels - 2), word])
    below = _beside([_block(child, levels - 1, lines) for child in node.children])
    anchors = below[1]
    middle = (anchors[0] + anchors[-1]) // 2
    fork = _Block((_fork(anchors, middle, below[0].width, lines),), below[0].width, middle)
    return _stack([_alone(printable(node.label)), fork, _Block(below[0].lines, below[0].width, middle)])


def _alone(text: str) -> _Block:
    return _Block((text,), width(text), (width(text) - 1) // 2)


def _stack(blocks: Sequence[_Block]) -> _Block:
    """Blocks one under the other, hung on one column."""
    anchor = max(block.anchor for block in blocks)
    total = max(anchor - block.anchor + block.width for block in blocks)
    lines: list[str] = []
    for block in blocks:
        left = anchor - block.anchor
        lines += [" " * left + line + " " * (total - left - block.width) for line in block.lines]
    return _Block(tuple(lines), total, anchor)


def _beside(blocks: Sequence[_Block]) -> tuple[_Block, list[int]]:
    """Blocks of one height side by side, and the columns that they hang by."""
    anchors: list[int] = []
    start = 0
    for block in blocks:
        anchors.append(start + block.anchor)
        start += block.width + _GAP
    lines = tuple((" " * _GAP).join(parts) for parts in zip(*(block.lines for block in blocks), strict=True))
    return _Block(lines, start - _GAP, 0), anchors


def _fork(anchors: Sequence[int], middle: int, total: int, lines: TreeSigns) -> str:
    """The line between a node at `middle` and its children."""
    if len(anchors) == 1:
        return " " * middle + lines.down + " " * (total - middle - 1)
    signs = [" "] * total
    signs[anchors[0] : anchors[-1] + 1] = lines.across * (anchors[-1] - anchors[0] + 1)
    for place in anchors:
        signs[place] = lines.child
    signs[anchors[0]], signs[anchors[-1]] = lines.first, lines.last
    signs[middle] = lines.both if middle in anchors else lines.parent
    return "".join(signs)


def save_tree_svg(tree: Node, *, path: Path, title: str = "") -> None:
    """Draws a tree into an .svg file.

    Raises: UserError, when the file cannot be written.
    """
    write_text_atomically(path, tree_svg(tree, title=title))


def tree_svg(tree: Node, *, title: str = "") -> str:
    """The drawing as text, for a file or inside a page: words stay text, all of them on the lowest line."""
    drawing = _Svg(_levels(tree), top=_MARGIN + (24 if title else 0))
    drawing.place(tree, 0, _MARGIN)
    across = max(drawing.right + _MARGIN, 2 * _MARGIN + 1.15 * _SIZE * ems(printable(title)))
    down = drawing.height(drawing.levels) + _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across:.0f}" height="{down:.0f}" '
        f'viewBox="0 0 {across:.0f} {down:.0f}" font-family="sans-serif" font-size="13">'
    )
    parts = [head, '<rect width="100%" height="100%" fill="#ffffff"/>']
    if title:
        parts.append(f'<text x="8" y="18" font-weight="bold">{escape(printable(title))}</text>')
    return "\n".join((*parts, *drawing.parts, "</svg>", ""))


class _Svg:
    """The parts of a drawing as they are placed, from left to right; words stand one level below the deepest tag."""

    def __init__(self, levels: int, *, top: float) -> None:
        self.levels, self.top, self.right = levels, top, 0.0
        self.parts: list[str] = []

    def height(self, level: float | int) -> float:
        """Where the middle of a level lies."""
        return self.top + _ROW * (level + 0.5)

    def place(self, node: Node, level: int, left: float) -> float:
        """Draw a node with all below it, not left of `left`; returns its middle."""
        label = printable(node.label) if node.label else ""
        own = _SIZE * ems(label)
        if node.word is not None:
            word = printable(node.word)
            own = max(own, _SIZE * ems(word))
            middle = left + own / 2
            self._line(middle, level if label else level - 0.55, middle, self.levels, fill="#b8c4d6")
            self._text(word, middle, self.levels, fill="#000000")
        else:
            middle = self._place_children(node, level, left, own)
        self._text(label, middle, level, fill="#666666" if node.word is not None else "#0b3c7d")
        self.right = max(self.right, middle + own / 2)
        return middle

    def _place_children(self, node: Node, level: int, left: float, own: float) -> float:
        """Draw the children and the lines to them; returns the middle between the outermost."""
        drawn, right = len(self.parts), self.right
        middles = self._beside(node.children, level + 1, left)
        short = left + own / 2 - (middles[0] + middles[-1]) / 2
        if short > 0.01:  # the label is wider than what is below it: that moves to stand under its middle
            del self.parts[drawn:]
            self.right = right
            middles = self._beside(node.children, level + 1, left + short)
        middle = (middles[0] + middles[-1]) / 2
        for one in middles:
            self._line(middle, level, one, level + 1, fill="#5b7fb3")
        return middle

    def _beside(self, nodes: Sequence[Node], level: int, left: float) -> list[float]:
        """Draw neighbours from left to right; returns their middles."""
        middles: list[float] = []
        for node in nodes:
            middles.append(self.place(node, level, left))
            left = self.right + _APART
        return middles

    def _line(self, x: float, level: float | int, other: float, below: int, *, fill: str) -> None:
        ends = f'x1="{x:.1f}" y1="{self.height(level) + 8:.1f}" x2="{other:.1f}" y2="{self.height(below) - 9:.1f}"'
        self.parts.append(f'<line {ends} stroke="{fill}"/>')

    def _text(self, text: str, x: float, level: int, *, fill: str) -> None:
        place = f'x="{x:.1f}" y="{self.height(level) + 4.5:.1f}"'
        self.parts.append(f'<text {place} text-anchor="middle" fill="{fill}">{escape(text)}</text>')
