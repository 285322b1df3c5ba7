"""Parses bracketed trees: over several lines or several per line, with the location of every error."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from heedful.data.tree.value import Tree, unescape
from heedful.errors import UserError

DEEPEST = 250
"""The deepest nesting accepted. The deepest tree of the Penn Treebank has about 50 levels; recursion stays bounded."""

_TOKEN = re.compile(r"[()]|[^()\s]+")
_EXAMPLE = "expected such as (S (NP (NNP John)) (VP (VBZ runs)))"
_OTHER_FORMATS = {
    "[": "trees in square brackets",
    "<": "XML, such as TIGER",
    "#BOS": "the export format of NEGRA",
    "#FORMAT": "the export format of NEGRA",
    "%%": "the export format of NEGRA",
    "#": "CoNLL-U, which holds dependencies",
    "1": "CoNLL-U, which holds dependencies",
    "{": "JSON, which needs a name that ends in .jsonl",
}
"""What the first characters of a file say that holds no trees in round brackets."""


def _outside(token: str) -> str:
    """What is wrong with the first token of a tree that does not open a bracket; names the formats of other tools."""
    if token == ")":
        return "a closing bracket without an opening one"
    format_name = next((name for start, name in _OTHER_FORMATS.items() if token.startswith(start)), None)
    return f"{token!r} is outside all brackets" + (f"; this looks like {format_name}" if format_name else "")


def read_brackets(lines: Iterable[str], name: str, *, first: int = 1) -> Iterator[tuple[Tree, int]]:
    """The trees of bracketed text, each with the number of the line it begins in; `first` is that of the first line.

    An outermost bracket without a label, as in the Penn Treebank, gets the label "". A leaf is a tag and a word. The
    words -LRB- and -RRB- become the brackets they stand for.
    Raises: UserError with file:line of the start of the tree and the line of the error: unbalanced brackets, and a
        constituent without content, without a label, or with a word that has no tag.
    """
    parser = _BracketParser(name)
    number = first - 1
    for number, line in enumerate(lines, start=first):
        for token in _TOKEN.finditer(line):
            tree = parser.feed(token[0], number)
            if tree is not None:
                yield tree, parser.start_line
    if parser.open:
        parser.fail(f"the file ends, with open brackets: {len(parser.open)}", number)


@dataclass
class _OpenBracket:
    """A bracket that is still open: its line, its label, and its content so far."""

    line: int
    label: str | None = None
    word: str | None = None
    children: list[Tree] = field(default_factory=list[Tree])


class _BracketParser:
    """The state between two tokens: the stack of open brackets."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.start_line = 0
        self.open: list[_OpenBracket] = []

    def feed(self, token: str, line: int) -> Tree | None:
        """Processes one token, and returns the tree that it completes, if any."""
        if token == "(":
            self._open_bracket(line)
            return None
        if not self.open:
            raise UserError(_outside(token), where=f"{self.name}:{line}", hint=_EXAMPLE)
        if token == ")":
            return self._close_bracket(line)
        self._add_text(token, line)
        return None

    def fail(self, message: str, line: int, hint: str = _EXAMPLE) -> None:
        """Reports an error in the current tree.

        Raises: UserError, always.
        """
        where = f"{self.name}:{self.start_line}"
        raise UserError(f"in the tree that begins here, line {line}: {message}", where=where, hint=hint)

    def _open_bracket(self, line: int) -> None:
        if not self.open:
            self.start_line = line
        elif self.open[-1].word is not None:
            self.fail(f"a bracket opens after the word {self.open[-1].word!r}, which has to be alone in its own", line)
        elif self.open[-1].label is None:
            # The Penn Treebank wraps each tree in a bracket without a label; inside a tree that is an error.
            if len(self.open) > 1:
                self._unlabelled(self.open[-1].line)
            self.open[-1].label = ""
        if len(self.open) == DEEPEST:
            self.fail(f"more than {DEEPEST} brackets are open", line, "is a closing bracket missing?")
        self.open.append(_OpenBracket(line))

    def _add_text(self, token: str, line: int) -> None:
        top = self.open[-1]
        if top.label is None:
            top.label = token
        elif top.children:
            self.fail(f"the word {token!r} has no tag", line, f"write (TAG {token})")
        elif top.word is not None:
            self.fail(
                f"the words {top.word!r} and {token!r} share one bracket", line, f"give each a tag: (TAG {token})"
            )
        else:
            top.word = unescape(token)

    def _close_bracket(self, line: int) -> Tree | None:
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
        self.fail("a bracket inside the tree has no label", line, "is the tree before it closed?")
