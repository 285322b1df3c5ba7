"""Pairs with labels: what is read from each format, and what a batch holds."""

import io
import json
import sys
from pathlib import Path

import pytest
import torch

from heedful.data.matched import (
    INPUT_COLUMNS,
    Match,
    MatchExample,
    collate_matches,
    iterate_matches,
    match_lengths,
    read_matches,
)
from heedful.errors import UserError
from heedful.shapes import PAD

EXAMPLES = [MatchExample([5, 6, 7], [8], 1.0, (0.5, 2.0)), MatchExample([9], [4, 4], 0.0, (0.25, 3.0))]


@pytest.mark.parametrize("kind", ["a.tsv", "a.csv", "a.jsonl", "bare.tsv", "bare.csv"])
def test_all_formats_agree(tmp_path, kind):
    names, rows = ("left", "right", "label", "group"), [("who?", "me", "1", "q1"), ("who?", "you", "0", "q1")]
    if kind.endswith(".jsonl"):
        lines = [json.dumps(dict(zip(names, row, strict=True)) | {"label": int(row[2])}) for row in rows]
    else:
        separator = "," if kind.endswith(".csv") else "\t"
        lines = [separator.join(row) for row in ([] if kind.startswith("bare") else [names]) + rows]
    path = tmp_path / kind
    path.write_text("\n".join(lines) + "\n")
    first = 1 if kind.endswith(".jsonl") or kind.startswith("bare") else 2
    assert read_matches(path) == [Match(*row, f"{path}:{first + i}") for i, row in enumerate(rows)]


def test_without_a_group_the_left_text_groups(tmp_path):
    (tmp_path / "a.tsv").write_text("who?\tme\t1\nwho?\t\t0\n")
    found = read_matches(tmp_path / "a.tsv")
    assert [one.group for one in found] == ["who?", "who?"]
    assert [one.is_empty for one in found] == [False, True]


def test_pairs_to_answer_need_no_label(tmp_path):
    (tmp_path / "a.tsv").write_text("who?\tme\n")
    (tmp_path / "b.jsonl").write_text('{"left": "who?", "right": "me", "group": 3}\n')
    assert [(one.label, one.group) for one in read_matches(tmp_path / "a.tsv", INPUT_COLUMNS)] == [("", "who?")]
    assert [(one.label, one.group) for one in read_matches(tmp_path / "b.jsonl", INPUT_COLUMNS)] == [("", "3")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\tb\t1\na\tb\t \n", "a:2: this pair has no label"),
        ("left\tright\tlabel\n", "a: the file is empty .*'left', 'right' and 'label'"),
        ("a\tb\n", "a:1: expected 3 columns, found 2"),
    ],
)
def test_bad_files(tmp_path, content, words):
    (tmp_path / "a").write_text(content)
    with pytest.raises(UserError, match=words):
        read_matches(tmp_path / "a")


def test_a_batch_is_padded_and_labelled():
    batch = collate_matches(EXAMPLES, [1, 0])
    assert batch.left.tolist() == [[9, PAD, PAD], [5, 6, 7]]
    assert batch.right.tolist() == [[4, 4], [8, PAD]]
    assert (batch.left_lengths.tolist(), batch.right_lengths.tolist()) == ([1, 3], [2, 1])
    assert (batch.labels.tolist(), batch.features.tolist()) == ([0.0, 1.0], [[0.25, 3.0], [0.5, 2.0]])
    assert (batch.rows, batch.tokens_total) == ([1, 0], 2)
    assert match_lengths(EXAMPLES) == [(3, 1), (1, 2)]


def test_a_rank_without_a_row_takes_part_and_counts_nothing():
    batch = collate_matches(EXAMPLES, [], all_rows=[1])
    assert batch.left.shape[0] == 1
    assert (batch.labels.shape, batch.rows, batch.tokens_total) == ((0,), [], 1)


def test_labels_of_all_or_none():
    assert collate_matches([MatchExample([4], [5])]).labels.shape == (0,)
    with pytest.raises(ValueError, match="1 of 2 pairs"):
        collate_matches([EXAMPLES[0], MatchExample([4], [5], None, (0.0, 0.0))])
    with pytest.raises(ValueError, match="at least one row"):
        collate_matches(EXAMPLES, [])


def test_a_batch_goes_to_another_device():
    moved = collate_matches(EXAMPLES).to("meta")
    assert moved.left.device == moved.labels.device == torch.device("meta")


@pytest.mark.parametrize("label", [lambda number: number % 2, lambda number: number / 7])
def test_a_header_with_unknown_names_is_no_pair(tmp_path, label):
    path, rows = tmp_path / "a.tsv", "".join(f"a {number}\tb\t{label(number)}\n" for number in range(12))
    path.write_text(f"question1\tquestion2\tis_duplicate\n{rows}")
    with pytest.raises(
        UserError, match=r"a\.tsv:1: the first line, 'question1', 'question2', 'is_duplicate', looks like"
    ):
        read_matches(path)
    path.write_text(rows)
    assert len(read_matches(path)) == 12


def test_each_line_to_answer_is_a_pair(tmp_path, monkeypatch):
    content = "who?\tme\n\n \t \nwho?\tyou\n"
    (tmp_path / "a.tsv").write_text(content)
    expected = [("who?", "me"), ("", ""), ("", ""), ("who?", "you")]
    assert [(one.left, one.right) for one in iterate_matches(tmp_path / "a.tsv", INPUT_COLUMNS)] == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    assert [(one.left, one.right) for one in iterate_matches(Path("-"), INPUT_COLUMNS)] == expected
    (tmp_path / "a.jsonl").write_text('{"left": "who?", "right": "me"}\n\n')
    assert len(list(iterate_matches(tmp_path / "a.jsonl", INPUT_COLUMNS))) == 2
    (tmp_path / "b.tsv").write_text("who?\tme\t1\n\nwho?\tyou\t0\n")
    assert [one.label for one in read_matches(tmp_path / "b.tsv")] == ["1", "0"], "no example"
