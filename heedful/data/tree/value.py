"""A constituency tree as a value."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

_ESCAPES = {"(": "-LRB-", ")": "-RRB-"}
_ESCAPED = {shown: letter for letter, shown in _ESCAPES.items()}


@dataclass(frozen=True, slots=True)
class Tree:
    """A constituent with its children, or a leaf: a word under its part-of-speech tag.

    `label` is the constituent's or the tag; a leaf has a `word` and no children, any other node at least one child.
    ``str(tree)`` is one line of brackets, ``(S (NP (NNP John)) (VP (VBZ runs)))``, in which a word that is a bracket
    is written -LRB- or -RRB-.
    Raises: ValueError, for a node with neither children nor word, or with both.
    """

    label: str
    children: tuple["Tree", ...] = ()
    word: str | None = None

    def __post_init__(self) -> None:
        if bool(self.children) == (self.word is not None):
            raise ValueError(f"the node {self.label!r} needs children or a word, and not both.")

    @property
    def leaves(self) -> tuple["Tree", ...]:
        """The leaves from left to right; a leaf's is itself."""
        return tuple(node for node in self.nodes() if node.word is not None)

    @property
    def words(self) -> tuple[str, ...]:
        """The sentence."""
        return tuple(node.word for node in self.nodes() if node.word is not None)

    @property
    def depth(self) -> int:
        """How many constituents stand one in another at most; 0 for a leaf."""
        return 0 if self.word is not None else 1 + max(child.depth for child in self.children)

    def nodes(self) -> Iterator["Tree"]:
        """Every node, parents before their children, from left to right."""
        waiting: list[Tree] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def with_tags(self, tag: Callable[["Tree"], str]) -> "Tree":
        """The same constituents, each leaf's tag replaced by what `tag` says of the leaf."""
        if self.word is not None:
            return Tree(tag(self), word=self.word)
        return Tree(self.label, tuple(child.with_tags(tag) for child in self.children))

    def __str__(self) -> str:
        if self.word is not None:
            return f"({escape(self.label)} {escape(self.word)})"
        return f"({escape(self.label)} {' '.join(map(str, self.children))})"


def escape(word: str) -> str:
    """A word as it stands in brackets."""
    return word.replace("(", _ESCAPES["("]).replace(")", _ESCAPES[")"])


def unescape(word: str) -> str:
    """A word as it stands in text: -LRB- and -RRB- are round brackets."""
    return _ESCAPED.get(word, word)
