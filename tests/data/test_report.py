"""The part of a report that every check shares: lengths, unknown words, and the first places of a fault."""

from heedful.data.report import PERCENTILES, fault, pieces_of, side_of
from heedful.data.tokenise import WordTokeniser

TEXTS = ["a b", "c", "", "a zebra a zebra yak"]


def test_without_a_tokeniser_lengths_are_characters():
    pieces = pieces_of(TEXTS, None)
    assert pieces[0] == ["a", " ", "b"]
    side = side_of(TEXTS, pieces, None)
    assert (side.unit, side.total, side.unknown_rate, side.unknown) == ("characters", 23, 0.0, [])
    assert dict(zip(PERCENTILES, side.percentiles, strict=True))[0] == 0
    assert side.percentiles[-1] == 19


def test_unknown_words_come_commonest_first():
    tokeniser = WordTokeniser.train(["a b c"])
    pieces = pieces_of(TEXTS, tokeniser)
    assert pieces[3] == ["a", "<unk>", "a", "<unk>", "<unk>"]
    side = side_of(TEXTS, pieces, tokeniser)
    assert (side.unit, side.total, side.unknown) == ("pieces", 8, ["zebra", "yak"])
    assert side.unknown_rate == 3 / 8


def test_no_texts_have_no_lengths():
    assert side_of([], [], None).percentiles == ()


def test_a_fault_names_its_first_places():
    found = fault([f"f:{number}" for number in range(9)])
    assert found.count == 9
    assert found.places == [f"f:{number}" for number in range(5)]
