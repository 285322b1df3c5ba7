"""Trees from files and folders."""

import gzip
import json
from pathlib import Path

import pytest

from heedful.data.tree import read_trees
from heedful.errors import UserError

FIRST, SECOND = "( (S (NP-SBJ (NN a)) (VP (VB b))))\n", "(S\n  (NN c))\n(S (NN d))\n"


def test_folders_files_and_gzip(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.mrg.gz").write_bytes(gzip.compress(SECOND.encode()))
    (tmp_path / "a.mrg").write_text(FIRST)
    (tmp_path / "README").write_text("not a tree")
    (tmp_path / "other.txt").write_text(FIRST)
    found = read_trees([tmp_path, tmp_path / "other.txt"])
    assert [tree.tree.words for tree in found] == [("a", "b"), ("c",), ("d",), ("a", "b")]
    assert [tree.where.removeprefix(f"{tmp_path}/") for tree in found] == [
        "a.mrg:1", "b/two.mrg.gz:1", "b/two.mrg.gz:3", "other.txt:1",
    ]  # fmt: skip
    assert str(found[0].tree) == "(S (NP (NN a)) (VP (VB b)))"
    assert "NP-SBJ" in str(read_trees([tmp_path / "a.mrg"], functions=True)[0].tree)


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "trees.jsonl"
    rows = [
        {"text": "a b", "tree": FIRST.strip()},
        {"tree": "(S (NN c))"},
        {"text": "do n't (", "tree": "(S (VB do) (RB n't) (-LRB- -LRB-))"},
    ]
    path.write_text("\n\n".join(map(json.dumps, rows)))
    assert [(tree.tree.words, tree.where) for tree in read_trees([path])] == [
        (("a", "b"), f"{path}:1"), (("c",), f"{path}:3"), (("do", "n't", "("), f"{path}:5"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[1]", "the text 'tree'"),
        ('{"tree": 3}', "the text 'tree'"),
        ('{"tree": "(S (NN a)) (S (NN b))"}', "expected one tree in 'tree', found 2"),
        ('{"tree": "(S (NN a)"}', "still open"),
        ('{"text": "a c", "tree": "(S (NN a) (NN b))"}', "different words"),
        ('{"tree": "(S (-NONE- *))"}', "only traces"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "trees.jsonl"
    path.write_text('{"tree": "(S (NN a))"}\n' + line + "\n")
    with pytest.raises(UserError, match=said) as caught:
        read_trees([path])
    assert caught.value.where == f"{path}:2"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no trees"):
        read_trees([tmp_path])
    (tmp_path / "a.mrg").write_text("\n")
    with pytest.raises(UserError, match="there is no tree"):
        read_trees([tmp_path])
    with pytest.raises(UserError, match="no such file"):
        read_trees([tmp_path / "b.mrg"])
