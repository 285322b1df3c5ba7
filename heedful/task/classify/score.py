"""Scores labels: accuracy, macro F1, numbers of each class, confusion and calibration; and fits the temperature."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.data.document import UNLABELLED, Document, as_document
from heedful.data.labelled import Labelled
from heedful.data.labels import class_numbers
from heedful.data.packed import PackedDocuments, document_labels
from heedful.errors import UserError
from heedful.metric.calibration import calibration_error
from heedful.metric.classes import ClassCounts, confusion_matrix, count_classes, frequent_confusions, macro_f1
from heedful.metric.levels import are_paths, level_scores
from heedful.store import strict_json, write_text_atomically
from heedful.task.classify.answer import FEW_LABELS
from heedful.task.classify.classifier import Classifier
from heedful.task.classify.outcome import Outcomes

_AT = (3, 5)
"""The numbers of best labels among which the gold one is looked for. It takes more than twice as many labels."""

_FITTED_SCORES = 1 << 22
"""The most scores that the temperature is fitted on: it is a single number, for which some hundred texts suffice."""


def evaluate(classifier: Classifier, texts: Sequence[Labelled], *, per_label: Path | None = None) -> dict[str, Any]:
    """Labels the texts and compares the result with their gold labels.

    A text whose gold label training has not seen counts as an error: in accuracy, and in precision and F1 of the
    predicted class. Loss, calibration error and confusion leave it out. `per_label` is a file for the numbers of every
    label, one JSON object per line.

    Returns: accuracy, macro_f1, loss (nats per text with a known label), calibration_error, texts, texts_per_second;
        with more than 10 labels accuracy_at_3 and accuracy_at_5;
        levels, the scores at each level of a tree, if labels are paths;
        precision, recall, f1 and texts of each class, and confusion, the number of predictions of each label by gold
        class; with more than 100 labels, classes has those with most texts, and confusions the most frequent errors;
        a note if there are unknown labels.
    Raises: UserError, when there is no text, or none with a known label, or the file cannot be written.
    """
    if not texts:
        raise UserError("there is nothing to evaluate: no labelled text")
    numbers, note = class_numbers(texts, classifier.labels, "texts")
    longest = classifier.config.data.max_length
    # The first call also loads modules and compiles kernels, which must not be timed.
    classifier.predict([texts[0].text], attention=False)
    start = time.perf_counter()
    documents = PackedDocuments(as_document(text.text, classifier.tokeniser, longest=longest)[0] for text in texts)
    outcomes = outcomes_of(classifier, documents, numbers, temperature=classifier.config.answer.temperature)
    seconds = time.perf_counter() - start
    gold = np.array(numbers, dtype=np.int64)
    results: dict[str, Any] = {"texts": len(texts)} | outcome_scores(outcomes, gold, len(classifier.labels))
    separator = classifier.config.data.label_separator
    if separator is not None and are_paths(classifier.labels, separator):
        results["levels"] = _levels(outcomes, [text.label for text in texts], classifier.labels, separator)
    counts = count_classes(outcomes.predicted, gold, len(classifier.labels))
    if per_label is not None:
        lines = (strict_json({"label": label} | of_label) for label, of_label in _each(counts, classifier.labels))
        write_text_atomically(per_label, "".join(f"{line}\n" for line in lines))
    results |= label_tables(outcomes, gold, classifier.labels)
    results["texts_per_second"] = round(len(texts) / max(seconds, 1e-9), 1)
    return results | ({"note": note} if note else {})


def outcomes_of(
    classifier: Classifier, documents: Sequence[Document], gold: Sequence[int], *, temperature: float = 1.0
) -> Outcomes:
    """The outcomes of documents, batch by batch: the scores of all of them are never in memory together."""
    outcomes, labels = Outcomes.empty(len(documents)), torch.tensor(gold, dtype=torch.int64)

    def put(rows: list[int], scores: Tensor) -> None:
        # Validation has no temperature yet: a division by 1 would be one more pass over the scores.
        outcomes.put(rows, scores if temperature == 1.0 else scores / temperature, labels[rows])

    classifier.score_batches(documents, put)
    return outcomes


def score_labels(scores: Float[Tensor, "N C"], gold: Int[Tensor, " N"], labels: Sequence[str]) -> dict[str, Any]:
    """The numbers of `evaluate` that depend only on scores and labels."""
    outcomes, numbers = Outcomes.empty(len(gold)), gold.numpy()
    outcomes.put(list(range(len(gold))), scores, gold)
    return outcome_scores(outcomes, numbers, len(labels)) | label_tables(outcomes, numbers, labels)


def outcome_scores(outcomes: Outcomes, gold: np.ndarray[Any, np.dtype[np.int64]], labels: int) -> dict[str, Any]:
    """The plain numbers of `evaluate`."""
    counts, known = count_classes(outcomes.predicted, gold, labels), gold != UNLABELLED
    results: dict[str, Any] = {"accuracy": round(int(counts.right.sum()) / len(gold), 4)}
    if labels > 2 * max(_AT):
        results |= {f"accuracy_at_{count}": _number(outcomes.accuracy_at(count, gold)) for count in _AT}
    results["macro_f1"] = round(macro_f1(counts), 4)
    results["loss"] = _number(-outcomes.log_probability[known].mean()) if known.any() else float("nan")
    right = (outcomes.predicted == gold)[known]
    return results | {"calibration_error": _number(calibration_error(outcomes.confidence[known], right))}


def label_tables(
    outcomes: Outcomes, gold: np.ndarray[Any, np.dtype[np.int64]], labels: Sequence[str]
) -> dict[str, Any]:
    """The scores of each label and the confusion; with more than `FEW_LABELS` labels the most frequent of both."""
    counts = count_classes(outcomes.predicted, gold, len(labels))
    if len(labels) <= FEW_LABELS:
        matrix = confusion_matrix(outcomes.predicted, gold, len(labels)).tolist()
        rows = {label: dict(zip(labels, row, strict=True)) for label, row in zip(labels, matrix, strict=True)}
        return {"classes": dict(_each(counts, labels)), "confusion": rows}
    most: list[int] = np.argsort(-counts.gold, kind="stable")[:FEW_LABELS].tolist()
    chosen = ClassCounts(counts.right[most], counts.gold[most], counts.predicted[most])
    pairs = frequent_confusions(outcomes.predicted, gold, len(labels), most=FEW_LABELS)
    return {
        "classes": dict(_each(chosen, [labels[number] for number in most])),
        "confusions": [
            {"gold": labels[pair.gold], "predicted": labels[pair.predicted], "texts": pair.examples} for pair in pairs
        ],
    }


def fit_temperature(scores: Float[Tensor, "N C"], gold: Int[Tensor, " N"], *, texts: int | None = None) -> float:
    """The temperature that minimises the loss of the labelled texts; 1 if none is labelled.

    The targets are smoothed as if one example of every class had been added. Otherwise a few texts that are all
    labelled correctly would make the model certain of everything. With N texts and C classes, the highest probability
    is about (N + 1) / (N + C). The temperature stays 1 if the smoothed optimum would increase the unsmoothed loss.
    `texts` is N where the scores are those of a sample of the texts.
    Source: Guo et al. 2017, section 4.2 (arXiv:1706.04599); Platt 1999, section 2.2, for the targets.
    """
    known = gold != UNLABELLED
    if not known.any():
        return 1.0
    labelled, targets = scores[known].double(), gold[known]
    unseen = labelled.shape[1] / ((texts or labelled.shape[0]) + labelled.shape[1])

    def loss(inverse: float, smoothing: float = unseen) -> float:
        return float(torch.nn.functional.cross_entropy(labelled * inverse, targets, label_smoothing=smoothing))

    # The loss is convex in the inverse temperature, so that ternary search finds its minimum between 0.05 and 20.
    low, high = 0.05, 20.0
    for _ in range(80):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    temperature = round(2 / (low + high), 4)
    return temperature if loss(1 / temperature, 0.0) <= loss(1.0, 0.0) else 1.0


def temperature_of(classifier: Classifier, documents: Sequence[Document]) -> float:
    """The temperature fitted on documents, or on some of them, evenly spaced, if they have very many scores."""
    gold = np.array(document_labels(documents), dtype=np.int64)
    labelled = np.flatnonzero(gold != UNLABELLED)
    most = max(1, _FITTED_SCORES // len(classifier.labels))
    if len(documents) <= most:
        return fit_temperature(classifier.scores(documents), torch.from_numpy(gold))
    chosen = labelled[np.linspace(0, len(labelled) - 1, min(most, len(labelled))).astype(np.int64)]
    scores = classifier.scores([documents[row] for row in chosen])
    return fit_temperature(scores, torch.from_numpy(gold[chosen]), texts=len(labelled))


def scored_documents(classifier: Classifier, documents: Sequence[Document]) -> dict[str, float]:
    """Accuracy, macro F1 and loss of documents, as validation reports them."""
    gold = document_labels(documents)
    outcomes = outcomes_of(classifier, documents, gold)
    numbers = outcome_scores(outcomes, np.array(gold, dtype=np.int64), len(classifier.labels))
    return {name: value for name, value in numbers.items() if name != "calibration_error"}


def _levels(
    outcomes: Outcomes, gold: Sequence[str], labels: Sequence[str], separator: str
) -> dict[str, dict[str, Any]]:
    """The scores at each level, counted from 1 at the top of the tree."""
    levels = level_scores(outcomes.predicted, gold, labels, separator=separator)
    return {
        str(number): {"labels": level.labels, "accuracy": _number(level.accuracy), "macro_f1": _number(level.macro_f1)}
        for number, level in enumerate(levels, start=1)
    }


def _each(counts: ClassCounts, labels: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Precision, recall, F1 and number of texts of each class, with its label."""
    columns = [values.round(4).tolist() for values in (counts.precision, counts.recall, counts.f1)]
    rows = zip(labels, *columns, counts.gold.tolist(), strict=True)
    return [
        (label, {"precision": precision, "recall": recall, "f1": f1, "texts": texts})
        for label, precision, recall, f1, texts in rows
    ]


def _number(value: Any) -> float:
    return round(float(value), 4)
