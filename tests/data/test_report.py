"""The part of a report that every check shares: lengths, unknown words, and the first places of a fault."""

from heedful.data.report import PERCENTILES, describe_texts, finding, tokenise_texts
from heedful.data.tokenise import WordTokeniser

TEXTS = ["a b", "c", "", "a zebra a zebra yak"]


def test_without_a_tokeniser_lengths_are_characters():
    pieces = tokenise_texts(TEXTS, None)
    assert pieces[0] == ["a", " ", "b"]
    side = describe_texts(TEXTS, pieces, None)
    assert (side.unit, side.total, side.unknown_rate, side.unknown) == ("characters", 23, 0.0, [])
    assert dict(zip(PERCENTILES, side.percentiles, strict=True))[0] == 0
    assert side.percentiles[-1] == 19


def test_unknown_words_come_commonest_first():
    tokeniser = WordTokeniser.train(["a b c"])
    pieces = tokenise_texts(TEXTS, tokeniser)
    assert pieces[3] == ["a", "<unk>", "a", "<unk>", "<unk>"]
    side = describe_texts(TEXTS, pieces, tokeniser)
    assert (side.unit, side.total, side.unknown) == ("pieces", 8, ["zebra", "yak"])
    assert side.unknown_rate == 3 / 8


def test_no_texts_have_no_lengths():
    assert describe_texts([], [], None).percentiles == ()


def test_a_fault_names_its_first_places():
    found = finding([f"f:{number}" for number in range(9)])
    assert found.count == 9
    assert found.locations == [f"f:{number}" for number in range(5)]
