"""Scores of labels on cases worked by hand; the temperature that training chooses; nothing known, nothing scored."""

import json

import pytest
import torch
from torch.nn.functional import cross_entropy

from heedful.data.document import UNLABELLED, Document
from heedful.data.labelled import Labelled
from heedful.errors import UserError
from heedful.task.classify.score import evaluate, fit_temperature, score_labels, scored_documents

pytest.importorskip("torchmetrics")

GOLD = torch.tensor([0, 0, 0, 1, 1, 2])
GIVEN = torch.tensor([0, 0, 1, 1, 1, 1])
LABELS = ("a", "b", "c")


def certain(given, probability=0.8):
    """Scores of three classes that give the answers with a probability."""
    other = (1 - probability) / 2
    return torch.full((len(given), 3), other).scatter(1, given.unsqueeze(1), probability).log()


def test_accuracy_f1_and_confusion_of_a_hand_case():
    found = score_labels(certain(GIVEN), GOLD, LABELS)
    assert found["accuracy"] == round(4 / 6, 4)
    # a: precision 2/2, recall 2/3; b: 2/4, 2/2; c: never given
    assert found["classes"]["a"] == {"precision": 1.0, "recall": 0.6667, "f1": 0.8, "texts": 3}
    assert found["classes"]["b"] == {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "texts": 2}
    assert found["classes"]["c"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "texts": 1}
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3 + 0) / 3, abs=1e-4)
    assert found["confusion"] == {
        "a": {"a": 2, "b": 1, "c": 0},
        "b": {"a": 0, "b": 2, "c": 0},
        "c": {"a": 0, "b": 1, "c": 0},
    }


def test_loss_is_the_mean_surprise_and_calibration_the_gap_of_confidence_and_accuracy():
    found = score_labels(certain(GIVEN), GOLD, LABELS)
    surprise = -(4 * torch.tensor(0.8).log() + 2 * torch.tensor(0.1).log()) / 6
    assert found["loss"] == pytest.approx(float(surprise), abs=1e-4)
    assert found["calibration_error"] == pytest.approx(abs(0.8 - 4 / 6), abs=1e-3)
    honest = torch.cat([certain(torch.tensor([0] * 4)), certain(torch.tensor([0]))])
    gold = torch.tensor([0, 0, 0, 0, 1])
    assert score_labels(honest, gold, LABELS)["calibration_error"] == pytest.approx(0, abs=1e-3), "4 of 5 at 0.8"


def test_a_label_not_known_is_answered_wrong_and_no_more():
    gold = torch.cat([GOLD, torch.tensor([UNLABELLED, UNLABELLED])])
    found = score_labels(certain(torch.cat([GIVEN, torch.tensor([0, 1])])), gold, LABELS)
    plain = score_labels(certain(GIVEN), GOLD, LABELS)
    assert found["accuracy"] == 0.5
    assert found["classes"]["a"] == {"precision": 0.6667, "recall": 0.6667, "f1": 0.6667, "texts": 3}
    assert found["classes"]["b"] == {"precision": 0.4, "recall": 1.0, "f1": 0.5714, "texts": 2}
    assert found["macro_f1"] == pytest.approx((2 / 3 + 4 / 7 + 0) / 3, abs=1e-4)
    for name in ("loss", "calibration_error", "confusion"):
        assert found[name] == plain[name]


@pytest.mark.parametrize("count", [1, 2])
def test_few_texts_and_absent_classes_are_no_warning(count):
    found = score_labels(certain(torch.tensor([0] * count)), torch.tensor([0] * count), LABELS)
    assert found["accuracy"] == 1.0
    assert found["macro_f1"] == 1.0, "of the classes that are there"


@pytest.mark.parametrize("temperature", [0.25, 0.7, 1.0, 3.0])
def test_a_known_temperature_is_found_again(temperature):
    draw = torch.Generator().manual_seed(4)
    honest = 2 * torch.randn(20_000, 5, generator=draw)
    gold = torch.multinomial(torch.softmax(honest, -1), 1, generator=draw).squeeze(1)
    assert fit_temperature(honest * temperature, gold) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("seed", range(6))
def test_the_loss_is_never_higher_than_without(seed):
    draw = torch.Generator().manual_seed(seed)
    scores = torch.randn(11, 4, generator=draw) * 10 ** (seed / 2 - 1)
    gold = torch.randint(-1, 4, (11,), generator=draw)
    temperature, known = fit_temperature(scores, gold), gold >= 0
    assert cross_entropy(scores[known] / temperature, gold[known]) <= cross_entropy(scores[known], gold[known]) + 1e-6
    assert 0.05 <= temperature <= 20


@pytest.mark.parametrize("count", [30, 300])
def test_few_texts_all_answered_right_make_nothing_certain(count):
    gold = torch.arange(count) % 3
    for probability in (0.5, 0.9, 0.999999):
        scores = certain(gold, probability).double()
        temperature = fit_temperature(scores, gold)
        sure = torch.softmax(scores / temperature, -1).max()
        assert float(sure) == pytest.approx(max((count + 1) / (count + 3), probability), abs=1e-3)


def test_where_all_is_wrong_or_nothing_known_the_temperature_has_an_end():
    scores = certain(torch.tensor([0, 1, 2]))
    assert fit_temperature(scores, torch.tensor([1, 2, 0])) == pytest.approx(20, rel=1e-3)
    assert fit_temperature(scores, torch.tensor([UNLABELLED] * 3)) == 1.0


def test_evaluating_gives_plain_numbers_and_says_what_is_strange(make_classifier):
    texts = [Labelled("a good film", "pos", "f:1"), Labelled("", "neg", "f:2"), Labelled("b bad", "什么", "f:3")]
    found = evaluate(make_classifier(), texts)
    assert json.loads(json.dumps(found)) == found
    assert found["texts"] == 3
    assert found["texts_per_second"] > 0
    assert set(found["classes"]) == {"neg", "pos", "中"}
    assert "1 of 3 texts" in found["note"]
    assert "note" not in evaluate(make_classifier(), texts[:2])
    with pytest.raises(UserError, match="no labelled text"):
        evaluate(make_classifier(), [])
    with pytest.raises(UserError, match="f:3: none of 1 texts"):
        evaluate(make_classifier(), texts[2:])


def test_the_temperature_changes_probabilities_and_no_answer(make_classifier):
    texts = [Labelled("a good film", "pos", "f:1"), Labelled("b bad", "neg", "f:2")]
    plain, soft = (evaluate(make_classifier(answer={"temperature": value}), texts) for value in (1.0, 9.0))
    assert plain["accuracy"] == soft["accuracy"]
    assert plain["loss"] != soft["loss"]


def test_validation_has_the_three_numbers(make_classifier):
    found = scored_documents(make_classifier(), [Document([[4, 5]], 0), Document([[6]], 2)])
    assert set(found) == {"accuracy", "macro_f1", "loss"}
