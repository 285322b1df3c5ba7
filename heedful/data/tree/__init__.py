"""Constituency trees: values, bracket files, and linearisation to the symbols that a parser generates."""

import warnings

from heedful.data.tree.brackets import read_brackets
from heedful.data.tree.clean import clean_tree
from heedful.data.tree.files import ParsedText, read_trees
from heedful.data.tree.linear import Lineariser
from heedful.data.tree.value import Tree

__all__ = ["Lineariser", "ParsedText", "Tree", "clean_tree", "read_brackets", "read_trees"]

_RENAMED = {"Linear": "Lineariser", "tidy": "clean_tree"}


def __getattr__(name: str) -> object:
    """Names of the previous release, which warn and lead to the new ones."""
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"{__name__}.{name} is now called {_RENAMED[name]}", DeprecationWarning, stacklevel=2)
    return globals()[_RENAMED[name]]
