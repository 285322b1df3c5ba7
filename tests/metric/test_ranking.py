"""Rankings, classes and correlations, each worked by hand; ties against every order of them."""

import math
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.document import UNLABELLED
from heedful.metric.classes import class_scores
from heedful.metric.correlation import pearson, spearman
from heedful.metric.ranking import mean_average_precision, mean_reciprocal_rank


def test_rankings_by_hand():
    scores = [0.9, 0.8, 0.7, 0.2, 0.1, 0.6]
    labels = [0, 1, 1, 1, 0, 0]
    groups = ["a", "a", "a", "b", "b", "b"]
    # a: relevant at 2 and 3, (1/2 + 2/3) / 2 = 7/12; b: relevant at 2 of 3, 1/2.
    assert mean_average_precision(scores, labels, groups) == pytest.approx((7 / 12 + 1 / 2) / 2)
    assert mean_reciprocal_rank(scores, labels, groups) == pytest.approx(0.5)


def test_groups_without_a_relevant_pair_are_left_out():
    found = mean_average_precision([1.0, 2.0, 3.0], [1, 0, 0], ["a", "b", "b"])
    assert found == 1.0
    assert math.isnan(mean_average_precision([1.0], [0], ["a"]))
    assert math.isnan(mean_reciprocal_rank([1.0], [0], ["a"]))


def in_order(labels) -> tuple[float, float]:
    hits = [place for place, label in enumerate(labels, start=1) if label]
    return sum((i + 1) / place for i, place in enumerate(hits)) / len(hits), 1 / hits[0]


RANKING = st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.sampled_from([0, 1])), min_size=1, max_size=6)


@given(RANKING.filter(lambda pairs: any(label for _, label in pairs)))
def test_ties_count_as_the_mean_of_all_their_orders(pairs):
    scores, labels = [score for score, _ in pairs], [label for _, label in pairs]
    ranked = [order for order in permutations(pairs) if [s for s, _ in order] == sorted(scores, reverse=True)]
    found = [in_order([label for _, label in order]) for order in ranked]
    groups = ["q"] * len(pairs)
    precision, reciprocal = (sum(values) / len(ranked) for values in zip(*found, strict=True))
    assert mean_average_precision(scores, labels, groups) == pytest.approx(precision)
    assert mean_reciprocal_rank(scores, labels, groups) == pytest.approx(reciprocal)


def test_classes_by_hand():
    found = class_scores([1, 1, 0, 0, 1], [1, 0, 0, 1, 1], 2)
    assert found == {"accuracy": 0.6, "f1": pytest.approx(4 / 6), "macro_f1": pytest.approx((4 / 6 + 2 / 4) / 2)}
    assert class_scores([2, 0], [2, UNLABELLED], 3) == {"accuracy": 0.5, "macro_f1": 0.5}, "1 of c, 0 of a, none of b"


def test_correlations_by_hand():
    assert pearson([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]) == pytest.approx(1.0)
    assert pearson([1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0]) == pytest.approx(0.8)
    assert spearman([1.0, 10.0, 100.0], [3.0, 2.0, 1.0]) == pytest.approx(-1.0)
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
    assert spearman([1.0, 5.0, 5.0, 9.0], [1.0, 2.0, 3.0, 4.0]) == pytest.approx(4.5 / math.sqrt(22.5))
    assert math.isnan(pearson([1.0, 1.0], [1.0, 2.0]))
    assert math.isnan(spearman([1.0, 1.0], [1.0, 2.0]))
