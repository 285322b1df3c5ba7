"""Scores say what they are scores of: the signature, the look, the words that links count."""

import pytest

from heedful import UserError
from heedful.data.pairs import Pair
from heedful.data.pharaoh import parse_links
from heedful.task.translate.score import evaluate, gold_of, score_texts

pytest.importorskip("sacrebleu")

PAIRS = [Pair("a b c", "A B C", "x:1"), Pair("d e", "D E", "x:2")]


def test_a_perfect_translation_has_100_and_none_has_0():
    texts = ["the cat sat on the mat .", "it rained all day long ."]
    assert score_texts(texts, texts, lowercase=False)["bleu"] == 100
    assert score_texts(["x", "y"], texts, lowercase=False)["bleu"] == 0


@pytest.mark.parametrize(
    ("reference", "splitter"),
    [
        ("the cat", "13a"),
        ("老人昨天买了三本书。", "zh"),
        ("私は本を読みました。", "char"),
        ("고양이가 앉았다", "13a"),
    ],
)
def test_the_signature_names_the_splitter_of_the_language(reference, splitter):
    found = score_texts([reference], [reference], lowercase=False)
    assert f"tok:{splitter}|" in found["signature"]


def test_exact_is_the_fraction_of_translations_that_are_their_reference():
    references = ["LEFT WALK", "JUMP", "RUN RUN", "LOOK"]
    assert score_texts(["LEFT  WALK ", "JUMP", "RUN", "look"], references, lowercase=False)["exact"] == 0.5
    assert score_texts(["LEFT  WALK ", "JUMP", "RUN", "look"], references, lowercase=True)["exact"] == 0.75


def test_lowercased_data_is_scored_lowercased_and_says_so():
    texts = ["The Cat Sat On The Mat"]
    assert score_texts([texts[0].lower()], texts, lowercase=True)["bleu"] == 100
    assert score_texts([texts[0].lower()], texts, lowercase=False)["bleu"] < 100
    assert "case:lc" in score_texts(texts, texts, lowercase=True)["signature"]


def test_evaluating_gives_plain_numbers(make_translator):
    links = [parse_links("0-0 1-1 2-2"), parse_links("0-0 1p1")]
    found = evaluate(make_translator(), PAIRS, links=links)
    assert found["sentences"] == 2
    assert found["sentences_per_second"] > 0
    assert 0 <= found["aer"] <= 1
    assert found["look"].startswith("decoder.0.source")
    assert found["beam"] == 2
    assert "aer" not in evaluate(make_translator("sutskever"), PAIRS, links=links)


def test_links_must_fit_the_pairs(make_translator):
    translator = make_translator()
    with pytest.raises(UserError, match="2 sentence pairs, but 1 line"):
        gold_of(translator, PAIRS, [parse_links("0-0")])
    with pytest.raises(UserError, match=r"x:2.*link 2-0.*2 source and 2 target"):
        gold_of(translator, PAIRS, [parse_links("0-0"), parse_links("2-0")])
    with pytest.raises(UserError, match="nothing to evaluate"):
        evaluate(translator, [])


def test_a_pair_with_an_empty_side_has_no_alignment(make_translator):
    gold = gold_of(make_translator(), [Pair("a", "", "x:1"), PAIRS[1]], [parse_links(""), parse_links("0-0")])
    assert len(gold) == 1
