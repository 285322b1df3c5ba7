"""Which maps are read as one text, and where its lines end."""

from itertools import pairwise

import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.watch import Map, passages
from heedful.watch.passage import wrap


def seen(rows, title=""):
    return Map(torch.zeros(rows, 2), ["r"] * rows, ["a", "b"], title)


def test_sentences_without_a_title_are_drawn_with_the_text_before_them():
    text, more, other, table, last = seen(1, "text"), seen(1), seen(1, "other"), seen(2), seen(1)
    assert list(passages([text, more, more, other, table, table, last])) == [
        [text, more, more],
        [other],
        [table],
        [table],
        [last],
    ]
    assert list(passages([])) == []


@given(st.lists(st.floats(0, 9), max_size=30), st.floats(1, 20))
def test_lines_hold_every_word_in_its_order_and_have_room_for_it(widths, room):
    lines = list(wrap(widths, room))
    assert [index for line in lines for index in line] == list(range(len(widths)))
    assert all(len(line) == 1 or sum(widths[i] for i in line) <= room + 1e-6 for line in lines)
    for line, after in pairwise(lines):
        assert sum(widths[i] for i in line) + widths[after[0]] > room - 1e-6, "no line ends too soon"
