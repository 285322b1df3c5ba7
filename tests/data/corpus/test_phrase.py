"""Templates put phrases together in both orders and carry the links along."""

import pytest

from heedful.data.corpus.phrase import NOTHING, fill


def test_links_follow_the_words_through_reordering():
    girl = fill("the girl#n", "女孩#n")
    book = fill("the book#n", "书#n")
    relative = fill("HEAD who#r bought#v OBJ", "买了#v OBJ 的#r HEAD", HEAD=girl, OBJ=book)
    assert relative.source == "the girl who bought the book"
    assert relative.target == "买了书的女孩"
    assert relative.links == {(1, 4), (1, 5), (2, 3), (3, 0), (3, 1), (5, 2)}


def test_the_same_label_in_two_phrases_is_not_the_same_tie():
    both = fill("A B", "B A", A=fill("one#n", "一#n"), B=fill("two#n", "二#n"))
    assert both.links == {(0, 1), (1, 0)}


def test_a_word_can_have_two_counterparts():
    assert fill("how#w many#w", "几#w").links == {(0, 0), (1, 0)}
    assert fill("because#j S", "因为#j S 所以#j", S=fill("so#x", "此#x")).links == {
        (0, 0),
        (0, 1),
        (0, 3),
        (0, 4),
        (1, 2),
    }


def test_combinations_add_up():
    inner = fill("a#x", "甲#x", [("adjective", "small", "cat")])
    outer = fill("X", "X", [("object", "buy", "cat")], X=inner)
    assert outer.combinations == {("adjective", "small", "cat"), ("object", "buy", "cat")}


def test_nothing_fills_a_slot_without_a_trace():
    assert fill("a#x TIME", "TIME 甲#x", TIME=NOTHING).source == "a"


def test_a_forgotten_slot_is_an_error():
    with pytest.raises(KeyError, match="OBJ"):
        fill("bought#v OBJ", "买了#v OBJ")
