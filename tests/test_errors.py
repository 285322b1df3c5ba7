"""Errors that a user can mend."""

import pickle

import pytest

from heedful.errors import UserError, did_you_mean, require


def test_an_error_is_one_line_with_place_message_and_hint():
    error = UserError("expected 2 columns,\nfound 3", where="pairs.tsv:7", hint="separate with one tab")
    assert str(error) == "pairs.tsv:7: expected 2 columns, found 3 (separate with one tab)"
    assert str(UserError("no file")) == "no file"


def test_an_error_survives_the_way_between_processes():
    error = UserError("a", where="b:1", hint="c")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.where, again.hint) == (UserError, str(error), "b:1", "c")


def test_a_slip_of_the_fingers_is_recognised():
    options = ["additive", "dot", "general", "cosine"]
    assert did_you_mean("genral", options).startswith("did you mean 'general'? choose from: additive, ")
    assert "did you mean 'dot'" in did_you_mean("DOT", options)


def test_a_name_like_no_other_only_shows_the_choices():
    assert did_you_mean("xyzzy", ["dot", "cosine"]) == "choose from: cosine, dot"
    assert did_you_mean("xyzzy", []) == "there is nothing to choose from"


def test_many_choices_are_cut_short():
    text = did_you_mean("name5", [f"name{i}" for i in range(101)])
    assert "did you mean 'name5'" in text
    assert "71 more" in text


def test_an_extra_that_is_missing_is_named():
    with pytest.raises(UserError, match=r"heedful_missing.*pip install .*\[plot\]'"):
        require("heedful_missing.pyplot", extra="plot")


def test_an_extra_that_is_there_is_given():
    assert require("json.decoder", extra="plot").JSONDecodeError


def test_an_extra_that_is_there_but_broken_raises_its_own_error(tmp_path, monkeypatch):
    (tmp_path / "heedful_broken.py").write_text("import heedful_missing_inside\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="heedful_missing_inside"):
        require("heedful_broken", extra="plot")
