"""Trees to symbols and back: the paper's example, the identity over random trees, and what is no tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.tree import Lineariser, Tree, read_brackets
from heedful.errors import UserError

LABEL = st.sampled_from(["S", "NP", "VP", "PP-TMP", "-X-", "X|Y"])
TAG = st.sampled_from(["NN", "VB", ",", ".", "``", "''", ":", "-LRB-", "PRP$", "XX"])
WORD = st.one_of(
    st.sampled_from(["(", ")", "词", "XX", ",", "a/b", "-", "NP"]), st.text("abcXé-", min_size=1, max_size=5)
)
LEAF = st.builds(lambda tag, word: Tree(tag, word=word), TAG, WORD)


def node(label: str, parts: list[Tree]) -> Tree:
    return Tree(label, tuple(parts))


NODE = st.recursive(
    LEAF, lambda part: st.builds(node, LABEL, st.lists(part, min_size=1, max_size=4)), max_leaves=30
)  # fmt: skip
TREE = st.builds(node, LABEL, st.lists(NODE, min_size=1, max_size=4))


def tree(text: str) -> Tree:
    ((found, _),) = read_brackets([text], "here")
    return found


def test_the_paper_s_example() -> None:
    """Figure 2 of the paper, with tags and without; punctuation keeps its own."""
    john = tree("(S (NP (NNP John)) (VP (VBZ has) (NP (DT a) (NN dog))) (. .))")
    assert " ".join(Lineariser(None).symbols(john)) == "(S (NP NNP )NP (VP VBZ (NP DT NN )NP )VP . )S"
    assert " ".join(Lineariser().symbols(john)) == "(S (NP XX )NP (VP XX (NP XX XX )NP )VP . )S"
    assert Lineariser(frozenset()).symbols(john)[-2] == "XX"


@given(TREE)
def test_symbols_and_words_give_the_tree_back(one: Tree) -> None:
    everything, masked = Lineariser(None), Lineariser()
    assert everything.tree(everything.symbols(one), one.words) == one
    assert masked.tree(masked.symbols(one), one.words) == masked.with_symbol_tags(one)
    assert masked.with_symbol_tags(one).words == one.words
    assert masked.symbols(masked.with_symbol_tags(one)) == masked.symbols(one)


@given(TREE)
def test_brackets_read_give_the_tree_back(one: Tree) -> None:
    assert tree(str(one)) == one


@given(TREE)
def test_there_is_one_symbol_a_word_and_two_a_constituent(one: Tree) -> None:
    inner = [node for node in one.nodes() if node.word is None]
    assert len(Lineariser().symbols(one)) == len(one.words) + 2 * len(inner)
    assert len(one.leaves) == len(one.words)


@pytest.mark.parametrize(
    ("symbols", "word"),
    [
        ("(S XX XX )S", "symbol 3, 'XX', has no word: there are only 1"),
        ("(S (NP XX )S )NP", r"symbol 4, '\)S', closes \(NP"),
        ("(S )S", "closes an empty constituent"),
        ("(S XX )S )S", "not open"),
        ("(S (NP XX )NP", r"\(S is not closed"),
        ("(S (NP )NP XX )S", "symbol 3"),
        ("XX (S )S", "symbol 3"),
        ("", "the word 'a' has no symbol"),
    ],
)
def test_what_is_no_tree_is_refused(symbols: str, word: str) -> None:
    with pytest.raises(UserError, match=word):
        Lineariser().tree(symbols.split(), ["a"])


def test_two_trees_are_not_one() -> None:
    with pytest.raises(UserError, match="expected one tree, found 2"):
        Lineariser().tree(["(S", "XX", ")S", "(S", "XX", ")S"], ["a", "b"])


def test_a_node_has_children_or_a_word() -> None:
    for wrong in ({}, {"children": (Tree("NN", word="a"),), "word": "b"}):
        with pytest.raises(ValueError, match="needs either children or a word"):
            Tree("X", **wrong)
