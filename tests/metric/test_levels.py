"""Paths are scored at each level: by hand, as a loop counts, and at the last level as plain labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.metric.classes import class_scores
from heedful.metric.levels import are_paths, level_scores

LABELS = ("home/chair/arm", "home/chair/deck", "home/lamp", "toys/lamp", "toys/ball/foot")
GOLD = st.sampled_from((*LABELS, "home/chair/new", "garden/pot", "toys"))


def test_a_near_miss_is_right_above_the_level_where_it_errs():
    found = level_scores([1, 1, 3], ["home/chair/arm", "home/chair/deck", "home/lamp"], LABELS, separator="/")
    assert [level.labels for level in found] == [2, 4, 5]
    assert [level.accuracy for level in found] == pytest.approx([2 / 3, 2 / 3, 1 / 3])


def test_a_label_that_training_has_not_seen_is_right_down_to_where_it_is_new():
    found = level_scores([0], ["home/chair/new"], LABELS, separator="/")
    assert [level.accuracy for level in found] == [1.0, 1.0, 0.0]


@given(st.lists(st.tuples(st.integers(0, len(LABELS) - 1), GOLD), min_size=1, max_size=20))
def test_levels_are_what_a_loop_counts_and_the_last_is_plain_accuracy(answers):
    predicted, gold = [row for row, _ in answers], [label for _, label in answers]
    found = level_scores(predicted, gold, LABELS, separator="/")
    assert len(found) == 3
    for level, scores in enumerate(found, start=1):
        right = [LABELS[row].split("/")[:level] == label.split("/")[:level] for row, label in answers]
        assert scores.accuracy == pytest.approx(sum(right) / len(right))
    numbers = [LABELS.index(label) if label in LABELS else -1 for label in gold]
    plain = class_scores(predicted, numbers, len(LABELS))
    assert (found[-1].accuracy, found[-1].macro_f1) == (plain["accuracy"], plain["macro_f1"])
    accuracies = [level.accuracy for level in found]
    assert accuracies == sorted(accuracies, reverse=True)


@pytest.mark.parametrize(
    ("labels", "separator", "expected"),
    [
        (LABELS, "/", True),
        (LABELS, " > ", False),
        (("a > b", "a > c"), " > ", True),
        (("yes", "no", "n/a"), "/", False),
        (("pos", "neg"), "/", False),
        (("a", "a/b"), "/", True),
    ],
)
def test_labels_are_paths_where_they_share_a_first_part(labels, separator, expected):
    assert are_paths(labels, separator) is expected
