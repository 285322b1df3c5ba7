"""Very many labels: answers and tables are short unless all was asked for, and the numbers are those of brute force."""

import json

import pytest
import torch

import heedful
from heedful.data.document import as_document
from heedful.data.labelled import Labelled
from heedful.errors import UserError
from heedful.task.classify import classifier as room
from heedful.task.classify.answer import best_labels, listed_labels
from heedful.task.classify.outcome import Outcomes
from heedful.task.classify.score import evaluate, fit_temperature, score_labels, scored_documents, temperature_of
from heedful.task.classify.task import Classify

TEXTS = ["a good film", "b", "", "a b c d e f g h", "好看"]
MANY = [f"{group}/{number}" for group in "abcdefg" for number in range(23)]


@pytest.fixture
def many(make_classifier):
    """A classifier of 161 labels, paths of two levels."""
    return make_classifier("words", labels=MANY)


def labelled(labels):
    return [Labelled(TEXTS[row % len(TEXTS)], label, f"f:{row + 1}") for row, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("top", "labels", "expected"),
    [(None, 100, None), (None, 101, 5), ("all", 101, None), (3, 100, 3), ("3", 100, 3), (7, 4, 4), (1, 2, 1)],
)
def test_how_many_labels_are_listed(top, labels, expected):
    assert listed_labels(top, labels) == expected


@pytest.mark.parametrize("top", [0, -1, "0", "many", "1.5", "", "²", True])
def test_a_wrong_top_is_refused(top):
    with pytest.raises(UserError, match=r"top is .*1 or more, or 'all'"):
        listed_labels(top, 9)


@pytest.mark.parametrize("count", range(1, 6))
def test_the_best_labels_are_those_of_a_stable_sort(count):
    rows = torch.randint(0, 4, (60, 5), generator=torch.Generator().manual_seed(count)).float().tolist()
    values, labels = best_labels(torch.tensor(rows), count)
    for row, of_row, numbers in zip(rows, values.tolist(), labels.tolist(), strict=True):
        assert numbers == sorted(range(5), key=lambda label: -row[label])[:count]
        assert of_row == [row[label] for label in numbers]


@pytest.mark.parametrize("name", ["birnn", "textcnn", "han", "words"])
def test_few_labels_are_all_listed_as_ever_and_the_best_on_request(make_classifier, name):
    classifier = make_classifier(name, answer={"temperature": 1.3})
    everything = classifier.predict(TEXTS, attention=False)
    assert all(list(one.probabilities) == ["neg", "pos", "中"] for one in everything)
    for one, best in zip(everything, classifier.predict(TEXTS, attention=False, top=2), strict=True):
        ranked = sorted(one.probabilities.items(), key=lambda entry: -entry[1])[:2]
        assert list(best.probabilities.items()) == ranked, "to the last bit"
        assert (best.label, best.probability) == (one.label, one.probability)


def test_of_many_labels_the_best_are_listed(many):
    everything = many.predict(TEXTS, top="all")
    assert all(list(one.probabilities) == MANY for one in everything)
    for one, best in zip(everything, many.predict(TEXTS), strict=True):
        ranked = sorted(one.probabilities.items(), key=lambda entry: -entry[1])
        assert list(best.probabilities.items()) == ranked[:5]
        assert [row for found in best.words for row in found.rows] == [one.label]


def test_the_command_prints_the_labels_that_were_asked_for(many):
    (plain,) = Classify().answer(many, ["a good film"], first=1, maps=False, every=False, options={})
    (three,) = Classify().answer(many, ["a good film"], first=1, maps=False, every=False, options={"top": "3"})
    (every,) = Classify().answer(many, ["a good film"], first=1, maps=False, every=False, options={"top": "all"})
    assert len(plain.text.split("\t")) == 2
    assert len(plain.record["probabilities"]) == 5
    cells = three.text.split("\t")
    assert cells[::2] == list(three.record["probabilities"]) == list(plain.record["probabilities"])[:3]
    assert cells[:2] == plain.text.split("\t")
    assert len(every.text.split("\t")) == 2 * len(MANY)
    assert every.text.startswith(three.text), "the best first"
    assert list(every.record["probabilities"]) == MANY
    with pytest.raises(UserError, match="top is 'few'"):
        Classify().answer(many, ["a"], first=1, maps=False, every=False, options={"top": "few"})


def test_large_batches_are_split_and_answers_stay(many, monkeypatch):
    documents = [as_document(text, many.tokeniser, longest=99)[0] for text in TEXTS * 3]
    whole, sizes = many.scores(documents), []
    monkeypatch.setattr(room, "_BATCH_SCORES", 2 * len(MANY))
    many.score_batches(documents, lambda rows, scores: sizes.append(scores.shape[0]))
    assert max(sizes) == 2
    torch.testing.assert_close(many.scores(documents), whole)


@pytest.mark.parametrize("seed", range(3))
def test_outcomes_are_those_of_a_sort(seed):
    """Few distinct scores, so that many labels share one."""
    draw = torch.Generator().manual_seed(seed)
    scores = torch.randint(0, 4, (41, 5), generator=draw).float()
    gold = torch.randint(-1, 5, (41,), generator=draw)
    answers = list(zip(scores.tolist(), gold.tolist(), strict=True))
    outcomes = Outcomes.empty(len(answers))
    rows = list(range(len(answers)))[::-1]
    outcomes.put(rows, scores[rows], gold[rows])
    log_probability = torch.log_softmax(scores.double(), -1)
    for row, (values, label) in enumerate(answers):
        ranked = sorted(range(5), key=lambda number: -values[number])
        assert outcomes.predicted[row] == ranked[0]
        assert outcomes.confidence[row] == pytest.approx(float(log_probability[row].max().exp()))
        if label >= 0:
            assert outcomes.rank[row] == ranked.index(label)
            assert outcomes.log_probability[row] == pytest.approx(float(log_probability[row, label]))
    for count in (1, 2, 5):
        right = [label in sorted(range(5), key=lambda number: -values[number])[:count] for values, label in answers]
        assert outcomes.accuracy_at(count, gold.numpy()) == pytest.approx(sum(right) / len(right))


def test_scores_are_those_of_all_probabilities_together():
    draw = torch.Generator().manual_seed(5)
    scores, gold = torch.randn(500, 40, generator=draw), torch.randint(-1, 40, (500,), generator=draw)
    found, known = score_labels(scores, gold, [str(number) for number in range(40)]), gold >= 0
    wanted = torch.nn.functional.cross_entropy(scores[known], gold[known])
    assert found["loss"] == pytest.approx(float(wanted), abs=1e-4)
    for count in (3, 5):
        right = (scores.topk(count).indices == gold[:, None]).any(-1)
        assert found[f"accuracy_at_{count}"] == pytest.approx(float(right.float().mean()), abs=1e-4)
    assert found["accuracy"] < found["accuracy_at_3"] < found["accuracy_at_5"]


def test_accuracy_among_the_best_is_told_where_there_are_more_than_ten_labels():
    for labels, told in ((10, False), (11, True)):
        found = score_labels(torch.randn(3, labels), torch.tensor([0, 1, 2]), "abcdefghijk"[:labels])
        assert ("accuracy_at_5" in found) is told


def test_of_many_labels_eval_lists_the_frequent_ones_and_errors(many, tmp_path):
    texts = labelled(MANY + ["c/4"] * 3 + ["g/new"])
    found = evaluate(many, texts, per_label=tmp_path / "each.jsonl")
    assert json.loads(json.dumps(found)) == found
    assert "confusion" not in found
    assert len(found["classes"]) == 100
    assert next(iter(found["classes"])) == "c/4"
    assert found["classes"]["c/4"]["texts"] == 4
    assert len(found["confusions"]) <= 100
    errors = sum(row["texts"] for row in found["confusions"])
    predicted = [one.label for one in many.predict([text.text for text in texts[:-1]], attention=False)]
    wrong = sum(answer != text.label for answer, text in zip(predicted, texts, strict=False))
    assert 0 < errors <= wrong
    assert all(row["gold"] != row["predicted"] for row in found["confusions"])
    lines = [json.loads(line) for line in (tmp_path / "each.jsonl").read_text().splitlines()]
    assert [line["label"] for line in lines] == MANY
    assert next(line for line in lines if line["label"] == "c/4")["texts"] == 4
    assert found["levels"]["1"]["labels"] == 7
    assert found["levels"]["2"] == {"labels": 161, "accuracy": found["accuracy"], "macro_f1": found["macro_f1"]}


def test_the_scores_of_each_label_go_to_a_file_and_not_to_a_folder(many, tmp_path):
    with pytest.raises(UserError, match="need a file, and this is a folder"):
        evaluate(many, labelled(["a/1"]), per_label=tmp_path)


def test_levels_are_scored_where_labels_are_paths(make_classifier):
    texts = labelled(["x/a", "x/b", "y"])
    assert list(evaluate(make_classifier(labels=["x/a", "x/b", "y"]), texts)["levels"]) == ["1", "2"]
    plain = make_classifier(labels=["x/a", "x/b", "y"], data={"label_separator": None})
    assert "levels" not in evaluate(plain, texts)
    assert "levels" not in evaluate(make_classifier(labels=["n/a", "x", "y"]), labelled(["x"]))


def test_few_labels_are_scored_as_ever(make_classifier):
    found = evaluate(make_classifier(), labelled(["neg", "pos", "中"]))
    assert set(found["confusion"]) == set(found["classes"]) == {"neg", "pos", "中"}
    assert not {"confusions", "levels", "accuracy_at_3"} & set(found)


def test_a_temperature_is_fitted_on_some_texts_where_scores_are_very_many(many, monkeypatch):
    from heedful.task.classify import score

    documents = [as_document(text.text, many.tokeniser, longest=99, label=row % 161)[0] for row, text in
                 enumerate(labelled(MANY))]  # fmt: skip
    gold = torch.tensor([document.label for document in documents])
    assert temperature_of(many, documents) == fit_temperature(many.scores(documents), gold)
    monkeypatch.setattr(score, "_FITTED_SCORES", 40 * 161)
    sizes = []
    monkeypatch.setattr(score, "fit_temperature", lambda scores, gold, texts: sizes.append((len(scores), texts)) or 1.0)
    assert temperature_of(many, documents) == 1.0
    assert sizes == [(40, 161)]


def test_validation_has_the_numbers_of_many_labels(many):
    documents = [as_document("a b", many.tokeniser, longest=9, label=row)[0] for row in range(3)]
    found = scored_documents(many, documents)
    assert set(found) == {"accuracy", "accuracy_at_3", "accuracy_at_5", "macro_f1", "loss"}


@pytest.mark.parametrize("output", ["sampled", "hierarchical"])
def test_other_output_layers_answer_are_saved_and_loaded(make_classifier, tmp_path, output):
    classifier = make_classifier("textcnn", labels=MANY, model={"output": output, "samples": 20})
    found = classifier.predict(TEXTS, attention=False)
    everything = classifier.predict(TEXTS, attention=False, top="all")
    assert all(sum(one.probabilities.values()) == pytest.approx(1, abs=1e-5) for one in everything)
    classifier.save(tmp_path / "run")
    again = heedful.load(tmp_path / "run").predict(TEXTS, attention=False)
    assert [one.probabilities for one in again] == [one.probabilities for one in found]


def test_settings_of_output_layers_are_checked(make_classifier):
    with pytest.raises(UserError, match=r"output.*'smapled'"):
        make_classifier("words", model={"output": "smapled"})
    with pytest.raises(UserError, match="gain 'linear' has no loss with output 'sampled'"):
        make_classifier("sa-lstm", model={"output": "sampled"})
    with pytest.raises(UserError, match=r"data\.balance"):
        make_classifier("words", data={"balance": 2})
