"""The vocabulary of symbols that a parser generates, and which of them are brackets."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from jaxtyping import Bool
from torch import Tensor

from heedful.data.tokenise.base import SPECIAL, Vocabulary
from heedful.data.tree import Lineariser, Tree
from heedful.data.tree.linear import MASK, is_closing, is_opening
from heedful.decode import Brackets

_MOST = 100_000  # more symbols than any treebank has, so that none is left out


class Symbols:
    """The symbols of the training trees; `linear` converts trees to symbols and back."""

    def __init__(self, vocabulary: Vocabulary, linear: Lineariser) -> None:
        self._vocabulary, self.linear = vocabulary, linear
        pieces = vocabulary.pieces
        self._closing = {piece[1:]: index for index, piece in enumerate(pieces) if is_closing(piece)}
        self._opening = {piece[1:]: index for index, piece in enumerate(pieces) if is_opening(piece)}

    @classmethod
    def train(cls, trees: Iterable[Tree], linear: Lineariser) -> "Symbols":
        """All symbols of the trees, the most frequent first, and XX, so that there is a symbol for any word."""
        symbols = [symbol for tree in trees for symbol in linear.symbols(tree)]
        return cls(Vocabulary.build([*symbols, MASK], _MOST, 1), linear)

    @property
    def size(self) -> int:
        """The number of ids."""
        return len(self._vocabulary)

    def ids(self, tree: Tree) -> list[int]:
        """The ids of a tree's symbols; a label that training has not seen becomes UNK."""
        return self._vocabulary.ids(self.linear.symbols(tree))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The symbols of ids."""
        return [self._vocabulary.pieces[index] for index in ids]

    def tree(self, ids: Sequence[int], words: Sequence[str]) -> Tree:
        """The tree of these ids over these words.

        Raises: UserError, when they do not form a tree.
        """
        return self.linear.tree(self.pieces(ids), words)

    @property
    def terminals(self) -> list[int]:
        """The ids of symbols that stand for words."""
        brackets = {*self._opening.values(), *self._closing.values()}
        return [index for index in range(len(SPECIAL), self.size) if index not in brackets]

    def brackets(self) -> Brackets:
        """The ids of brackets and terminals, as constraints for the search."""
        # A label of which only one bracket is known could be opened but never closed.
        labels = [label for label in self._opening if label in self._closing]
        opening, closing = ([table[label] for label in labels] for table in (self._opening, self._closing))
        return Brackets(self.size, opening, closing, self.terminals)

    def advances(self) -> Bool[Tensor, " V"]:
        """Marks the ids after which the next word is current."""
        advances = torch.zeros(self.size, dtype=torch.bool)
        advances[self.terminals] = True
        return advances

    def save(self, folder: Path, name: str) -> None:
        """Writes ``folder/name.vocab.json``."""
        self._vocabulary.save(folder / f"{name}.vocab.json", kind="symbols")

    @classmethod
    def load(cls, folder: Path, name: str, linear: Lineariser) -> "Symbols":
        """Reads what `save` wrote.

        Raises: UserError, when the file is missing or damaged.
        """
        return cls(Vocabulary.load(folder / f"{name}.vocab.json")[0], linear)
