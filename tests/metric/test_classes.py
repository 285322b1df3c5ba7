"""How well classes are told apart: by hand, as torchmetrics counts, and the same in every task."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.document import UNLABELLED
from heedful.metric.classes import class_scores, count_classes, macro_f1
from heedful.task.classify.score import score_labels

ANSWERS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20)


def test_precision_recall_and_f1_by_hand():
    found = count_classes([0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 2], 3)
    assert [one.precision for one in found] == [1.0, 0.5, 0.0]
    assert [one.recall for one in found] == [2 / 3, 1.0, 0.0]
    assert [one.f1 for one in found] == pytest.approx([0.8, 2 / 3, 0.0])
    assert macro_f1(found) == pytest.approx((0.8 + 2 / 3) / 3)


def test_a_class_that_is_neither_wanted_nor_given_is_left_out():
    assert macro_f1(count_classes([0, 0], [0, 0], 3)) == 1.0
    assert macro_f1(count_classes([0, 1], [0, 0], 3)) == pytest.approx((2 / 3 + 0) / 2), "given counts as there"


def test_an_unknown_label_is_a_wrong_answer_of_the_class_given():
    plain, other = (count_classes([0, 1, 1], [0, 1, last], 2) for last in (1, UNLABELLED))
    assert (plain[1].precision, other[1].precision) == (1.0, 0.5)
    assert plain[0] == other[0]
    assert macro_f1(other) == pytest.approx((1 + 2 / 3) / 2)


def test_nothing_answered_is_nothing():
    assert macro_f1(count_classes([], [], 2)) == 0.0


@given(ANSWERS)
def test_with_all_labels_known_it_is_what_torchmetrics_counts(answers):
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    answered, wanted = (list(side) for side in zip(*answers, strict=True))
    theirs = metrics.multiclass_f1_score(torch.tensor(answered), torch.tensor(wanted), num_classes=4, average="macro")
    assert macro_f1(count_classes(answered, wanted, 4)) == pytest.approx(float(theirs), abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(UNLABELLED, 3)), min_size=1, max_size=20))
def test_the_same_answers_have_the_same_numbers_in_every_task(answers):
    pytest.importorskip("torchmetrics")
    answered, wanted = (list(side) for side in zip(*answers, strict=True))
    texts = score_labels(torch.eye(4)[answered], torch.tensor(wanted), "abcd")
    pairs = class_scores(answered, wanted, 4)
    assert (texts["accuracy"], texts["macro_f1"]) == pytest.approx((pairs["accuracy"], pairs["macro_f1"]), abs=1e-4)
