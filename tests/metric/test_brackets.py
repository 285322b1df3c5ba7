"""Brackets counted by hand, as evalb counts them."""

import pytest

from heedful.data.tree import Lineariser, Tree, read_brackets
from heedful.metric.brackets import brackets, score_brackets


def tree(text: str) -> Tree:
    ((found, _),) = read_brackets([text], "here")
    return found


GOLD = "(S (NP (DT the) (NN dog)) (VP (VBZ sees) (NP (DT a) (NN cat))) (. .))"


def counts(gold: str, found: str) -> tuple[int, int, int]:
    score = score_brackets([tree(gold)], [tree(found)])
    return score.matched, score.gold, score.found


def test_the_spans_of_a_tree() -> None:
    found = brackets(tree(GOLD), [True] * 5 + [False])
    assert found == [("S", 0, 5), ("NP", 0, 2), ("VP", 2, 5), ("NP", 3, 5)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (GOLD, (4, 4, 4)),
        # No tags are needed, and none are counted.
        ("(S (NP (XX the) (XX dog)) (VP (XX sees) (NP (XX a) (XX cat))) (XX .))", (4, 4, 4)),
        # The full stop does not count, so it may stand anywhere.
        ("(S (NP (XX the) (XX dog)) (VP (XX sees) (NP (XX a) (XX cat)) (. .)))", (4, 4, 4)),
        # Flat: only S is right.
        ("(S (XX the) (XX dog) (XX sees) (XX a) (XX cat) (. .))", (1, 4, 1)),
        # A wrong label, and a bracket too many.
        ("(S (NP (NP (XX the)) (XX dog)) (VP (XX sees) (PP (XX a) (XX cat))) (. .))", (3, 4, 5)),
        # TOP, ROOT and the empty label are no brackets.
        (f"(TOP {GOLD})", (4, 4, 4)),
        (f"(ROOT {GOLD})", (4, 4, 4)),
        (f"( {GOLD})", (4, 4, 4)),
        # A bracket around punctuation alone vanishes with it.
        ("(S (NP (DT the) (NN dog)) (VP (VBZ sees) (NP (DT a) (NN cat))) (PRN (. .)))", (4, 4, 4)),
    ],
)
def test_brackets_by_hand(found: str, expected: tuple[int, int, int]) -> None:
    assert counts(GOLD, found) == expected


def test_duplicates_and_unary_chains_count_as_often_as_they_stand() -> None:
    once, twice, chain = "(S (NP (NN a)) (VB b))", "(S (NP (NP (NN a))) (VB b))", "(S (VP (NP (NN a))) (VB b))"
    assert counts(once, once) == (2, 2, 2)
    assert counts(once, twice) == (2, 2, 3)
    assert counts(twice, once) == (2, 3, 2)
    assert counts(twice, twice) == (3, 3, 3)
    assert counts(twice, chain) == (2, 3, 3)
    assert counts(chain, "(S (NP (VP (NN a))) (VB b))") == (3, 3, 3)  # the order of a chain does not show in spans


def test_a_particle_is_an_adverb() -> None:
    assert counts("(S (VB give) (PRT (RP up)))", "(S (VB give) (ADVP (RP up)))") == (2, 2, 2)
    assert counts("(S (VB give) (PRT (RP up)))", "(S (VB give) (PP (RP up)))") == (1, 2, 2)


def test_the_five_punctuation_tags_and_no_others() -> None:
    """Dollar signs and brackets are words; the gold tag decides."""
    gold = "(S (`` ``) (NP ($ $) (CD 3)) (, ,) (: --) (-LRB- -LRB-) ('' '') (. .))"
    assert brackets(tree(gold), [False, True, True, False, False, True, False, False]) == [("S", 0, 3), ("NP", 0, 2)]
    flat = "(S (XX ``) (XX $) (XX 3) (NP (XX ,) (XX --)) (XX -LRB-) (XX '') (XX .))"
    assert counts(gold, flat) == (1, 2, 1)


def test_sums_over_sentences() -> None:
    """Worked by hand: 4 + 1 of 4 + 4 gold and 4 + 1 found; one of two sentences is right."""
    flat = "(S (XX the) (XX dog) (XX sees) (XX a) (XX cat) (. .))"
    score = score_brackets([tree(GOLD)] * 2, [tree(GOLD), tree(flat)])
    assert (score.recall, score.precision, score.exact_match) == (62.5, 100.0, 0.5)
    assert score.f1 == pytest.approx(2 * 62.5 * 100 / 162.5)


def test_gold_is_right_and_nothing_is_nothing() -> None:
    gold = [tree(GOLD), tree("(NP (NN a))")]
    masked = [Lineariser().with_symbol_tags(one) for one in gold]
    assert (score_brackets(gold, masked).f1, score_brackets(gold, masked).exact_match) == (100.0, 1.0)
    empty = score_brackets([], [])
    assert (empty.f1, empty.precision, empty.recall, empty.exact_match) == (0.0, 0.0, 0.0, 0.0)


def test_other_words_are_refused() -> None:
    with pytest.raises(ValueError, match="has the words 'a', the tree found 'b'"):
        score_brackets([tree("(S (NN a))")], [tree("(S (NN b))")])
    with pytest.raises(ValueError, match="1 gold trees but 0 found"):
        score_brackets([tree("(S (NN a))")], [])
