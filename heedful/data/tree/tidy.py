"""Trees as parsers are trained and scored on: without traces, function tags and the outermost empty bracket."""

import re

from heedful.data.tree.value import Tree

TRACE = "-NONE-"
TOPS = frozenset({"", "TOP", "ROOT", "S1", "VROOT"})
"""Labels that only say that here a tree begins."""

TOP = "TOP"
_EXTRA = re.compile(r"[-=|].*")


def tidy(tree: Tree, *, functions: bool = False) -> Tree | None:
    """The tree without traces, the constituents that they leave empty, and the label that only begins it.

    Without `functions` what follows the category is cut off, NP-SBJ-1 to NP and ADVP|PRT to ADVP. A tree that is a
    single leaf, or several trees in one bracket, stand under the label TOP.
    Returns: None, when there was nothing but traces.
    """
    kept = _without_traces(tree, functions)
    if kept is None:
        return None
    while kept.label in TOPS and len(kept.children) == 1 and kept.children[0].word is None:
        kept = kept.children[0]
    if kept.word is not None:
        return Tree(TOP, (kept,))
    return Tree(TOP, kept.children) if kept.label in TOPS else kept


def category(label: str) -> str:
    """A label without function tags and indices; one that begins with a hyphen, such as -LRB-, is left as it is."""
    return label if label.startswith("-") else _EXTRA.sub("", label) or label


def _without_traces(tree: Tree, functions: bool) -> Tree | None:
    if tree.word is not None:
        return None if tree.label == TRACE else tree
    kept = [child for child in (_without_traces(child, functions) for child in tree.children) if child is not None]
    return Tree(tree.label if functions else category(tree.label), tuple(kept)) if kept else None
