"""What labels ask for is found out from them, and a label that does not suit is named with its place."""

import pytest

from heedful.data.matched import Match
from heedful.errors import UserError
from heedful.model.match.goal import Classes, Relevance, Similarity
from heedful.task.config import make_settings
from heedful.task.match.config import MatchConfig
from heedful.task.match.labels import goal_of, label_numbers, settle_goal


def pairs(*labels: str, groups: int = 0) -> list[Match]:
    return [Match("a", "b", label, f"q{i % groups if groups else i}", f"f:{i + 1}") for i, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("found", "goal", "metric"),
    [
        (pairs("1", "0", "1", "1"), Classes(2), "valid_accuracy"),
        (pairs("1", "0", "0", "0", groups=2), Relevance(), "valid_map"),
        (pairs("4.5", "1", "3"), Similarity(1.0, 4.5), "valid_pearson"),
        (pairs("yes", "no", "1.5"), Classes(3), "valid_accuracy"),
        (pairs("1", "2", "3", groups=1), Classes(3), "valid_accuracy"),
    ],
)
def test_the_goal_is_guessed(found, goal, metric):
    settled = settle_goal(make_settings(MatchConfig), found)
    assert goal_of(settled) == goal
    assert settled.train.metric == metric


def test_a_goal_that_was_given_stays():
    given = make_settings(MatchConfig, {"goal": "similarity", "train": {"metric": "valid_loss"}})
    settled = settle_goal(given, pairs("1", "0"))
    assert (settled.goal, settled.scale, settled.train.metric) == ("similarity", (0.0, 1.0), "valid_loss")


def test_classes_are_in_order():
    settled = settle_goal(make_settings(MatchConfig), pairs("10", "9", "b", "a"))
    assert settled.labels == ("9", "10", "a", "b")
    assert label_numbers(settled, pairs("a", "9")).numbers == [2.0, 0.0]


def test_a_class_that_training_has_not_shown():
    settled = settle_goal(make_settings(MatchConfig), pairs("yes", "no"))
    found = label_numbers(settled, pairs("no", "maybe"))
    assert found.numbers == [0.0, None]
    assert found.note is not None
    assert "'maybe'; the first is f:2" in found.note
    with pytest.raises(
        UserError, match=r"f:1: none of 1 pairs has a label of training; the first is 'ja'.*'no', 'yes'"
    ):
        label_numbers(settled, pairs("ja"))


@pytest.mark.parametrize(
    ("goal", "labels", "words"),
    [
        ("relevance", ("1", "2"), "f:2: expected the label 1 or 0, found '2'"),
        ("similarity", ("1", "high"), "f:2: expected a number as label, found 'high'"),
        ("similarity", ("1", "nan"), "f:2: expected a number as label, found 'nan'"),
        ("auto", ("1", "1"), "f:1: all 2 training pairs have the label '1'"),
    ],
)
def test_labels_that_do_not_suit(goal, labels, words):
    with pytest.raises(UserError, match=words):
        settle_goal(make_settings(MatchConfig, {"goal": goal}), pairs(*labels))
