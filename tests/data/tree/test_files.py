"""Trees from files and folders."""

import gzip
import json
from collections.abc import Sequence
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
        ('{"tree": "(S (NN a)"}', "with open brackets"),
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


TABLE = [("text", "tree"), ("a b", FIRST.strip()), ("", "(S (NN c))"), ("d , e", "(S (NN d) (, ,) (NN e))")]


def as_table(rows: Sequence[Sequence[str]], suffix: str) -> bytes:
    """Rows as the suffix names them, compressed where it ends in .gz."""
    if suffix.startswith(".tsv"):
        text = "".join("\t".join(row) + "\n" for row in rows)
    else:
        text = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)
    return gzip.compress(text.encode()) if suffix.endswith(".gz") else text.encode()


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".tsv.gz", ".csv.gz"])
@pytest.mark.parametrize("order", ["named", "turned round", "not named"])
def test_tables_have_their_columns_by_name_or_in_order(tmp_path: Path, suffix: str, order: str) -> None:
    path = tmp_path / f"trees{suffix}"
    rows = [row[::-1] for row in TABLE] if order == "turned round" else TABLE[order == "not named" :]
    path.write_bytes(as_table(rows, suffix))
    assert [(tree.tree.words, tree.where) for tree in read_trees([path])] == [
        (words, f"{path}:{number + len(rows) - 3}")
        for number, words in enumerate([("a", "b"), ("c",), ("d", ",", "e")], start=1)
    ]
    assert read_trees([tmp_path]) == read_trees([path]), "in a folder as alone"


def test_a_tree_of_several_lines_in_csv_is_told_by_the_line_of_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "trees.csv"
    path.write_text('text,tree\n"a b","(S (NN a)\n  (NN b))"\nc,"(S\n (NN c)"\n')
    with pytest.raises(UserError, match="line 5: the file ends, with open brackets: 1") as caught:
        read_trees([path])
    assert caught.value.where == f"{path}:4"


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".tsv.gz", ".csv.gz"])
@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("a", ""), "expected one tree in 'tree', found 0"),
        (("a b", "(S (NN a)) (S (NN b))"), "expected one tree in 'tree', found 2"),
        (("a", "(S (NN a)"), "with open brackets"),
        (("a", "a tree"), "'a' is outside all brackets"),
        (("a c", "(S (NN a) (NN b))"), "different words"),
        (("", "(S (-NONE- *))"), "only traces"),
        (("a", "(S (NN a))", "more"), "expected 2 columns, found 3"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, suffix: str, row: tuple[str, str], said: str) -> None:
    path = tmp_path / f"trees{suffix}"
    path.write_bytes(as_table([TABLE[0], TABLE[1], row], suffix))
    with pytest.raises(UserError, match=said) as caught:
        read_trees([path])
    assert caught.value.where == f"{path}:3"


def test_a_table_with_other_columns_is_told_what_they_should_be(tmp_path: Path) -> None:
    path = tmp_path / "trees.tsv"
    path.write_text("sentence\ttree\na\t(S (NN a))\n")
    with pytest.raises(UserError, match=r"expected the columns 'text' and 'tree', found 'sentence', 'tree'") as caught:
        read_trees([path])
    assert caught.value.where == f"{path}:1"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no trees"):
        read_trees([tmp_path])
    (tmp_path / "a.mrg").write_text("\n")
    with pytest.raises(UserError, match="there is no tree"):
        read_trees([tmp_path])
    with pytest.raises(UserError, match="no such file"):
        read_trees([tmp_path / "b.mrg"])
