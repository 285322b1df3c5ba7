"""Texts without labels are read from lines, tables and folders alike."""

import pytest

from heedful import UserError
from heedful.data.unlabelled import read_texts


def test_lines_tables_and_folders(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\n two \n")
    (tmp_path / "b.csv").write_text('label,text\n1,"three, four"\n')
    (tmp_path / "c.tsv").write_text("five\tneg\nsix\tpos\n")
    (tmp_path / "d.jsonl").write_text('{"text": "七"}\n')
    folder = tmp_path / "e"
    (folder / "inner").mkdir(parents=True)
    (folder / "1.txt").write_text("eight\nnine")
    (folder / "inner" / "2.txt").write_text("ten")
    (folder / ".hidden").write_text("no")
    paths = [tmp_path / name for name in ("a.txt", "b.csv", "c.tsv", "d.jsonl", "e")]
    assert read_texts(paths) == ["one", "two", "three, four", "five", "six", "七", "eight\nnine", "ten"]


def test_another_column_is_asked_for_by_name(tmp_path):
    (tmp_path / "b.csv").write_text("cat,review\nbook,good\n")
    assert read_texts([tmp_path / "b.csv"], text="review") == ["good"]


def test_no_text_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("\n \n")
    with pytest.raises(UserError, match=r"no text.*|a\.txt"):
        read_texts([tmp_path / "a.txt"])
    with pytest.raises(UserError, match=r"no\.txt"):
        read_texts([tmp_path / "no.txt"])
