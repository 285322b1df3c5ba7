"""How well classes are told apart: by hand, as torchmetrics counts, and the same in every task."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.document import UNLABELLED
from heedful.metric.classes import class_scores, confusion_matrix, count_classes, frequent_confusions, macro_f1
from heedful.task.classify.score import score_labels

ANSWERS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20)


def test_precision_recall_and_f1_by_hand():
    found = count_classes([0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 2], 3)
    assert found.precision.tolist() == [1.0, 0.5, 0.0]
    assert found.recall.tolist() == [2 / 3, 1.0, 0.0]
    assert found.f1.tolist() == pytest.approx([0.8, 2 / 3, 0.0])
    assert macro_f1(found) == pytest.approx((0.8 + 2 / 3) / 3)


def test_a_class_that_is_neither_wanted_nor_given_is_left_out():
    assert macro_f1(count_classes([0, 0], [0, 0], 3)) == 1.0
    assert macro_f1(count_classes([0, 1], [0, 0], 3)) == pytest.approx((2 / 3 + 0) / 2), "given counts as there"


def test_an_unknown_label_is_a_wrong_answer_of_the_class_given():
    plain, other = (count_classes([0, 1, 1], [0, 1, last], 2) for last in (1, UNLABELLED))
    assert (plain.precision[1], other.precision[1]) == (1.0, 0.5)
    assert (plain.precision[0], plain.recall[0]) == (other.precision[0], other.recall[0])
    assert macro_f1(other) == pytest.approx((1 + 2 / 3) / 2)


def test_nothing_answered_is_nothing():
    assert macro_f1(count_classes([], [], 2)) == 0.0


@given(ANSWERS)
def test_with_all_labels_known_it_is_what_torchmetrics_counts(answers):
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    answered, wanted = (list(side) for side in zip(*answers, strict=True))
    theirs = metrics.multiclass_f1_score(torch.tensor(answered), torch.tensor(wanted), num_classes=4, average="macro")
    assert macro_f1(count_classes(answered, wanted, 4)) == pytest.approx(float(theirs), abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(UNLABELLED, 3)), max_size=20))
def test_counts_and_confusions_are_those_of_a_loop(answers):
    predicted, gold = ([pair[side] for pair in answers] for side in (0, 1))
    counts = count_classes(predicted, gold, 4)
    for label in range(4):
        right = sum(pair == (label, label) for pair in answers)
        assert (counts.right[label], counts.gold[label], counts.predicted[label]) == (
            right, gold.count(label), predicted.count(label)
        )  # fmt: skip
    cells = [[answers.count((answer, label)) for answer in range(4)] for label in range(4)]
    assert confusion_matrix(predicted, gold, 4).tolist() == cells
    wrong = [(label, answer, cells[label][answer]) for label in range(4) for answer in range(4) if label != answer]
    ranked = sorted((row for row in wrong if row[2]), key=lambda row: -row[2])
    assert frequent_confusions(predicted, gold, 4, most=20) == ranked
    assert frequent_confusions(predicted, gold, 4, most=2) == ranked[:2]


def test_each_prediction_needs_its_gold_class():
    with pytest.raises(ValueError, match="2 predicted classes for 1 gold ones"):
        count_classes([0, 1], [0], 2)


def test_confusions_of_very_many_classes_need_no_square_of_them():
    classes = 3_000_017
    found = frequent_confusions([classes - 1, classes - 1, 5], [0, 0, 5], classes, most=9)
    assert found == [(0, classes - 1, 2)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(UNLABELLED, 3)), min_size=1, max_size=20))
def test_the_same_answers_have_the_same_numbers_in_every_task(answers):
    pytest.importorskip("torchmetrics")
    answered, wanted = (list(side) for side in zip(*answers, strict=True))
    texts = score_labels(torch.eye(4)[answered], torch.tensor(wanted), "abcd")
    pairs = class_scores(answered, wanted, 4)
    assert (texts["accuracy"], texts["macro_f1"]) == pytest.approx((pairs["accuracy"], pairs["macro_f1"]), abs=1e-4)
