"""Which column is which, and a complaint with file and line for every bad row."""

import pytest

from heedful.data.pairs import COLUMNS
from heedful.data.table import Columns, csv_rows, jsonl_rows, read_rows, tsv_rows
from heedful.errors import UserError

LABELLED = Columns(("left", "right", "label"), ("group",), scalars=("label", "group"))


def rows(reader, path, content, columns=COLUMNS):
    path.write_text(content, encoding="utf-8")
    return [(*row.cells, row.line) for row in reader(path, columns)]


@pytest.mark.parametrize("header", ["", "source\ttarget\n", "Source\tTARGET\n"])
def test_tsv_with_and_without_header(tmp_path, header):
    found = rows(tsv_rows, tmp_path / "a", header + 'ein "x\tone\n\nzwei\ttwo\n')
    first = 1 + bool(header)
    assert found == [('ein "x', "one", first), ("zwei", "two", first + 2)]


def test_a_header_orders_the_columns(tmp_path):
    found = rows(csv_rows, tmp_path / "a", 'id,target,source\n7,"one, two",eins\n')
    assert found == [("eins", "one, two", 2)]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("source\ttraget", "'traget'.*did you mean 'target'"),
        ("src\ttgt", "found 'src', 'tgt'.*did you mean 'source'"),
        ("id\tsource\ttranslation", "found 'id', 'source', 'translation'"),
        ("sorce\ttagret", "did you mean 'source'"),
    ],
)
def test_wrong_column_names(tmp_path, header, words):
    with pytest.raises(UserError, match=rf"a:1: expected the columns 'source' and 'target'.*{words}"):
        rows(tsv_rows, tmp_path / "a", f"{header}\n1\t2\t3\n")


def test_ordinary_sentences_are_no_header(tmp_path):
    assert rows(tsv_rows, tmp_path / "a", "Sure.\tTarget?\n") == [("Sure.", "Target?", 1)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\tb\nno tab here\n", "a:2: .*no tab in 'no tab here'"),
        ("no tab here\n", "a:1: .*no tab.*or give two files"),
        ("a\tb\tc\n", "a:1: expected 2 columns, found 3.*header line"),
        ("source\ttarget\tid\na\tb\n", "a:2: expected 3 columns, found 2"),
    ],
)
def test_bad_tsv_lines(tmp_path, content, words):
    with pytest.raises(UserError, match=words):
        rows(tsv_rows, tmp_path / "a", content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('a,b\n"c,d\n', "a:2: this is not a row of csv"),
        ('a,b\n"c"x,d\n', "a:2: this is not a row of csv"),
        ("a;b\n", "a:1: .*no comma"),
    ],
)
def test_bad_csv_lines(tmp_path, content, words):
    with pytest.raises(UserError, match=words):
        rows(csv_rows, tmp_path / "a", content)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"source": "a"', "this is not JSON: .*column"),
        ("[" * 100_000, "this is not JSON"),
        ('["a", "b"]', "expected an object"),
        ('{"sorce": "a", "target": "b"}', "found 'sorce', 'target'.*did you mean 'source'"),
        ('{"source": "a", "target": null}', "expected text in 'target', found None"),
        ('{"source": "a", "target": "\\ud800"}', "surrogate"),
        ("{}", "found none"),
    ],
)
def test_bad_jsonl_lines(tmp_path, line, words):
    with pytest.raises(UserError, match=f"a:3: .*{words}"):
        rows(jsonl_rows, tmp_path / "a", f'{{"source": "a", "target": "b"}}\n\n{line}\n')


@pytest.mark.parametrize("header", ["", "left,right,label,group\n", "group,LABEL,left,right\n"])
def test_an_optional_column(tmp_path, header):
    line = "q7,1,a,b\n" if header.startswith("group") else "a,b,1,q7\n"
    assert rows(csv_rows, tmp_path / "a", header + line, LABELLED) == [("a", "b", "1", "q7", 1 + bool(header))]


@pytest.mark.parametrize("header", ["", "label\tleft\tright\n"])
def test_an_optional_column_that_is_not_there(tmp_path, header):
    line = "1\ta\tb\n" if header else "a\tb\t1\n"
    assert rows(tsv_rows, tmp_path / "a", header + line, LABELLED) == [("a", "b", "1", "", 1 + bool(header))]


def test_a_cell_that_is_a_column_by_chance_is_no_header(tmp_path):
    assert rows(tsv_rows, tmp_path / "a", "turn here\tyes\tright\n", LABELLED)[0][2] == "right"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\tb\n", "a:1: expected 3 columns, found 2 .*'left', 'right' and 'label' among them"),
        ("a\tb\t1\tg\tx\n", "a:1: expected 4 columns, found 5 "),
        ("a\tb\t1\tg\na\tb\t1\n", "a:2: expected 4 columns, found 3 "),
        ("alone\n", "a:1: .*no tab .*write left, tab, right, tab, label; or give a .csv or .jsonl"),
        ("lefts\trigth\tlables\n", "a:1: expected the columns 'left', 'right' and 'label'.*did you mean 'left'"),
    ],
)
def test_bad_lines_of_a_wider_table(tmp_path, content, words):
    with pytest.raises(UserError, match=words):
        rows(tsv_rows, tmp_path / "a", content, LABELLED)


def test_json_values_that_may_be_numbers(tmp_path):
    lines = '{"left": "a", "right": "b", "label": 1, "group": 7}\n{"left": "a", "right": "b", "label": true}\n'
    found = rows(jsonl_rows, tmp_path / "a", lines, LABELLED)
    assert found == [("a", "b", "1", "7", 1), ("a", "b", "true", "", 2)]
    with pytest.raises(UserError, match="expected text in 'left', found 3"):
        rows(jsonl_rows, tmp_path / "a", '{"left": 3, "right": "b", "label": 1}\n', LABELLED)


def test_the_suffix_tells_the_format(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n")
    (tmp_path / "a.txt").write_text("a\tb\n")
    assert [next(read_rows(tmp_path / name, COLUMNS)).cells for name in ("a.csv", "a.txt")] == [("a", "b")] * 2
