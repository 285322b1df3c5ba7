"""Constituency trees: values, bracket files, and linearisation to the symbols that a parser generates."""

from heedful.data.tree.brackets import read_brackets
from heedful.data.tree.clean import clean_tree
from heedful.data.tree.files import ParsedText, read_trees
from heedful.data.tree.linear import Lineariser
from heedful.data.tree.value import Tree
from heedful.deprecation import Renamed, deprecated_attribute

__all__ = ["Lineariser", "ParsedText", "Tree", "clean_tree", "read_brackets", "read_trees"]

_RENAMED = {
    "Linear": Renamed(f"{__name__}:Lineariser", f"{__name__}.Lineariser"),
    "tidy": Renamed(f"{__name__}:clean_tree", f"{__name__}.clean_tree"),
}


def __getattr__(name: str) -> object:
    """Old names, with a warning (PEP 562)."""
    return deprecated_attribute(__name__, name, _RENAMED)
