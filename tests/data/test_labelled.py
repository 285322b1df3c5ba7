"""Labelled texts: tables and folders give the same, and each fault is told with its place."""

import gzip
import json

import pytest

from heedful.data.labelled import Labelled, read_labelled
from heedful.errors import UserError

ROWS = [("a good film", "pos"), ("a bad, bad film", "neg"), ("质量很好。", "pos")]


def cells(found):
    return [(one.text, one.label) for one in found]


def written(path, content):
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("header", ["", "text\tlabel\n", "Text\tLABEL\n", "id\tlabel\ttext\n"])
def test_a_table_with_and_without_names(tmp_path, header):
    if header.startswith("id"):
        lines = [f"{place}\t{label}\t{text}\n" for place, (text, label) in enumerate(ROWS)]
    else:
        lines = [f"{text}\t{label}\n" for text, label in ROWS]
    found = read_labelled([written(tmp_path / "a.tsv", header + "".join(lines))])
    assert cells(found) == ROWS
    assert [one.where for one in found] == [f"{tmp_path / 'a.tsv'}:{number + bool(header)}" for number in (1, 2, 3)]


def test_every_format_gives_the_same(tmp_path):
    csv = "".join(f'"{text}",{label}\n' for text, label in ROWS)
    lines = "".join(json.dumps({"text": text, "label": label, "more": 1}) + "\n" for text, label in ROWS)
    written(tmp_path / "a.csv", csv)
    written(tmp_path / "a.jsonl", lines)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(csv.encode()))
    for name in ("a.csv", "a.jsonl", "a.csv.gz"):
        assert cells(read_labelled([tmp_path / name])) == ROWS
    assert len(read_labelled([tmp_path / "a.csv", tmp_path / "a.jsonl"])) == 6, "one file after the other"


def test_labels_that_are_numbers_are_the_same_in_json_and_elsewhere(tmp_path):
    numbers = written(tmp_path / "a.jsonl", '{"text": "x", "label": 1}\n{"text": "y", "label": true}\n')
    assert cells(read_labelled([numbers, written(tmp_path / "a.tsv", "x\t1\n")])) == [
        ("x", "1"),
        ("y", "true"),
        ("x", "1"),
    ]


def test_columns_by_the_names_that_the_user_gives(tmp_path):
    for name in ("Review", "review"):
        table = written(tmp_path / "a.csv", f"sentiment,{name.upper()}\n1,fine\n")
        assert cells(read_labelled([table], text=name, label="Sentiment")) == [("fine", "1")]


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz"])
def test_a_folder_a_label_with_a_text_a_file(tmp_path, suffix):
    for number, (text, label) in enumerate(ROWS):
        (tmp_path / label).mkdir(exist_ok=True)
        raw = f"\ufeff{text}\r\nmore of it\n\n".encode()
        (tmp_path / label / f"{number}{suffix}").write_bytes(gzip.compress(raw) if suffix.endswith("gz") else raw)
        (tmp_path / label / ".hidden").write_text("x")
    found = read_labelled([tmp_path])
    assert sorted(cells(found)) == sorted((f"{text}\nmore of it", label) for text, label in ROWS)
    assert found[0].where == str(tmp_path / "neg" / f"1{suffix}")


def test_a_file_a_label_with_a_text_a_line(tmp_path):
    written(tmp_path / "neg.txt", "bad\n\n worse \n")
    (tmp_path / "pos.txt.gz").write_bytes(gzip.compress("好\n".encode()))
    found = read_labelled([tmp_path])
    assert found == [
        Labelled("bad", "neg", f"{tmp_path / 'neg.txt'}:1"),
        Labelled("worse", "neg", f"{tmp_path / 'neg.txt'}:3"),
        Labelled("好", "pos", f"{tmp_path / 'pos.txt.gz'}:1"),
    ]


def test_files_that_only_their_suffixes_tell_apart_stay_apart(tmp_path):
    for name in ("rt-polarity.pos", "rt-polarity.neg", "talk.politics.txt", "talk.religion.txt"):
        written(tmp_path / name, "x\n")
    labels = [one.label for one in read_labelled([tmp_path])]
    assert labels == ["rt-polarity.neg", "rt-polarity.pos", "talk.politics", "talk.religion"]


def test_an_empty_text_stays_in(tmp_path):
    assert cells(read_labelled([written(tmp_path / "a.tsv", "x\t1\n\t2\n")])) == [("x", "1"), ("", "2")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.tsv", "x\tpos\ny\t \n", r"a\.tsv:2: the label is empty.*give every text a label"),
        ("a.tsv", "x\tpos\ny\n", r"a\.tsv:2: .*no tab in 'y'"),
        ("a.tsv", "", r"a\.tsv: it holds no text.*expected a \.tsv"),
        ("a.tsv", "sentence\tlabel\nx\t1\n", r"a\.tsv:1: .*found 'sentence', 'label'.*data\.text_column=NAME"),
        ("a.tsv", "text\tclass\nx\t1\n", r"a\.tsv:1: .*found 'text', 'class'.*data\.label_column=NAME"),
        ("a.tsv", "x\t1\ty\n", r"a\.tsv:1: expected 2 columns, found 3"),
        ("a.csv", 'x,1\n"y,2\n', r"a\.csv:2: this is not a row of csv"),
        ("a.jsonl", '{"text": "x", "label": null}\n', r"a\.jsonl:1: expected text in 'label', found None"),
        ("a.jsonl", '{"text": "x"}\n', r"a\.jsonl:1: .*'text' and 'label', found 'text'"),
    ],
)
def test_a_table_that_is_wrong_is_told_with_its_line(tmp_path, name, content, words):
    with pytest.raises(UserError, match=words):
        read_labelled([written(tmp_path / name, content)])


def test_a_folder_that_is_wrong_is_told_with_its_place(tmp_path):
    with pytest.raises(UserError, match=r"this folder is empty.*one folder per label"):
        read_labelled([tmp_path])
    with pytest.raises(UserError, match="no such file"):
        read_labelled([tmp_path / "nothing.tsv"])
    (tmp_path / "pos" / "deeper").mkdir(parents=True)
    with pytest.raises(
        UserError, match=r"deeper: there is a folder in the folder of the label 'pos'.*folder/label/file"
    ):
        read_labelled([tmp_path])
    (tmp_path / "pos" / "deeper").rmdir()
    with pytest.raises(UserError, match="it holds no text"):
        read_labelled([tmp_path])
    (tmp_path / "pos" / "latin.txt").write_bytes(b"fine\ncaf\xe9\n")
    with pytest.raises(UserError, match=r"latin\.txt:2: .*not UTF-8"):
        read_labelled([tmp_path])


def test_a_file_beside_folders_is_no_label(tmp_path):
    for label in ("neg", "pos"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.txt").write_text("a\n")
    assert len(read_labelled([tmp_path])) == 2
    (tmp_path / "README").write_text("What this is.\n")
    with pytest.raises(UserError, match=r"there is a file beside the folders of labels: 'README'.*move it away"):
        read_labelled([tmp_path])


def test_tables_in_a_folder_are_no_labels(tmp_path):
    written(tmp_path / "train.tsv", "x\t1\n")
    with pytest.raises(UserError, match=r"train\.tsv: there is a table in a folder.*pass the table itself"):
        read_labelled([tmp_path])


def test_columns_that_have_been_named_are_not_guessed(tmp_path):
    (tmp_path / "a.tsv").write_text("fine\tpos\nbad\tneg\n")
    assert [one.label for one in read_labelled([tmp_path / "a.tsv"])] == ["pos", "neg"]
    with pytest.raises(UserError, match=r"a\.tsv:1: expected the columns 'review' and 'label', found 'fine', 'pos'"):
        read_labelled([tmp_path / "a.tsv"], text="review")


ROWS_OF_TWO = "".join(f"text {number} is fine\t{'pos' if number % 2 else 'neg'}\n" for number in range(12))


@pytest.mark.parametrize("header", ["sentence\tsentiment", "Review text\tstars", "comment\tanswer"])
def test_a_header_with_unknown_names_is_no_text(tmp_path, header):
    path = written(tmp_path / "a.tsv", f"{header}\n{ROWS_OF_TWO}")
    with pytest.raises(
        UserError, match=r"a\.tsv:1: the first line, .*looks like a header.*--set data\.text_column=NAME"
    ):
        read_labelled([path])
    assert len(read_labelled([written(path, f"text\tlabel\n{header}\n{ROWS_OF_TWO}")])) == 13, "what the hint says"
    text, label = header.split("\t")
    assert len(read_labelled([written(path, f"{header}\n{ROWS_OF_TWO}")], text=text, label=label)) == 12


@pytest.mark.parametrize("row", ["good\tpos", "so very good\trare", "4 stars\tother", "one\ttwo\n\nfew\trows"])
def test_an_ordinary_first_row_is_a_text(tmp_path, row):
    rest = "" if "few" in row else ROWS_OF_TWO
    assert read_labelled([written(tmp_path / "a.tsv", f"{row}\n{rest}")])[0].text == row.split("\t")[0]


def test_a_label_has_one_line(tmp_path):
    assert cells(read_labelled([written(tmp_path / "a.csv", 'good,"pos\nitive"\n')])) == [("good", "pos itive")]
