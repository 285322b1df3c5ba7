"""Linearises trees to sequences of symbols and back: ``(S (NP XX )NP (VP XX )VP . )S``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heedful.data.tree.value import Tree
from heedful.errors import UserError

MASK = "XX"
"""The symbol of a word whose tag is not kept."""

PUNCTUATION = frozenset({".", ",", ":", "``", "''"})
"""The punctuation tags of the Penn Treebank, which scoring ignores."""


@dataclass(frozen=True)
class Lineariser:
    """Depth-first linearisation: an opening and a closing symbol per constituent, and one symbol per word.

    A word's symbol is its tag if that is in `kept`, and XX otherwise. The paper replaces all tags but punctuation by
    XX ("(VP XX )VP . )S"); by default the five tags of `PUNCTUATION` are kept. With None every tag is kept, and
    `tree` inverts `symbols`.

    >>> from heedful.data.tree import Tree
    >>> sentence = Tree("S", (Tree("NP", (Tree("NNP", word="John"),)), Tree("VP", (Tree("VBZ", word="runs"),))))
    >>> " ".join(Lineariser().symbols(sentence))
    '(S (NP XX )NP (VP XX )VP )S'

    Source: Vinyals et al. 2015, section 2.2 and 3.2 (arXiv:1412.7449).
    """

    kept: frozenset[str] | None = PUNCTUATION

    def symbols(self, tree: Tree) -> list[str]:
        """The symbols of a tree, without its words."""
        if tree.word is not None:
            return [self.symbol(tree)]
        inside = [symbol for child in tree.children for symbol in self.symbols(child)]
        return [f"({tree.label}", *inside, f"){tree.label}"]

    def symbol(self, leaf: Tree) -> str:
        """The symbol of a word."""
        return leaf.label if self.kept is None or leaf.label in self.kept else MASK

    def with_symbol_tags(self, tree: Tree) -> Tree:
        """The tree that its symbols describe: the same constituents, with tags replaced by symbols."""
        return tree.with_tags(self.symbol)

    def tree(self, symbols: Iterable[str], words: Sequence[str]) -> Tree:
        """The tree of a sequence of symbols and its words. Its tags are the symbols of the words.

        Raises: UserError with the symbol, when brackets do not match or are empty, or the numbers of words and word
            symbols differ.
        """
        # The entry at the bottom takes the finished tree.
        open_: list[tuple[str, list[Tree]]] = [("", [])]
        remaining = iter(words)
        for number, symbol in enumerate(symbols, start=1):
            location = f"symbol {number}, {symbol!r},"
            if is_opening(symbol):
                open_.append((symbol[1:], []))
            elif is_closing(symbol):
                label, children = open_.pop()
                if not open_ or label != symbol[1:] or not children:
                    raise UserError(f"{location} closes {_closed_instead(symbol, label if open_ else None)}")
                open_[-1][1].append(Tree(label, tuple(children)))
            else:
                word = next(remaining, None)
                if word is None:
                    raise UserError(f"{location} has no word: there are only {len(words)}")
                open_[-1][1].append(Tree(symbol, word=word))
        return _root(open_, next(remaining, None))


def _closed_instead(symbol: str, label: str | None) -> str:
    """What a misplaced closing symbol meets: nothing open, another constituent, or its own without content."""
    if not label:
        return "a constituent that is not open"
    return f"({label}" if label != symbol[1:] else "an empty constituent"


def _root(open_: list[tuple[str, list[Tree]]], surplus_word: str | None) -> Tree:
    if len(open_) > 1:
        raise UserError(f"({open_[-1][0]} is not closed")
    if surplus_word is not None:
        raise UserError(f"the word {surplus_word!r} has no symbol")
    if len(open_[0][1]) != 1:
        raise UserError(f"expected one tree, found {len(open_[0][1])}")
    return open_[0][1][0]


def is_opening(symbol: str) -> bool:
    """Whether a symbol opens a constituent."""
    return symbol.startswith("(")


def is_closing(symbol: str) -> bool:
    """Whether a symbol closes a constituent."""
    return symbol.startswith(")")
