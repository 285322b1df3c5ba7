"""The check of a file finds each fault that was put in, and no other."""

import dataclasses

from heedful.data.pair_report import check_pairs
from heedful.data.pairs import Pair
from heedful.data.report import PERCENTILES, Finding
from heedful.data.tokenise import CharacterTokeniser, WordTokeniser

GOOD = [("a cat", "eine Katze"), ("a dog", "ein Hund"), ("a bird", "ein Vogel"), ("two big dogs", "zwei große Hunde")]
BAD = [("a cat", "eine Katze"), ("Hello!", "Hello!"), ("", "leer"), ("a cow", "eine Kuh, " * 9), ("x" * 50, "y" * 60)]


def pairs(rows):
    return [Pair(source, target, f"f:{number}") for number, (source, target) in enumerate(rows, start=1)]


def test_good_pairs_have_no_faults():
    report = check_pairs(pairs(GOOD))
    assert report.pairs == 4
    assert all(value.count == 0 for value in vars(report).values() if isinstance(value, Finding))
    assert report.source.unit == "characters"


def test_each_fault_is_found_once():
    report = check_pairs(pairs(GOOD + BAD), max_length=40)
    assert report.duplicates == Finding(1, ["f:5 (as f:1)"])
    assert report.copies == Finding(1, ["f:6"])
    assert report.empty == Finding(1, ["f:7"])
    assert report.outliers == Finding(1, ["f:8 (5 to 90)"])
    assert report.too_long == Finding(2, ["f:8 (90)", "f:9 (60)"])


def test_outliers_are_measured_by_what_is_usual_in_the_file():
    tenfold = [("abcd", "z" * 40)] * 7
    assert check_pairs(pairs(tenfold)).outliers.count == 0
    assert check_pairs(pairs([*tenfold, ("x" * 40, "y" * 60)])).outliers.locations == ["f:8 (40 to 60)"]


def test_short_sentences_are_no_outliers():
    assert check_pairs(pairs([*GOOD, ("a", "12345678")])).outliers.count == 0


def test_lengths_and_unknown_words_are_those_of_the_tokenisers():
    source = WordTokeniser.train([a for a, _ in GOOD[:3]])
    target = CharacterTokeniser.train([b for _, b in GOOD])
    report = check_pairs(pairs(GOOD), source, target)
    assert report.source.percentiles == (2, 2, 2, 2, 3, 3, 3)
    assert len(report.source.percentiles) == len(PERCENTILES)
    assert (report.source.total, report.source.unit) == (9, "pieces")
    assert report.source.unknown_rate == 3 / 9
    assert report.source.unknown == ["two", "big", "dogs"]
    assert (report.target.unknown_rate, report.target.unknown) == (0, [])


def test_three_encoded_examples_are_shown():
    tokeniser = WordTokeniser.train([text for row in GOOD for text in row])
    report = check_pairs(pairs([("", "x"), *GOOD]), tokeniser, tokeniser)
    assert [example.pair.where for example in report.examples] == ["f:2", "f:3", "f:4"]
    assert report.examples[0].source_pieces == ["a", "cat"]
    assert report.examples[0].target_pieces == ["eine", "Katze"]


def test_only_the_first_places_are_named():
    report = check_pairs(pairs([("same", "same")] * 11))
    assert (report.copies.count, len(report.copies.locations)) == (11, 5)
    assert report.duplicates.count == 10


def test_an_empty_list_is_no_crash():
    report = check_pairs([])
    assert (report.pairs, report.source.percentiles) == (0, ())


def test_the_report_is_plain_data():
    assert dataclasses.asdict(check_pairs(pairs(GOOD)))["examples"][0]["pair"]["where"] == "f:1"
