"""Cells in quotes: any length, any separator, and the line of a row whose quotes do not fit."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.quoted import split_quoted, splits_alone
from heedful.errors import UserError

CELL = st.text(st.sampled_from("ab \"',;|\t\n"), max_size=7)


def split(text, separator=","):
    return list(split_quoted(iter(text.removesuffix("\n").split("\n")), separator, "a.csv"))


@given(
    rows=st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=5), separator=st.sampled_from(",;|\t")
)
def test_what_python_writes_is_read(rows, separator):
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    assert [cells for _, cells in split(file.getvalue(), separator)] == rows


def test_a_cell_may_be_of_any_length():
    long = "word " * 60_000
    rows = split(f'a,{long}\n"{long}",b\n')
    assert [list(map(len, cells)) for _, cells in rows] == [[1, len(long)], [len(long), 1]]


def test_rows_know_the_line_where_they_begin():
    assert split('a,"b\nc\n",d\ne,f\n') == [(1, ["a", "b\nc\n", "d"]), (4, ["e", "f"])]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('a,say "yes"', ["a", 'say "yes"']),
        ('a, "b, c"', ["a", "b, c"]),
        ('a, "b" said', ["a", ' "b" said']),
        ('a, "b', ["a", ' "b']),
        ('"a" ,b', ["a", "b"]),
        ('"a ""b""",', ['a "b"', ""]),
        (",", ["", ""]),
    ],
)
def test_quotes_and_blanks(line, cells):
    assert split(line) == [(1, cells)]
    assert splits_alone(line, ",") == cells


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('a,b\n"c"x,d', "a.csv:2: .*there is 'x,d' after a closing quote"),
        ('a\nb,"c\nd\n', 'a.csv:2: .*not closed.*written twice: "he said'),
    ],
)
def test_quotes_that_do_not_fit_are_told_with_the_line_of_the_row(text, words):
    with pytest.raises(UserError, match=words):
        split(text)
    assert splits_alone(text.split("\n")[1], ",") is None
