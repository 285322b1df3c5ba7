"""Tables of captions and labels are read in every usual form, grouped by picture, and errors name file and line."""

import json
import unicodedata
from pathlib import Path

import pytest

from heedful.data.image import PictureExample, read_captions, read_labelled_pictures
from heedful.errors import UserError


@pytest.fixture
def folder(tmp_path):
    """Files that are there; what they hold is not read with a table."""
    for name in ("a.jpg", "b.jpg", "sub/c d.PNG", unicodedata.normalize("NFD", "café.jpg")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def table(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def captions(path, **options):
    return {found.picture.name: found.captions for found in read_captions([path], **options)}


EXPECTED = {"a.jpg": ("a dog", "the dog runs"), "b.jpg": ("a cat",)}

CAPTION_TABLES = {
    "a.csv": "image,caption\na.jpg,a dog\nb.jpg,a cat\na.jpg,the dog runs\n",
    "b.csv": "caption;number;image\r\na dog;1;a.jpg\r\na cat;2;b.jpg\r\nthe dog runs;3;a.jpg\r\n",
    "c.csv": "\ufeffimage,caption\na.jpg,a dog\n\na.jpg,the dog runs\nb.jpg,a cat",
    "d.tsv": "image\tcaption\na.jpg\ta dog\na.jpg\tthe dog runs\nb.jpg\ta cat\n",
    "e.tsv": "a.jpg\ta dog\na.jpg\tthe dog runs\nb.jpg\ta cat\n",
    "f.jsonl": '{"image": "a.jpg", "captions": ["a dog", "the dog runs"], "split": "train"}\n'
    '{"image": "b.jpg", "caption": "a cat"}\n',
    "Flickr8k.token.txt": "a.jpg#0\ta dog\na.jpg#1\tthe dog runs\nb.jpg#0\ta cat\n",
    "results.token": "a.jpg#0\ta dog\nb.jpg#0\ta cat\n\na.jpg#1\tthe dog runs\n",
    "captions_train.json": json.dumps({
        "info": {},
        "images": [{"id": 7, "file_name": "b.jpg"}, {"id": 3, "file_name": "a.jpg"}],
        "annotations": [
            {"id": 1, "image_id": 3, "caption": "a dog"},
            {"id": 2, "image_id": 7, "caption": "a cat\n"},
            {"id": 3, "image_id": 3, "caption": "the dog runs"},
        ],
    }),
}


@pytest.mark.parametrize("name", CAPTION_TABLES)
def test_captions_are_grouped_by_picture_whatever_the_form(folder, name):
    assert captions(table(folder, name, CAPTION_TABLES[name])) == EXPECTED


def test_a_picture_is_one_example_with_the_line_that_names_it_first(folder):
    path = table(folder, "a.csv", CAPTION_TABLES["a.csv"])
    other = table(folder, "d.tsv", CAPTION_TABLES["d.tsv"])
    found = read_captions([path, other])
    assert [(each.picture, each.where) for each in found] == [
        (folder / "a.jpg", f"{path}:2"),
        (folder / "b.jpg", f"{path}:3"),
    ]
    assert found[0].captions == EXPECTED["a.jpg"] * 2
    assert all(isinstance(each, PictureExample) for each in found)


def test_commas_quotes_and_line_ends_in_a_caption(folder):
    text = 'image,caption\na.jpg,"a ""big"", brown\r\ndog"\nb.jpg,"two\nlines"\n'
    assert captions(table(folder, "a.csv", text)) == {"a.jpg": ('a "big", brown dog',), "b.jpg": ("two lines",)}
    in_json = json.dumps({"image": "a.jpg", "caption": 'a "big", brown\ndog '})
    assert captions(table(folder, "a.jsonl", in_json)) == {"a.jpg": ('a "big", brown dog',)}


def test_names_in_other_spellings_are_one_picture(folder):
    """NFC and NFD, .JPG and .jpg, blanks and folders in names."""
    for first in ("NFC", "NFD"):
        names = [unicodedata.normalize(form, "café.JPG") for form in (first, "NFC", "NFD")]
        text = "image\tcaption\n" + "".join(f"{name}\ta cup\n" for name in names)
        (found,) = read_captions([table(folder, "a.tsv", text)])
        assert found.captions == ("a cup",) * 3
        assert found.picture.exists()
    assert captions(table(folder, "a.tsv", "sub/c d.png\ta bird\n")) == {"c d.PNG": ("a bird",)}


def test_pictures_may_be_in_another_folder_and_columns_have_other_names(folder):
    path = table(folder / "sub", "a.csv", "file_name,comment\na.jpg,a dog\n")
    found = captions(path, image="file_name", caption="comment", pictures=folder)
    assert found == {"a.jpg": ("a dog",)}


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("a.csv", "image,caption\na.jpg,a dog\nb.jpg,\n", r"a\.csv:3: the picture 'b\.jpg' has an empty caption"),
        ("a.csv", "image,caption\na.jpg,a dog\n,a cat\n", r"a\.csv:3: this row names no picture"),
        ("a.csv", "image,caption\na.jpg,a dog, running\n", r"a\.csv:2: expected 2 columns.*in quotes"),
        ("a.csv", 'image,caption\na.jpg,"a dog\n', r"a\.csv:2: .*quote that opens in it is not closed"),
        ("a.csv", "image,captoin\na.jpg,a dog\n", r"a\.csv:1: expected the columns 'image' and 'caption'.*data.image_"),
        ("a.tsv", "image\tcaption\na.jpg\ta dog\nc.jpg\tx\nd.jpg\tx\n", r"a\.tsv:3: .*no picture 'c\.jpg'; 1 more"),
        ("a.tsv", "image\tcaption\na.jpgg\ta dog\n", r"a\.tsv:2: there is no picture 'a\.jpgg'.*did you mean"),
        ("a.tsv", "image\tcaption\nzzzzzzzzzz\ta dog\n", r"a\.tsv:2: .*data\.pictures"),
        ("a.tsv", "image\tcaption\nsub\ta dog\n", r"a\.tsv:2: there is no picture 'sub'"),
        ("a.tsv", "image\tcaption\n", r"a\.tsv: there is no caption"),
        ("a.jsonl", '{"image": "a.jpg"}', r"a\.jsonl:1: the picture 'a\.jpg' has no caption"),
        ("a.jsonl", '{"image": "a.jpg", "captions": []}', r"a\.jsonl:1: the picture 'a\.jpg' has no caption"),
        ("a.jsonl", '{"image": "a.jpg", "captions": "x"}', r"a\.jsonl:1: expected a list in 'captions'"),
        ("a.jsonl", '{"image": "a.jpg", "captions": [3]}', r"a\.jsonl:1: expected text in 'captions', found 3"),
        ("a.jsonl", '{"image": "a.jpg", "captions": ["x", " "]}', r"a\.jsonl:1: .*empty caption"),
        ("a.jsonl", '{"caption": "x"}', r"a\.jsonl:1: this row names no picture"),
        ("a.jsonl", '{"image": 3, "caption": "x"}', r"a\.jsonl:1: expected text in 'image', found 3"),
        ("a.jsonl", '{"image": "a\\u0000.jpg", "caption": "x"}', r"a\.jsonl:1: there is no picture"),
        ("a.jsonl", '{"image": "a.jpg", "caption": "x"', r"a\.jsonl:1: this is not JSON"),
        ("a.token", "a.jpg#0\ta dog\nb.jpg a cat\n", r"a\.token:2: expected photo\.jpg#0, a tab and a caption"),
        ("a.token", "a.jpg#0\t\n", r"a\.token:1: .*empty caption"),
        ("a.json", "[1]", r"a\.json: expected an object"),
        ("a.json", "{", r"a\.json: this is not JSON"),
        ("a.json", '{"images": []}', r"a\.json: there is no list of objects in 'annotations'"),
        ("a.json", '{"images": [{"id": 1}], "annotations": []}', r"image 0 has id 1 and file_name None"),
        (
            "a.json",
            '{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"id": 9, "image_id": 2, "caption": "x"}]}',
            r"a\.json: annotation 9: there is no image with its image_id, 2",
        ),
        (
            "a.json",
            '{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 1}]}',
            r"a\.json: annotation 0: its caption is None",
        ),
        (
            "a.json",
            '{"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}], '
            '"annotations": [{"image_id": 1, "caption": "x"}]}',
            r"a\.json: the image 'b\.jpg' has no caption",
        ),
        (
            "a.json",
            '{"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "b.jpg"}], "annotations": []}',
            r"two images have the id 1",
        ),
    ],
)
def test_what_is_wrong_in_a_table_of_captions_is_named_with_its_line(folder, name, text, named):
    path = table(folder, name, text)
    with pytest.raises(UserError, match=named):
        read_captions([path])


def test_a_missing_table_is_named(folder):
    with pytest.raises(UserError, match=r"zz\.csv: there is no such file"):
        read_captions([folder / "zz.csv"])


# -------------------------------------------------------------------------------------------------------------- labels


def test_labels_boxes_and_parts_are_read_from_every_form(folder):
    forms = {
        "a.csv": 'image,label,left,top,right,bottom,parts\na.jpg,gull,1,2,3.5,4,"{""beak"": [1, 2.5]}"\nb.jpg,tern,,,,,\n',
        "b.tsv": 'image\tleft\ttop\tright\tbottom\tparts\tlabel\na.jpg\t1\t2\t3.5\t4\t{"beak": [1, 2.5]}\tgull\n'
        "b.jpg\t\t\t\t\t\ttern\n",
        "c.jsonl": '{"image": "a.jpg", "label": "gull", "box": [1, 2, 3.5, 4], "parts": {"beak": [1, 2.5]}}\n'
        '{"image": "b.jpg", "label": "tern", "box": null}\n',
    }
    for name, text in forms.items():
        first, second = read_labelled_pictures([table(folder, name, text)])
        assert (first.picture.name, first.label, first.box) == ("a.jpg", "gull", (1.0, 2.0, 3.5, 4.0)), name
        assert dict(first.parts) == {"beak": (1.0, 2.5)}
        assert (second.label, second.box, dict(second.parts)) == ("tern", None, {})
        assert isinstance(first, PictureExample)


def test_labels_alone_and_labels_that_are_numbers(folder):
    assert [each.label for each in read_labelled_pictures([table(folder, "a.csv", "a.jpg,x\nb.jpg,y\n")])] == ["x", "y"]
    path = table(folder, "a.jsonl", '{"image": "a.jpg", "label": 3}\n')
    assert read_labelled_pictures([path])[0].label == "3"


def test_a_folder_of_folders_names_the_labels(tmp_path):
    for name in ("hat/1.jpg", "hat/2.jpg", "shoe/1.jpg", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = read_labelled_pictures([tmp_path])
    assert [(each.picture.name, each.label) for each in found] == [("1.jpg", "hat"), ("2.jpg", "hat"), ("1.jpg", "shoe")]
    assert found[0].where == str(tmp_path / "hat" / "1.jpg")
    (tmp_path / "README.md").write_text("")
    with pytest.raises(UserError, match=r"a file beside the folders of labels: 'README\.md'"):
        read_labelled_pictures([tmp_path])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"image": "a.jpg", "label": ""}', "the label is empty"),
        ('{"image": "a.jpg"}', "the label is empty"),
        ('{"image": "a.jpg", "label": NaN}', "expected text in 'label'"),
        ('{"image": "a.jpg", "label": "x", "box": [3, 2, 1, 4]}', r"the box is \[3, 2, 1, 4\].*left, top, right"),
        ('{"image": "a.jpg", "label": "x", "box": [1, 2, 3]}', "the box is"),
        ('{"image": "a.jpg", "label": "x", "box": [1, 2, NaN, 4]}', "the box is"),
        ('{"image": "a.jpg", "label": "x", "left": 1, "top": 2}', "the box is"),
        ('{"image": "a.jpg", "label": "x", "parts": {"beak": [1]}}', "the parts are"),
        ('{"image": "a.jpg", "label": "x", "parts": "beak"}', "the parts are"),
        ('{"image": "a.jpg", "label": "x", "parts": [1]}', "the parts are"),
        ('{"image": "no.jpg", "label": "x"}', r"no picture 'no\.jpg'"),
    ],
)
def test_what_is_wrong_in_a_table_of_labels_is_named_with_its_line(folder, text, named):
    path = table(folder, "a.jsonl", '{"image": "b.jpg", "label": "x"}\n' + text)
    with pytest.raises(UserError, match=rf"a\.jsonl:2: .*{named}"):
        read_labelled_pictures([path])


def test_a_box_in_a_csv_that_is_no_number_is_named(folder):
    path = table(folder, "a.csv", "image,label,left,top,right,bottom\na.jpg,x,1,2,x,4\n")
    with pytest.raises(UserError, match=r"a\.csv:2: the box is \['1', '2', 'x', '4'\]"):
        read_labelled_pictures([path])


def test_many_names_in_another_spelling_list_a_folder_once(folder, monkeypatch):
    listed = []
    original = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: listed.append(self) or original(self))
    text = "image\tcaption\n" + "a.JPG\tx\nb.JPG\ty\n" * 50
    assert len(captions(table(folder, "a.tsv", text))["a.jpg"]) == 50
    assert len(listed) == 1
