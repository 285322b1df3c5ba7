"""Cleans trees for training and scoring: removes traces, function tags and the outermost empty bracket."""

import re

from heedful.data.tree.value import Tree

TRACE = "-NONE-"
TOPS = frozenset({"", "TOP", "ROOT", "S1", "VROOT"})
"""Labels of a root that is no constituent."""

TOP = "TOP"
_EXTRA = re.compile(r"[-=|].*")


def clean_tree(tree: Tree, *, functions: bool = False) -> Tree | None:
    """The tree without traces, without constituents that these leave empty, and without a root of `TOPS`.

    Unless `functions` is set, labels are reduced to their category: NP-SBJ-1 to NP, ADVP|PRT to ADVP. A single leaf,
    and several trees in one bracket, are put under the label TOP.
    Returns: None, if the tree holds nothing but traces.
    """
    kept = _without_traces(tree, functions)
    if kept is None:
        return None
    # Several of them may be nested, such as "" around TOP. One with several children, or around a single word, is kept
    # as TOP.
    while kept.label in TOPS and len(kept.children) == 1 and kept.children[0].word is None:
        kept = kept.children[0]
    if kept.word is not None:
        return Tree(TOP, (kept,))
    return Tree(TOP, kept.children) if kept.label in TOPS else kept


def category(label: str) -> str:
    """A label without function tags and indices. One that begins with a hyphen, such as -LRB-, is unchanged."""
    return label if label.startswith("-") else _EXTRA.sub("", label) or label


def _without_traces(tree: Tree, functions: bool) -> Tree | None:
    if tree.word is not None:
        return None if tree.label == TRACE else tree
    kept = [child for child in (_without_traces(child, functions) for child in tree.children) if child is not None]
    return Tree(tree.label if functions else category(tree.label), tuple(kept)) if kept else None
