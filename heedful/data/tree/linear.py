"""A tree as a sequence of symbols that a model can say, and back: ``(S (NP XX )NP (VP XX )VP . )S``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heedful.data.tree.value import Tree
from heedful.errors import UserError

MASK = "XX"
"""What stands for a word whose tag is not said."""

PUNCTUATION = frozenset({".", ",", ":", "``", "''"})
"""The tags of the Penn Treebank's punctuation, which scoring leaves out."""


@dataclass(frozen=True)
class Linear:
    """Trees depth first: an opening symbol a constituent, one symbol a word, a closing symbol with the label.

    A word's symbol is its tag where that is in `kept`, and XX otherwise. The paper replaces tags by XX and keeps
    punctuation apart ("(VP XX )VP . )S"); we keep the five tags of `PUNCTUATION`. With None every tag is kept, and
    a tree comes back as it was.
    Source: Vinyals et al. 2015, section 2.2 and 3.2 (arXiv:1412.7449).
    """

    kept: frozenset[str] | None = PUNCTUATION

    def symbols(self, tree: Tree) -> list[str]:
        """The tree's symbols; its words are not among them."""
        if tree.word is not None:
            return [self.symbol(tree)]
        inside = [symbol for child in tree.children for symbol in self.symbols(child)]
        return [f"({tree.label}", *inside, f"){tree.label}"]

    def symbol(self, leaf: Tree) -> str:
        """What is said for a word."""
        return leaf.label if self.kept is None or leaf.label in self.kept else MASK

    def seen(self, tree: Tree) -> Tree:
        """What of a tree its symbols tell: the same constituents, tags replaced by their symbols."""
        return tree.with_tags(self.symbol)

    def tree(self, symbols: Iterable[str], words: Sequence[str]) -> Tree:
        """The tree that symbols and words make; its tags are the words' symbols.

        Raises: UserError, when brackets do not match or hold nothing, or there is not one symbol a word; it quotes
            the symbol.
        """
        open_: list[tuple[str, list[Tree]]] = [("", [])]
        waiting = iter(words)
        for place, symbol in enumerate(symbols, start=1):
            here = f"symbol {place}, {symbol!r},"
            if is_opening(symbol):
                open_.append((symbol[1:], []))
            elif is_closing(symbol):
                label, children = open_.pop()
                if not open_ or label != symbol[1:] or not children:
                    raise UserError(f"{here} closes what is {f'({label}' if open_ and label else 'not open or empty'}")
                open_[-1][1].append(Tree(label, tuple(children)))
            else:
                word = next(waiting, None)
                if word is None:
                    raise UserError(f"{here} has no word: there are only {len(words)}")
                open_[-1][1].append(Tree(symbol, word=word))
        return _root(open_, next(waiting, None))


def _root(open_: list[tuple[str, list[Tree]]], left: str | None) -> Tree:
    if len(open_) > 1:
        raise UserError(f"({open_[-1][0]} is not closed")
    if left is not None:
        raise UserError(f"the word {left!r} has no symbol")
    if len(open_[0][1]) != 1:
        raise UserError(f"expected one tree, found {len(open_[0][1])}")
    return open_[0][1][0]


def is_opening(symbol: str) -> bool:
    """Whether a constituent begins with it."""
    return symbol.startswith("(")


def is_closing(symbol: str) -> bool:
    """Whether a constituent ends with it."""
    return symbol.startswith(")")
