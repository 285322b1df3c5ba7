"""Draws a constituency tree in the terminal, with lines or in plain ASCII, upright or sideways, and as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Protocol, runtime_checkable

from heedful.store import write_text_atomically
from heedful.watch.words import ems, isolated, printable, width

_GAP = 2  # columns between neighbours
_ROW, _SIZE, _APART, _MARGIN = 30.0, 13.0, 15.0, 14.0  # pixels of a level, of letters, between neighbours, around all


@runtime_checkable
class Node(Protocol):
    """A constituent with its children, or a leaf: a word with its tag. An empty tag is not shown."""

    @property
    def label(self) -> str: ...
    @property
    def children(self) -> Sequence["Node"]: ...
    @property
    def word(self) -> str | None: ...


@dataclass(frozen=True)
class TreeSigns:
    """The characters of branches; the last four are for a tree drawn sideways."""

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
"""ASCII, for output that is not a UTF-8 terminal."""


@dataclass(frozen=True)
class _Block:
    """A drawn part: lines of equal width, and the column where it is attached to its parent."""

    lines: tuple[str, ...]
    width: int
    anchor: int


def draw_tree(tree: Node, *, width: int = 80, lines: TreeSigns = BOX) -> str:
    """The tree as text: upright with all words on one line if that fits in `width` columns, else sideways.

    Chinese and other wide characters take two columns and stay aligned.
    """
    upright = _block(tree, _levels(tree), lines)
    if upright.width <= width:
        return "\n".join(line.rstrip() for line in upright.lines) + "\n"
    return "\n".join(_sideways(tree, lines)) + "\n"


def _levels(node: Node) -> int:
    return 1 + max((_levels(child) for child in node.children), default=0)


def _sideways(node: Node, lines: TreeSigns, lead: str = "", below: str = "") -> Iterator[str]:
    """One line per node, the root first, each child indented below its parent."""
    yield lead + " ".join(isolated(printable(text)) for text in (node.label, node.word) if text)
    for child in node.children:
        is_last = child is node.children[-1]
        mark, rest = (lines.end, lines.blank) if is_last else (lines.branch, lines.past)
        yield from _sideways(child, lines, below + mark, below + rest)


def _block(node: Node, levels: int, lines: TreeSigns) -> _Block:
    """The subtree, stretched to `levels` levels, so that all words end up on one line."""
    if node.word is not None:
        bar, word = _alone(lines.down), _alone(isolated(printable(node.word)))
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
    """Blocks below one another, aligned at their anchors."""
    anchor = max(block.anchor for block in blocks)
    total = max(anchor - block.anchor + block.width for block in blocks)
    lines: list[str] = []
    for block in blocks:
        left = anchor - block.anchor
        lines += [" " * left + line + " " * (total - left - block.width) for line in block.lines]
    return _Block(tuple(lines), total, anchor)


def _beside(blocks: Sequence[_Block]) -> tuple[_Block, list[int]]:
    """Blocks of equal height beside one another, and the columns of their anchors."""
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
    for column in anchors:
        signs[column] = lines.child
    # After the others, which they replace; and then the sign of the parent, which may stand above a child.
    signs[anchors[0]], signs[anchors[-1]] = lines.first, lines.last
    signs[middle] = lines.both if middle in anchors else lines.parent
    return "".join(signs)


def save_tree_svg(tree: Node, *, path: Path, title: str = "") -> None:
    """Draws a tree into an .svg file.

    Raises: UserError, when the file cannot be written.
    """
    write_text_atomically(path, tree_svg(tree, title=title))


def tree_svg(tree: Node, *, title: str = "") -> str:
    """The drawing as SVG text, for a file or inside a page; all words are on the lowest line."""
    drawing = _Svg(_levels(tree), top=_MARGIN + (24 if title else 0))
    drawing.lay_out(tree, 0, _MARGIN)
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
    """The parts of a drawing, added from left to right; words are one level below the deepest tag."""

    def __init__(self, levels: int, *, top: float) -> None:
        self.levels, self.top, self.right = levels, top, 0.0
        self.parts: list[str] = []

    def height(self, level: float | int) -> float:
        """The middle of a level."""
        return self.top + _ROW * (level + 0.5)

    def lay_out(self, node: Node, level: int, left: float) -> float:
        """Draws a subtree, not left of `left`; returns the middle of its root."""
        label = printable(node.label) if node.label else ""
        needed = _SIZE * ems(label)
        if node.word is not None:
            word = printable(node.word)
            needed = max(needed, _SIZE * ems(word))
            middle = left + needed / 2
            self._line(middle, level if label else level - 0.55, middle, self.levels, fill="#b8c4d6")
            self._text(word, middle, self.levels, fill="#000000")
        else:
            middle = self._lay_out_children(node, level, left, needed)
        self._text(label, middle, level, fill="#666666" if node.word is not None else "#0b3c7d")
        self.right = max(self.right, middle + needed / 2)
        return middle

    def _lay_out_children(self, node: Node, level: int, left: float, needed: float) -> float:
        """Draws the children and the lines to them; returns the middle between the outermost."""
        drawn, right = len(self.parts), self.right
        middles = self._beside(node.children, level + 1, left)
        short = left + needed / 2 - (middles[0] + middles[-1]) / 2
        # The label is wider than its children: they are drawn again, shifted below the middle of the label.
        if short > 0.01:
            del self.parts[drawn:]
            self.right = right
            middles = self._beside(node.children, level + 1, left + short)
        middle = (middles[0] + middles[-1]) / 2
        for child_middle in middles:
            self._line(middle, level, child_middle, level + 1, fill="#5b7fb3")
        return middle

    def _beside(self, nodes: Sequence[Node], level: int, left: float) -> list[float]:
        """Draws neighbours from left to right; returns their middles."""
        middles: list[float] = []
        for node in nodes:
            middles.append(self.lay_out(node, level, left))
            left = self.right + _APART
        return middles

    def _line(self, x1: float, level: float | int, x2: float, below: int, *, fill: str) -> None:
        ends = f'x1="{x1:.1f}" y1="{self.height(level) + 8:.1f}" x2="{x2:.1f}" y2="{self.height(below) - 9:.1f}"'
        self.parts.append(f'<line {ends} stroke="{fill}"/>')

    def _text(self, text: str, x: float, level: int, *, fill: str) -> None:
        position = f'x="{x:.1f}" y="{self.height(level) + 4.5:.1f}"'
        self.parts.append(f'<text {position} text-anchor="middle" fill="{fill}">{escape(isolated(text))}</text>')
