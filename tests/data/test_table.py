"""Which column is which, and a complaint with file and line for every bad row."""

import pytest

from heedful.data.table import csv_rows, jsonl_rows, tsv_rows
from heedful.errors import UserError


def rows(reader, path, content):
    path.write_text(content, encoding="utf-8")
    return [tuple(row) for row in reader(path)]


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
        ("a\tb\tc\n", "a:1: expected 2 columns, found 3.*first line"),
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
