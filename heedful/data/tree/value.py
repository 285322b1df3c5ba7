"""A constituency tree as a value."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

_ESCAPES = {"(": "-LRB-", ")": "-RRB-"}
_ESCAPED = {code: bracket for bracket, code in _ESCAPES.items()}


@dataclass(frozen=True, slots=True)
class Tree:
    """A constituent with its children, or a leaf: a word with its part-of-speech tag.

    `label` is the category of a constituent or the tag of a leaf. A leaf has a `word` and no children; any other node
    has at least one child. ``str(tree)`` is one line of brackets, ``(S (NP (NNP John)) (VP (VBZ runs)))``, in which a
    bracket as a word is written -LRB- or -RRB-.
    Raises: ValueError, for a node with neither children nor word, or with both.
    """

    label: str
    children: tuple["Tree", ...] = ()
    word: str | None = None

    def __post_init__(self) -> None:
        if bool(self.children) == (self.word is not None):
            raise ValueError(f"the node {self.label!r} needs either children or a word.")

    @property
    def leaves(self) -> tuple["Tree", ...]:
        """The leaves from left to right; the only leaf of a leaf is itself."""
        return tuple(node for node in self.nodes() if node.word is not None)

    @property
    def words(self) -> tuple[str, ...]:
        """The sentence."""
        return tuple(node.word for node in self.nodes() if node.word is not None)

    @property
    def depth(self) -> int:
        """The largest number of nested constituents; 0 for a leaf."""
        return 0 if self.word is not None else 1 + max(child.depth for child in self.children)

    def nodes(self) -> Iterator["Tree"]:
        """Every node, parents before their children, from left to right."""
        stack: list[Tree] = [self]
        while stack:
            node = stack.pop()
            yield node
            # A stack gives back the last one first.
            stack.extend(reversed(node.children))

    def with_tags(self, tag: Callable[["Tree"], str]) -> "Tree":
        """The same tree with the tag of each leaf replaced by ``tag(leaf)``."""
        if self.word is not None:
            return Tree(tag(self), word=self.word)
        return Tree(self.label, tuple(child.with_tags(tag) for child in self.children))

    def __str__(self) -> str:
        if self.word is not None:
            return f"({escape(self.label)} {escape(self.word)})"
        return f"({escape(self.label)} {' '.join(map(str, self.children))})"


def escape(word: str) -> str:
    """A word as it is written inside brackets."""
    return word.replace("(", _ESCAPES["("]).replace(")", _ESCAPES[")"])


def unescape(word: str) -> str:
    """A word as it is written in text: -LRB- and -RRB- become round brackets."""
    return _ESCAPED.get(word, word)
