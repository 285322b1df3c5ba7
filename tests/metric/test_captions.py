"""CIDEr-D and ROUGE-L: the numbers of the COCO challenge's code on small captions, and what each must not reward."""

import pytest

from heedful.metric.captions import DocumentFrequencies, cider_d, rouge_l

REFERENCES = [
    ["a red ball lies on the green table", "the ball on the table is red", "a ball on a table"],
    ["two dogs run along the beach", "a black dog and a white dog run near the water", "dogs running on sand"],
    ["a man rides a bicycle down the street", "someone on a bike in the city", "a man on a bicycle rides past a shop"],
    ["a bowl of soup with a spoon", "soup in a bowl on the table"],
]
CAPTIONS = [
    "a red ball on the table",
    "a dog runs on the beach",
    "a man rides a bicycle a man rides a bicycle down the street",
    "a cat",
]


def words(texts):
    return [words(text) for text in texts] if isinstance(texts, list) else texts.split()


def test_cider_is_that_of_the_challenge_s_code():
    expected = [3.4956489285, 0.6109673463, 1.7521592922, 0.0]
    assert cider_d(words(CAPTIONS), words(REFERENCES)) == pytest.approx(expected, abs=1e-9)


def test_rouge_is_that_of_the_challenge_s_code():
    expected = [0.8714285714, 0.3860759494, 0.7960848287, 0.201986755]
    assert rouge_l(words(CAPTIONS), words(REFERENCES)) == pytest.approx(expected, abs=1e-9)


def test_a_caption_that_is_its_only_reference_gets_ten():
    """Of five words or more: a caption of three has no n-gram of order four."""
    references = words([["a red ball lies here"], ["two dogs run along fast"]])
    assert cider_d([one[0] for one in references], references) == pytest.approx([10.0, 10.0])
    assert rouge_l([one[0] for one in references], references) == pytest.approx([1.0, 1.0])


def test_saying_it_twice_gains_nothing():
    """What plain CIDEr rewards: repeated n-grams, and captions of another length."""
    references = words([["a red ball lies here"], ["two dogs run along fast"]])
    once, twice = words(["a red ball lies here", "a red ball lies here a red ball lies here"])
    assert cider_d([twice, once], references)[0] < cider_d([once, once], references)[0] / 2


def test_frequencies_of_another_corpus_change_the_score():
    frequencies = DocumentFrequencies.of(words(REFERENCES[:2]))
    assert frequencies.pictures == 2
    own = cider_d(words(CAPTIONS), words(REFERENCES))
    assert cider_d(words(CAPTIONS), words(REFERENCES), frequencies) != pytest.approx(own)
    assert cider_d(words(CAPTIONS), words(REFERENCES), DocumentFrequencies.of(words(REFERENCES))) == own


def test_empty_captions_and_single_pictures_have_a_score():
    assert cider_d([[]], words([["a dog"]])) == [0.0]
    assert rouge_l([[]], words([["a dog"]])) == [0.0]
    assert cider_d(words(["a dog"]), words([["a dog"]])) == [0.0]  # no n-gram is rarer than another


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="1 captions and references of 2 pictures"):
        cider_d([["a"]], [[["a"]], [["b"]]])
    with pytest.raises(ValueError, match="picture 1 has no reference"):
        rouge_l([["a"], ["b"]], [[["a"]], []])
