"""Lines come out as they are in the file, and every fault is named with file and line."""

import gzip
import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.text import format_suffix, iterate_lines, read_lines
from heedful.errors import UserError

LINE = st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), max_size=17)


@given(lines=st.lists(LINE, min_size=1, max_size=7), ending=st.sampled_from(["\n", "\r\n"]), zipped=st.booleans())
def test_lines_survive_the_file(tmp_path_factory, lines, ending, zipped):
    path = tmp_path_factory.mktemp("text") / ("a.txt.gz" if zipped else "a.txt")
    content = "".join(f"{line}{ending}" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if zipped else content)
    assert read_lines(path) == [line.removeprefix("\ufeff") for line in lines], "a byte order mark is no text"


def test_only_line_feeds_end_a_line(tmp_path):
    path = tmp_path / "a"
    path.write_text("a\u2028b\x85c\x0bd\x1ce\nf", encoding="utf-8")
    assert read_lines(path) == ["a\u2028b\x85c\x0bd\x1ce", "f"]


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"\xef\xbb\xbfHallo\nWelt\n")
    assert read_lines(path) == ["Hallo", "Welt"]


def test_missing_file_names_its_neighbour(tmp_path):
    (tmp_path / "train.en").write_text("a\n")
    with pytest.raises(UserError, match=r"train\.eb: there is no such file .*did you mean .*train\.en"):
        read_lines(tmp_path / "train.eb")


def test_missing_folder_is_said(tmp_path):
    with pytest.raises(UserError, match="no folder"):
        read_lines(tmp_path / "nowhere" / "train.en")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UserError, match="cannot read"):
        read_lines(tmp_path)


def test_empty_file(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(UserError, match="empty"):
        read_lines(tmp_path / "a")


def test_broken_utf8_names_file_line_and_byte(tmp_path):
    path = tmp_path / "a.de"
    path.write_bytes("gut\nStraße\n".encode() + "Straße".encode("latin-1") + b"\n")
    with pytest.raises(UserError, match=r"a\.de:3: byte 5 of this line, 0xdf after 'Stra', is not UTF-8"):
        read_lines(path)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (gzip.compress(b"hi\n", mtime=0), "gzip"),
        (b"PK\x03\x04\xff", "a zip archive or office file"),
        (b"PK\x03\x04\x14\0\n", "a zip archive or office file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old office"),
        (b"%PDF-1.4\n%\xe2\xe3", "PDF"),
        (b"BZh91AY&SY\xff", "bzip2"),
        (b"name" + bytes(253) + b"ustar\0", "tar archive"),
        (b"\x89PNG\r\n\x1a\n\0\0", r"a picture \(\.png\): expected text in UTF-8"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", r"a picture \(\.jpg\)"),
        (b"RIFF\x24\xff\0\0WAVEfmt ", "a recording"),
        (b"\x7fELF\x02\x01\0\0\0\xff", "binary"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_formats_are_recognised(tmp_path, content, word):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(UserError, match=word):
        read_lines(tmp_path / "a")


@pytest.mark.parametrize("damage", ["cut", "changed", "not gzip"])
def test_damaged_gzip(tmp_path, damage):
    whole = gzip.compress(b"".join(b"line %d\n" % number for number in range(5000)))
    changed = whole[:500] + bytes(byte ^ 255 for byte in whole[500:520]) + whole[520:]
    (tmp_path / "a.gz").write_bytes({"cut": whole[:-100], "changed": changed, "not gzip": b"plain\n"}[damage])
    with pytest.raises(UserError, match=r"a\.gz:\d+: this gzip file is damaged"):
        read_lines(tmp_path / "a.gz")


def test_damage_is_named_at_the_line_after_the_last_good_one(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one\ntwo\n")[:-8] + bytes(8))
    lines = iterate_lines(tmp_path / "a.gz")
    assert [next(lines), next(lines)] == ["one", "two"]
    with pytest.raises(UserError, match=r"a\.gz:3: "):
        next(lines)


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"eins\r\nzwei")))
    assert read_lines("-") == ["eins", "zwei"]


def test_standard_input_may_be_empty_but_not_broken(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert read_lines("-") == []
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n\xff\n")))
    with pytest.raises(UserError, match="standard input:2"):
        read_lines("-")


def test_lines_come_one_by_one(monkeypatch):
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            buffer[:2] = b"a\n"
            return 2

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    assert next(iter(iterate_lines("-"))) == "a"


def test_the_suffix_tells_the_kind(tmp_path):
    names = ("a.tsv", "a.TSV.gz", "a.en", "a.jsonl.GZ", "a")
    assert [format_suffix(tmp_path / name) for name in names] == [".tsv", ".tsv", ".en", ".jsonl", ""]


MIXED = "label,text\nneg,schlecht genug \N{EURO SIGN}\npos,gut\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-16", "utf-32"])
@pytest.mark.parametrize("content", [MIXED, "标签，文本\n坏，很糟糕的一天\n好，今天天气真好\n" * 9])
def test_wide_encodings_are_named_with_and_without_a_mark(tmp_path, encoding, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode(encoding))
    name = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
    with pytest.raises(UserError, match=rf"a\.csv:[12]: .*it looks like {name}: .*iconv -f {name} "):
        read_lines(path)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(content.encode(encoding)))
    with pytest.raises(UserError, match=f"it looks like {name}"):
        read_lines(tmp_path / "b.csv.gz")


def test_a_nul_in_a_text_is_told_with_its_place(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntwo \0 three\n" + b"more\n" * 20)
    with pytest.raises(UserError, match=r"a\.txt:2: byte 5 of this line, after 'two ', is NUL.*tr -d '\\000'"):
        read_lines(path)


def test_marks_of_joined_files_are_no_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffone\r\n\ufefftwo\r\n".encode())
    assert read_lines(path) == ["one", "two"]


@pytest.mark.parametrize("content", [b"one\rtwo\rthree\r", b"one\rtwo"])
def test_lines_that_end_in_cr_alone_are_not_one_line(tmp_path, content):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.txt: the lines of this file end in CR alone.*tr '\\r' '\\n'"):
        read_lines(path)
    path.write_bytes(b"one\r")
    assert read_lines(path) == ["one"]
    path.write_bytes(b"a\rb\nc\n")
    assert read_lines(path) == ["a\rb", "c"], "inside a line it is a character"


@pytest.mark.parametrize("stream", [None])
def test_closed_standard_input_is_told(monkeypatch, stream):
    monkeypatch.setattr(sys, "stdin", stream)
    with pytest.raises(UserError, match="there is no standard input"):
        read_lines("-")


def test_what_the_system_refuses_is_told_with_its_reason(tmp_path, monkeypatch):
    def refused(*arguments, **named):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.txt").write_text("a\n")
    monkeypatch.setattr("pathlib.Path.iterdir", refused)
    with pytest.raises(UserError, match=r"b\.txt: there is no such file"):
        read_lines(tmp_path / "b.txt")
    monkeypatch.setattr("pathlib.Path.open", refused)
    with pytest.raises(UserError, match=r"a\.txt: cannot read this file: Permission denied"):
        read_lines(tmp_path / "a.txt")
