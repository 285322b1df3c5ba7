"""Scores labels: accuracy, macro F1, numbers of each class, confusion and calibration; and fits the temperature."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.data.document import UNLABELLED, Document, as_document
from heedful.data.labelled import Labelled
from heedful.data.labels import class_numbers
from heedful.errors import UserError, require
from heedful.metric.classes import ClassCount, count_classes, macro_f1
from heedful.task.classify.classifier import Classifier

_BINS = 15
"""The number of bins of the calibration error, as in Guo et al. 2017."""


def evaluate(classifier: Classifier, texts: Sequence[Labelled]) -> dict[str, Any]:
    """Labels the texts and compares the result with their gold labels.

    A text whose gold label training has not seen counts as an error: in accuracy, and in precision and F1 of the
    predicted class. Loss, calibration error and confusion leave it out.

    Returns: accuracy, macro_f1, loss (nats per text with a known label), calibration_error, texts, texts_per_second;
        precision, recall, f1 and texts of each class; confusion, the number of predictions of each label by gold class;
        a note if there are unknown labels.
    Raises: UserError, when there is no text, or none with a known label.
    """
    if not texts:
        raise UserError("there is nothing to evaluate: no labelled text")
    numbers, note = class_numbers(texts, classifier.labels, "texts")
    longest = classifier.config.data.max_length
    # The first call also loads modules and compiles kernels, which must not be timed.
    classifier.predict([texts[0].text], attention=False)
    start = time.perf_counter()
    documents = [as_document(text.text, classifier.tokeniser, longest=longest)[0] for text in texts]
    scores = classifier.scores(documents)
    seconds = time.perf_counter() - start
    results: dict[str, Any] = {"texts": len(texts)}
    results |= score_labels(scores / classifier.config.answer.temperature, torch.tensor(numbers), classifier.labels)
    results["texts_per_second"] = round(len(texts) / max(seconds, 1e-9), 1)
    return results | ({"note": note} if note else {})


def score_labels(scores: Float[Tensor, "N C"], gold: Int[Tensor, " N"], labels: Sequence[str]) -> dict[str, Any]:
    """The numbers of `evaluate` that depend only on scores and labels.

    Raises: UserError, when torchmetrics is missing.
    """
    metrics = require("torchmetrics.functional.classification", extra="train")
    known = gold != UNLABELLED
    predicted, targets, count = scores[known].argmax(-1), gold[known], len(labels)
    counts = count_classes(scores.argmax(-1).tolist(), gold.tolist(), count)
    results: dict[str, Any] = {"accuracy": round(sum(of_class.right for of_class in counts) / len(gold), 4)}
    results["macro_f1"] = round(macro_f1(counts), 4)
    results["loss"] = _number(torch.nn.functional.cross_entropy(scores[known], targets))
    probability = torch.softmax(scores[known], dim=-1)
    error = metrics.multiclass_calibration_error(probability, targets, num_classes=count, n_bins=_BINS)
    results["calibration_error"] = _number(error)
    confusion = metrics.multiclass_confusion_matrix(predicted, targets, num_classes=count)
    results["classes"] = {label: _of_class(of_class) for label, of_class in zip(labels, counts, strict=True)}
    results["confusion"] = {
        label: {answer: int(cell) for answer, cell in zip(labels, row, strict=True)}
        for label, row in zip(labels, confusion, strict=True)
    }
    return results


def fit_temperature(scores: Float[Tensor, "N C"], gold: Int[Tensor, " N"]) -> float:
    """The temperature that minimises the loss of the labelled texts; 1 if none is labelled.

    The targets are smoothed as if one example of every class had been added. Otherwise a few texts that are all
    labelled correctly would make the model certain of everything. With N texts and C classes, the highest probability
    is about (N + 1) / (N + C). The temperature stays 1 if the smoothed optimum would increase the unsmoothed loss.
    Source: Guo et al. 2017, section 4.2 (arXiv:1706.04599); Platt 1999, section 2.2, for the targets.
    """
    known = gold != UNLABELLED
    if not known.any():
        return 1.0
    labelled, targets = scores[known].double(), gold[known]
    unseen = labelled.shape[1] / (labelled.shape[0] + labelled.shape[1])

    def loss(inverse: float, smoothing: float = unseen) -> float:
        return float(torch.nn.functional.cross_entropy(labelled * inverse, targets, label_smoothing=smoothing))

    # The loss is convex in the inverse temperature, so that ternary search finds its minimum between 0.05 and 20.
    low, high = 0.05, 20.0
    for _ in range(80):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    temperature = round(2 / (low + high), 4)
    return temperature if loss(1 / temperature, 0.0) <= loss(1.0, 0.0) else 1.0


def scored_documents(classifier: Classifier, documents: Sequence[Document]) -> dict[str, float]:
    """Accuracy, macro F1 and loss of documents, as validation reports them."""
    gold = torch.tensor([document.label for document in documents])
    numbers = score_labels(classifier.scores(documents), gold, classifier.labels)
    return {name: numbers[name] for name in ("accuracy", "macro_f1", "loss")}


def _of_class(count: ClassCount) -> dict[str, float]:
    """Precision, recall, F1 and number of texts of one class."""
    scores = {"precision": count.precision, "recall": count.recall, "f1": count.f1}
    return {name: round(value, 4) for name, value in scores.items()} | {"texts": count.gold}


def _number(value: Any) -> float:
    return round(float(value), 4)
