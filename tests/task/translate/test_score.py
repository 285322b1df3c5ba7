"""Scores say what they are scores of: the signature, the look, the words that links count."""

from dataclasses import replace

import pytest

from heedful import UserError
from heedful.data.pairs import Pair
from heedful.data.pharaoh import parse_links
from heedful.task.base import Files
from heedful.task.config import make_settings
from heedful.task.translate.config import TranslateConfig
from heedful.task.translate.score import evaluate, gold_of, score_texts
from heedful.task.translate.task import Translate

pytest.importorskip("sacrebleu")

PAIRS = [Pair("a b c", "A B C", "x:1"), Pair("d e", "D E", "x:2")]


def linked(pairs, *lines):
    """The pairs with their gold links."""
    return [replace(pair, links=parse_links(line)) for pair, line in zip(pairs, lines, strict=True)]


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
    pairs = linked(PAIRS, "0-0 1-1 2-2", "0-0 1p1")
    found = evaluate(make_translator(), pairs)
    assert found["sentences"] == 2
    assert found["sentences_per_second"] > 0
    assert 0 <= found["aer"] <= 1
    assert found["look"].startswith("decoder.0.source")
    assert found["beam"] == 2
    assert "aer" not in evaluate(make_translator("sutskever"), pairs)
    assert "aer" not in evaluate(make_translator(), PAIRS)


def test_links_must_fit_the_pairs(make_translator, tmp_path):
    translator = make_translator()
    (tmp_path / "a.tsv").write_text("a b c\tA B C\nd e\tD E\n")
    (tmp_path / "a.align").write_text("0-0\n")
    files = [
        Files([tmp_path / "a.tsv"], options={"alignments": tmp_path / "a.align"}),
        Files([tmp_path / "a.tsv"], "valid"),
    ]
    data = {"valid": ["a.tsv"], "valid_alignments": str(tmp_path / "a.align")}
    for given in files:
        with pytest.raises(UserError, match=r"a\.align: there are 2 sentence pairs, but 1 line"):
            Translate().read(make_settings(TranslateConfig, {"data": data}), given)
    with pytest.raises(UserError, match=r"x:2.*link 2-0.*2 source and 2 target"):
        gold_of(translator, linked(PAIRS, "0-0", "2-0"))
    with pytest.raises(UserError, match="nothing to evaluate"):
        evaluate(translator, [])


def test_a_pair_with_an_empty_side_has_no_alignment(make_translator):
    gold = gold_of(make_translator(), linked([Pair("a", "", "x:1"), PAIRS[1]], "", "0-0"))
    assert len(gold) == 1


def test_links_that_do_not_fit_are_told_before_training(make_translator):
    translator, pairs = make_translator(), linked(PAIRS, "0-0", "2-0")
    with pytest.raises(UserError, match=r"x:2.*link 2-0.*if yours count from 1, .*--one-based"):
        Translate().prepare(translator, PAIRS, pairs)
    assert Translate().prepare(translator, PAIRS, linked(PAIRS, "0-0", "1-1")).warnings == []


def test_links_count_unknown_characters_one_by_one(make_translator):
    """Without blanks between them they would be one word if an unknown character had no text of its own."""
    (gold,) = gold_of(make_translator(), linked([Pair("a 未知", "A 甲乙", "x:1")], "1-2 2-1"))
    assert gold.source_words.texts[:3] == ("a", "未", "知")
    assert gold.target_words.texts == ("A", "甲", "乙")
