"""Every format gives the same pairs, and two files must go together line by line."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.pairs import Pair, read_pairs
from heedful.errors import UserError

SENTENCE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=11)
PAIRS = st.lists(st.tuples(SENTENCE, SENTENCE), min_size=1, max_size=5)


def write(path: Path, rows) -> Path:
    """Writes pairs in the format that the name says."""
    out = io.StringIO(newline="")
    if ".csv" in path.name:
        csv.writer(out).writerows([("source", "target"), *rows])
    elif ".jsonl" in path.name:
        out.writelines(json.dumps({"source": a, "target": b, "id": 7}) + "\n" for a, b in rows)
    else:
        out.writelines(f"{a}\t{b}\n" for a, b in [("source", "target"), *rows])
    content = out.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@given(rows=PAIRS, kind=st.sampled_from([".tsv", ".csv", ".jsonl", ".txt"]), suffix=st.sampled_from(["", ".gz"]))
def test_all_formats_agree(tmp_path_factory, rows, kind, suffix):
    path = write(tmp_path_factory.mktemp("pairs") / f"a{kind}{suffix}", rows)
    pairs = read_pairs([path])
    assert [(pair.source, pair.target) for pair in pairs] == rows


def test_two_files_line_by_line(tmp_path):
    (tmp_path / "a.en").write_text(" one \ntwo\n\n")
    (tmp_path / "a.zh").write_text("一\n\n三\n", encoding="utf-8")
    pairs = read_pairs([tmp_path / "a.en", tmp_path / "a.zh"])
    where = f"{tmp_path}/a.en"
    assert pairs == [Pair("one", "一", f"{where}:1"), Pair("two", "", f"{where}:2"), Pair("", "三", f"{where}:3")]
    assert [pair.is_empty for pair in pairs] == [False, True, True]


@pytest.mark.parametrize("longer", ["a.en", "a.de"])
def test_unequal_counts_say_where_the_shorter_ends(tmp_path, longer):
    for name in ("a.en", "a.de"):
        (tmp_path / name).write_text("x\ny\nsurplus here\nand there\n" if name == longer else "x\ny\n")
    with pytest.raises(UserError, match=rf"{longer}:3: .*differ in length.* ends at line 2.* 2 more.*'surplus here'"):
        read_pairs([tmp_path / "a.en", tmp_path / "a.de"])


def test_surplus_blank_lines_are_named_as_such(tmp_path):
    (tmp_path / "a").write_text("x\n")
    (tmp_path / "b").write_text("x\n\n\n")
    with pytest.raises(UserError, match="blank: delete them"):
        read_pairs([tmp_path / "a", tmp_path / "b"])


@pytest.mark.parametrize("count", [0, 3])
def test_one_or_two_files(tmp_path, count):
    with pytest.raises(UserError, match=f"one or two files, got {count}"):
        read_pairs([tmp_path / "a"] * count)


def test_a_table_stands_alone(tmp_path):
    path = write(tmp_path / "a.tsv", [("a", "b")])
    with pytest.raises(UserError, match="holds both sides"):
        read_pairs([path, path])


def test_a_header_alone_is_an_empty_file(tmp_path):
    with pytest.raises(UserError, match="empty"):
        read_pairs([write(tmp_path / "a.csv", [])])


def test_line_breaks_inside_a_cell_become_spaces(tmp_path):
    (tmp_path / "a.csv").write_text('"one\ntwo",drei\nfour,vier\n')
    pairs = read_pairs([tmp_path / "a.csv"])
    assert [(pair.source, pair.where.rpartition(":")[2]) for pair in pairs] == [("one two", "1"), ("four", "3")]
