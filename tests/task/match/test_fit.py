"""Which pairs are held out: of every class, of questions with and without an answer, of low and high similarities."""

from collections import Counter

import pytest

from heedful.data.matched import Match
from heedful.errors import UserError
from heedful.task.config import make_settings
from heedful.task.hold_out import HeldOut
from heedful.task.match.config import MatchConfig
from heedful.task.match.task import MatchPairs


def pairs(*labels: str) -> list[Match]:
    """Pairs with these labels, each a group of its own."""
    return [Match(f"left {n}", f"right {n}", label, f"left {n}", f"f:{n}") for n, label in enumerate(labels, start=1)]


def questions(*answers: str) -> list[Match]:
    """Questions, each given by the labels of its answers, as in "0100"."""
    found = [(f"question {n}", label) for n, own in enumerate(answers, start=1) for label in own]
    return [Match(left, f"answer {n}", label, left, f"f:{n}") for n, (left, label) in enumerate(found, start=1)]


def parted(train: list[Match], seed: int = 1, share: float = 0.1, goal: str = "auto") -> HeldOut[list[Match]]:
    config = make_settings(MatchConfig, {"goal": goal, "data": {"hold_out": share}, "train": {"seed": seed}})
    return MatchPairs().hold_out(MatchPairs().settle(config, train), train)


@pytest.mark.parametrize("seed", range(10))
def test_a_rare_class_is_never_all_in_validation(seed):
    found = parted(pairs(*["yes"] * 30, *["no"] * 10, *["maybe"] * 2, "once"), seed)
    assert Counter(pair.label for pair in found.valid) == {"yes": 3, "no": 1, "maybe": 1}
    assert {pair.label for pair in found.train} == {"yes", "no", "maybe", "once"}


@pytest.mark.parametrize("seed", range(10))
def test_a_ranking_holds_out_questions_with_an_answer_and_those_without_in_proportion(seed):
    found = parted(questions(*["0100"] * 20, *["0000"] * 60), seed)
    by_question = Counter(pair.group for pair in found.valid if pair.label == "1")
    assert (len(by_question), len({pair.group for pair in found.valid})) == (2, 8)
    assert not {pair.group for pair in found.train} & {pair.group for pair in found.valid}, "questions stay whole"


def test_a_ranking_with_one_answered_question_has_none_to_spare():
    with pytest.raises(UserError, match=r"only one group has a relevant pair.*--valid"):
        parted(questions("01", *["00"] * 9), goal="relevance")


@pytest.mark.parametrize("seed", range(10))
def test_similarities_held_out_are_low_and_high(seed):
    found = parted(pairs("0.5", *["1.5"] * 3, "4.5", "4.0"), seed)
    assert sorted(float(pair.label) > 2.25 for pair in found.valid) == [False, True]


def test_a_pair_with_an_empty_side_is_not_held_out():
    train = pairs("a", "a", "b", "b")
    empty = [Match("left", "", label, "left", f"e:{n}") for n, label in enumerate("ab" * 20, start=1)]
    found = parted([*empty, *train], share=0.5)
    assert not any(pair.is_empty for pair in found.valid)
    assert len(found.train) == 42


def test_the_goal_is_that_of_all_pairs_and_the_note_counts_them():
    train = questions(*["0100"] * 20)
    config = MatchPairs().settle(make_settings(MatchConfig, {}), train)
    found = MatchPairs().hold_out(config, train)
    assert config.goal == "relevance"
    assert found.note == f"validation: {len(found.valid)} of 80 training pairs, held out"


def test_two_pairs_of_different_classes_are_too_few():
    with pytest.raises(UserError, match=r"2 pairs are too few.*--valid"):
        parted(pairs("a", "b"))
