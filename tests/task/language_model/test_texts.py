"""The end of each text is held out, in whole lines where they are not too long; nothing is lost between the parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.errors import UserError
from heedful.task.language_model.config import TextSettings
from heedful.task.language_model.texts import Text, hold_end_out, read_text

LINES = st.lists(st.text("ab ", max_size=30), min_size=1, max_size=40)
SHARES = st.floats(0.01, 0.6)


def held_out(text: Text, settings: TextSettings) -> tuple[Text, Text, str]:
    found = hold_end_out(text, settings)
    return found.train, found.valid, found.note


def data(share=0.1, documents="file") -> TextSettings:
    return TextSettings(hold_out=share, documents=documents)


def test_the_last_tenth_of_the_characters_is_held_out_in_whole_lines():
    train, valid, note = held_out(Text(["abcd"] * 100, "text"), data())
    assert (train.lines, valid.lines) == (["abcd"] * 90, ["abcd"] * 10)
    assert note == "validation: the last 50 of 500 characters of the training text, held out"
    assert valid.where == "text"


def test_a_line_too_long_to_go_whole_is_cut():
    train, valid, note = held_out(Text(["a" * 90 + "b" * 9], "text"), data())
    assert (train.lines, valid.lines) == (["a" * 90], ["b" * 9])
    assert "the last 10 of 100 characters" in note
    train, valid, _ = held_out(Text(["x", "a" * 900 + "b" * 95, "end"], "text"), data())
    assert (train.lines, valid.lines) == (["x", "a" * 900], ["b" * 95, "end"])


def test_of_lines_that_are_documents_the_last_tenth_is_held_out():
    lines = ["a long line to begin with", *map(str, range(19)), "", " "]
    train, valid, note = held_out(Text(lines, "text"), data(documents="line"))
    assert [line for line in valid.lines if line.strip()] == ["17", "18"]
    assert train.lines == lines[:18]
    assert note == "validation: the last 2 of 20 lines of the training text, held out"


def test_each_file_gives_its_end(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(f"{name}\n" * 20)
    text = read_text([tmp_path / "a", tmp_path / "b"])
    for documents in ("file", "line"):
        train, valid, note = held_out(text, data(documents=documents))
        assert valid.lines == ["a", "a", "b", "b"]
        assert train.lines == ["a"] * 18 + ["b"] * 18
        assert "of each training text, held out" in note


@given(LINES.filter(lambda lines: "".join(lines).strip()), SHARES, st.sampled_from(["file", "line"]))
def test_nothing_is_lost_and_both_parts_have_text(lines, share, documents):
    try:
        train, valid, _ = held_out(Text(lines, "text"), data(share, documents))
    except UserError:  # too short
        return
    assert "".join([*train.lines, *valid.lines]) == "".join(lines)
    assert all(any(line.strip() for line in part.lines) for part in (train, valid))
    if documents == "file":
        assert valid.characters <= 2 * share * (sum(map(len, lines)) + len(lines)) + 2


@pytest.mark.parametrize("lines", [["a"], ["text", *[""] * 40]])
def test_a_text_without_an_end_to_spare_is_told(lines):
    with pytest.raises(UserError, match=r"text: this text is too short to hold its end out.*--valid"):
        held_out(Text(lines, "text"), data())
