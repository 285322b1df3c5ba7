"""`predict` takes a picture, a folder, a table or a list of names, and says which line names none."""

import io

import pytest

from heedful.data.image import picture_paths
from heedful.errors import UserError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    for name in ("b.jpg", "a.png", ".hidden.png"):
        (tmp_path / "pictures" / name).write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    return tmp_path


def names(file, **options):
    return [path.name for path in picture_paths(str(file), **options)]


def test_a_picture_and_a_folder(folder):
    assert names(folder / "pictures" / "b.jpg") == ["b.jpg"]
    assert names(folder / "pictures") == ["a.png", "b.jpg"]
    # A pointer of git-LFS is text, and no list of names: whoever reads it says what it is.
    (folder / "c.jpg").write_text("version https://git-lfs.example/spec/v1\n")
    assert names(folder / "c.jpg") == ["c.jpg"]
    (folder / "unknown").write_bytes(b"\x00\x01")
    assert names(folder / "unknown") == ["unknown"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "image,caption\nb.jpg,a dog\na.PNG,a cat\n"),
        ("one.csv", "image\nb.jpg\na.png\n"),
        ("t.tsv", "id\timage\n1\tb.jpg\n2\ta.png\n"),
        ("t.jsonl", '{"image": "b.jpg"}\n{"image": "a.png", "caption": "x"}\n'),
        ("list.txt", "b.jpg\n\n a.png \n"),
    ],
)
def test_a_table_and_a_list(folder, name, text):
    path = folder / name
    path.write_text(text)
    assert names(path, pictures=folder / "pictures") == ["b.jpg", "a.png"]


def test_standard_input_is_a_list(folder, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"pictures/b.jpg\n")))
    monkeypatch.chdir(folder)
    assert names("-") == ["b.jpg"]


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("list.txt", "b.jpg\nc.jpg\n", r"list\.txt:2: there is no picture 'c\.jpg'.*did you mean"),
        ("t.csv", "image,caption\nb.jpg,x\nzz.jpg,x\n", r"t\.csv:3: there is no picture 'zz\.jpg'"),
        ("t.csv", "picture,caption\nb.jpg,x\n", r"t\.csv:1: expected the columns 'image'"),
        ("t.jsonl", '{"picture": "b.jpg"}\n', r"t\.jsonl:1: there is no picture ''"),
    ],
)
def test_a_name_without_a_picture_is_named_with_its_line(folder, name, text, named):
    (folder / "pictures" / name).write_text(text)
    with pytest.raises(UserError, match=named):
        names(folder / "pictures" / name)


def test_a_missing_file_is_named(folder):
    with pytest.raises(UserError, match=r"gone\.txt: there is no such file"):
        names(folder / "gone.txt")
