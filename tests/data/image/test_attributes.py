"""Tables of attributes: read, grouped by part, saved and read again; what is wrong is told with its line."""

import pytest

from heedful.data.image.attributes import AttributeTable, load_attributes, read_attributes
from heedful.errors import UserError

LABELS = ("gull", "tern")
TABLE = """label,part,attribute,value
gull,beak,beak is long,0.25
gull,tail,tail is forked,0
gull,beak,beak is red,1
tern,beak,beak is long,0.5
tern,tail,tail is forked,1.0
tern,beak,beak is red,0.75
crow,beak,beak is long,9
"""


def read(tmp_path, text):
    (tmp_path / "attributes.csv").write_text(text, encoding="utf-8")
    return read_attributes(tmp_path / "attributes.csv", LABELS)


def test_attributes_of_a_part_stand_together_and_other_labels_are_left_out(tmp_path):
    table = read(tmp_path, TABLE)
    assert table.attributes == ("beak is long", "beak is red", "tail is forked")
    assert table.by_part == {"beak": [0, 1], "tail": [2]}
    assert table.values == ((0.25, 1.0, 0.0), (0.5, 0.75, 1.0))


def test_a_table_in_json_lines_has_numbers(tmp_path):
    path = tmp_path / "attributes.jsonl"
    path.write_text(
        '{"label": "gull", "part": "beak", "attribute": "long", "value": 0.5}\n'
        '{"label": "tern", "part": "beak", "attribute": "long", "value": 1}\n'
    )
    assert read_attributes(path, LABELS).values == ((0.5,), (1.0,))


def test_what_is_saved_is_read_again(tmp_path):
    table = read(tmp_path, TABLE)
    table.save(tmp_path, "attributes")
    assert load_attributes(tmp_path, "attributes") == table


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("0.25", "25"), r"attributes\.csv:2: the value is '25'.*divide percentages by 100"),
        (("0.25", "often"), r"attributes\.csv:2: the value is 'often'"),
        (("0.25", "nan"), r"attributes\.csv:2: the value is 'nan'"),
        (("gull,tail,tail", "gull,,tail"), r"attributes\.csv:3: this row lacks a part or an attribute"),
        (("tern,beak,beak is red", "tern,tail,beak is red"), r"attributes\.csv:7: the attribute 'beak is red' is of"),
        (("tern,beak,beak is red", "tern,beak,beak is long"), r"attributes\.csv:7: 'tern' has the attribute .* twice"),
        (("tern,beak,beak is red", "crow,beak,beak is red"), "'tern' has no value of 'beak is red'; 1 values"),
        (("label,part", "label,limb"), r"attributes\.csv:1: expected the columns"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, TABLE.replace(*change))


def test_a_table_of_other_labels_and_a_damaged_file_are_told(tmp_path):
    with pytest.raises(UserError, match=r"no attributes of these labels.*'gull', 'tern'"):
        read(tmp_path, TABLE.replace("gull", "emu").replace("tern", "owl"))
    table = AttributeTable(("a",), ("p",), ("x",), ((0.5,),))
    table.save(tmp_path, "attributes")
    path = tmp_path / "attributes.json"
    whole = path.read_text()
    for damaged in (whole[:20], whole.replace("0.5", "0.5, 0.5"), "{}", whole.replace('"p"', "")):
        path.write_text(damaged)
        with pytest.raises(UserError, match="this file is damaged"):
            load_attributes(tmp_path, "attributes")
