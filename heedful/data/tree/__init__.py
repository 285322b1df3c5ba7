"""Constituency trees: their value, bracket files, and the sequence of symbols that a model says a tree in."""

from heedful.data.tree.brackets import read_brackets
from heedful.data.tree.files import ParsedText, read_trees
from heedful.data.tree.linear import Linear
from heedful.data.tree.tidy import tidy
from heedful.data.tree.value import Tree

__all__ = ["Linear", "ParsedText", "Tree", "read_brackets", "read_trees", "tidy"]
