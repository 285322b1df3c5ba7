"""Training gets what it can use, and a word about the rest."""

import pytest

from heedful.data.batch import Example
from heedful.data.pairs import Pair
from heedful.data.prepare import prepare
from heedful.data.tokenise import CharacterTokeniser
from heedful.errors import UserError

TOKENISER = CharacterTokeniser.train(["abc"])
PAIRS = [Pair("ab", "c", "f:1"), Pair("a", "", "f:2"), Pair("abcabc", "a", "f:3"), Pair("c", "b", "f:4")]


def test_empty_and_long_pairs_are_left_out_with_a_word():
    prepared = prepare(PAIRS, TOKENISER, TOKENISER, max_length=5)
    assert prepared.examples == [Example([4, 5], [6]), Example([6], [5])]
    assert prepared.pairs == [PAIRS[0], PAIRS[3]]
    assert (prepared.empty, prepared.too_long) == (["f:2"], ["f:3"])
    assert prepared.warnings == [
        "left out of training: 1 of 4 sentence pairs, which have an empty side; the first is f:2",
        "left out of training: 1 of 4 sentence pairs, which have more than 5 pieces on a side; the first is f:3",
    ]


def test_no_word_when_nothing_is_left_out():
    assert prepare(PAIRS[:1], TOKENISER, TOKENISER, max_length=2).warnings == []


def test_nothing_left():
    with pytest.raises(UserError, match=r"none of 2 .* can be used .*1 have an empty side, 1 are longer than 5"):
        prepare(PAIRS[1:3], TOKENISER, TOKENISER, max_length=5)
