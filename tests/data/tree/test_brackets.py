"""Bracket files: what is a tree, where it begins, and where a fault is."""

from collections.abc import Iterable

import pytest

from heedful.data.tree import Tree, clean_tree, read_brackets
from heedful.data.tree.brackets import DEEPEST
from heedful.data.tree.clean import category
from heedful.errors import UserError

PTB = """
( (S
    (NP-SBJ-1 (NNP Mr.) (NNP Vinken) )
    (VP (VBZ is)
      (S (NP-SBJ (-NONE- *-1) )
        (ADVP|PRT (RB up) ))
      (PRN (-LRB- -LRB-) (NP=2 (NN n\\/a) ) (-RRB- -RRB-) ))
    (. .) ))
( (NP (NN dog) )) (S (VP (VB go)))
""".splitlines()


def one(text: str | Iterable[str]) -> Tree:
    ((found, _),) = read_brackets([text] if isinstance(text, str) else text, "here")
    return found


def test_trees_over_many_lines_and_many_in_a_line() -> None:
    found = list(read_brackets(PTB, "here"))
    assert [line for _, line in found] == [2, 9, 9]
    assert [str(clean_tree(tree)) for tree, _ in found] == [
        "(S (NP (NNP Mr.) (NNP Vinken)) (VP (VBZ is) (S (ADVP (RB up))) "
        "(PRN (-LRB- -LRB-) (NP (NN n\\/a)) (-RRB- -RRB-))) (. .))",
        "(NP (NN dog))",
        "(S (VP (VB go)))",
    ]
    assert found[0][0].words[4:6] == ("up", "(")


def test_function_tags_stay_when_asked() -> None:
    kept = clean_tree(next(read_brackets(PTB, "here"))[0], functions=True)
    assert kept is not None
    labels = [node.label for node in kept.nodes() if node.word is None]
    assert labels == ["S", "NP-SBJ-1", "VP", "S", "ADVP|PRT", "PRN", "NP=2"]


@pytest.mark.parametrize(
    ("label", "plain"),
    [("NP-SBJ-1", "NP"), ("NP=2", "NP"), ("ADVP|PRT", "ADVP"), ("-LRB-", "-LRB-"), ("S", "S"), ("=", "="), ("X-", "X")],
)
def test_a_category_is_what_stands_before_its_tags(label: str, plain: str) -> None:
    assert category(label) == plain


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("(ROOT (S (NN a)))", "(S (NN a))"),
        ("(TOP (ROOT (S1 (S (NN a)))))", "(S (NN a))"),
        ("((S (NN a)))", "(S (NN a))"),
        ("( (S (NN a)) (. .))", "(TOP (S (NN a)) (. .))"),
        ("( (NN a))", "(TOP (NN a))"),
        ("(NN a)", "(TOP (NN a))"),
        ("(S (NP (NP (-NONE- *))) (VP (VB go)))", "(S (VP (VB go)))"),
    ],
)
def test_the_outermost_bracket(text: str, clean: str) -> None:
    assert str(clean_tree(one(text))) == clean


def test_nothing_but_traces_is_nothing() -> None:
    assert clean_tree(one("(S (NP (-NONE- *)) (VP (-NONE- *?*)))")) is None


@pytest.mark.parametrize(
    ("lines", "where", "said"),
    [
        (["(S (NN a)", "(NN b)"], "here:1", "line 2: the file ends, with open brackets: 1"),
        (["(S (NN a))", "(NN b))"], "here:2", "a closing bracket without an opening one"),
        (["(S (NN a))", "dog"], "here:2", "'dog' is outside all brackets"),
        (["[S [NN a]]"], "here:1", "outside all brackets; this looks like trees in square brackets"),
        (["#BOS 1 0 0 0"], "here:1", "the export format of NEGRA"),
        (["1\tthe\tDT"], "here:1", "CoNLL-U, which holds dependencies"),
        (["# text = the"], "here:1", "CoNLL-U"),
        (['<s id="1">'], "here:1", "XML, such as TIGER"),
        (['{"tree": 1}'], "here:1", "JSON, which needs a name that ends in .jsonl"),
        (["(S", "(NP", "))"], "here:1", "line 3: 'NP' has neither a word nor children"),
        (["(S", " ())"], "here:1", "line 2: a pair of brackets is empty"),
        (["()"], "here:1", "line 1: a pair of brackets is empty"),
        (["(S (NP the dog))"], "here:1", "'the' and 'dog' share one bracket"),
        (["(S (NP (DT the) dog))"], "here:1", "the word 'dog' has no tag"),
        (["(S (NP the (NN dog)))"], "here:1", "opens after the word 'the'"),
        (["( (S (NN a)", "( (S (NN b)))"], "here:1", "line 2: a bracket inside the tree has no label"),
        (["(S " * (DEEPEST + 1)], "here:1", f"more than {DEEPEST} brackets"),
    ],
)
def test_a_fault_names_the_tree_s_beginning_and_its_own_line(lines: list[str], where: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        list(read_brackets(lines, "here"))
    assert caught.value.where == where
    assert said in str(caught.value)
