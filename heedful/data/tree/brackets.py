"""The reader of bracketed trees: one tree over many lines, several trees a line, and a place for every fault."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from heedful.data.tree.value import Tree, unescape
from heedful.errors import UserError

DEEPEST = 250
"""Brackets open at once that the reader takes; the deepest sentence of the Penn Treebank has about 50."""

_TOKEN = re.compile(r"[()]|[^()\s]+")
_EXAMPLE = "expected such as (S (NP (NNP John)) (VP (VBZ runs)))"


def read_brackets(lines: Iterable[str], name: str, *, first: int = 1) -> Iterator[tuple[Tree, int]]:
    """The trees of bracketed text, each with the line that it begins in; `first` is the number of the first line.

    An outermost bracket without label, as the Penn Treebank has it, gets the label "". A leaf is a tag and a word.
    -LRB- and -RRB- become the brackets they stand for, where they are words.
    Raises: UserError with file:line of the tree's beginning, naming the line of the fault: brackets that do not close
        or were not opened, a constituent without content, without label, or with words that have no tags.
    """
    reader = _Reader(name)
    number = first - 1
    for number, line in enumerate(lines, start=first):
        for found in _TOKEN.finditer(line):
            tree = reader.take(found[0], number)
            if tree is not None:
                yield tree, reader.began
    if reader.open:
        reader.fail(f"{len(reader.open)} of its brackets are still open where the file ends", number)


@dataclass
class _Open:
    """A bracket that is not closed yet: the line it began in, its label, and what it holds so far."""

    line: int
    label: str | None = None
    word: str | None = None
    children: list[Tree] = field(default_factory=list[Tree])


class _Reader:
    """What stands open between two tokens."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = 0
        self.open: list[_Open] = []

    def take(self, token: str, line: int) -> Tree | None:
        """One token; the tree that it ends, if it ends one."""
        if token == "(":
            self._begin(line)
            return None
        if not self.open:
            what = "a bracket closes that was never opened" if token == ")" else f"{token!r} stands outside a bracket"
            raise UserError(what, where=f"{self.name}:{line}", hint=_EXAMPLE)
        if token == ")":
            return self._end(line)
        self._say(token, line)
        return None

    def fail(self, message: str, line: int, hint: str = _EXAMPLE) -> None:
        """Refuse the tree: where it began, and what is wrong in which line.

        Raises: UserError, always.
        """
        place = f"{self.name}:{self.began}"
        raise UserError(f"in the tree that begins here, line {line}: {message}", where=place, hint=hint)

    def _begin(self, line: int) -> None:
        if not self.open:
            self.began = line
        elif self.open[-1].word is not None:
            self.fail(f"a bracket opens after the word {self.open[-1].word!r}, which shares its own with nothing", line)
        elif self.open[-1].label is None:
            if len(self.open) > 1:
                self._unlabelled(self.open[-1].line)
            self.open[-1].label = ""
        if len(self.open) == DEEPEST:
            self.fail(f"more than {DEEPEST} brackets are open", line, "are some not closed?")
        self.open.append(_Open(line))

    def _say(self, token: str, line: int) -> None:
        top = self.open[-1]
        if top.label is None:
            top.label = token
        elif top.children:
            self.fail(f"the word {token!r} has no tag", line, f"give it one: (TAG {token})")
        elif top.word is not None:
            self.fail(
                f"the words {top.word!r} and {token!r} share one bracket", line, f"give each a tag: (TAG {token})"
            )
        else:
            top.word = unescape(token)

    def _end(self, line: int) -> Tree | None:
        top = self.open.pop()
        if top.label is None:
            self.fail("a pair of brackets is empty", line)
        if top.word is None and not top.children:
            self.fail(f"{top.label!r} has neither a word nor children", line)
        tree = Tree(top.label or "", tuple(top.children), top.word)
        if not self.open:
            return tree
        self.open[-1].children.append(tree)
        return None

    def _unlabelled(self, line: int) -> None:
        self.fail("a bracket inside the tree has no label", line, "was the tree before it closed?")
