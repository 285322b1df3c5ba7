"""How good labels are: accuracy, macro F1, each class, what is taken for what, and whether probabilities are honest."""

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
"""Of the calibration error, as Guo et al. 2017 have them."""


def evaluate(classifier: Classifier, texts: Sequence[Labelled]) -> dict[str, Any]:
    """Labels the texts and compares with their own labels.

    One that training has not shown counts as answered wrong, in accuracy and in precision and F1 of the class given;
    loss, calibration error and confusion leave its text out.

    Returns: accuracy, macro_f1, loss (nats a text of a known label), calibration_error, texts, texts_per_second, and by
        class precision, recall, f1 and texts; confusion, by class how often it was given which label; note where
        labels are unknown.
    Raises: UserError, when there is no text, or none with a known label.
    """
    if not texts:
        raise UserError("there is nothing to evaluate: no labelled text")
    numbers, note = class_numbers(texts, classifier.labels, "texts")
    longest = classifier.config.data.max_length
    classifier.predict([texts[0].text], attention=False)  # what is loaded at the first call is not timed
    start = time.perf_counter()
    documents = [as_document(one.text, classifier.tokeniser, longest=longest)[0] for one in texts]
    scores = classifier.scores(documents)
    seconds = time.perf_counter() - start
    results: dict[str, Any] = {"texts": len(texts)}
    results |= score_labels(scores / classifier.config.answer.temperature, torch.tensor(numbers), classifier.labels)
    results["texts_per_second"] = round(len(texts) / max(seconds, 1e-9), 1)
    return results | ({"note": note} if note else {})


def score_labels(scores: Float[Tensor, "N C"], gold: Int[Tensor, " N"], labels: Sequence[str]) -> dict[str, Any]:
    """The numbers of `evaluate` that depend on scores and labels alone.

    Raises: UserError, when torchmetrics is missing.
    """
    metrics = require("torchmetrics.functional.classification", extra="train")
    known = gold != UNLABELLED
    given, wanted, count = scores[known].argmax(-1), gold[known], len(labels)
    counts = count_classes(scores.argmax(-1).tolist(), gold.tolist(), count)
    results: dict[str, Any] = {"accuracy": round(sum(one.right for one in counts) / len(gold), 4)}
    results["macro_f1"] = round(macro_f1(counts), 4)
    results["loss"] = _number(torch.nn.functional.cross_entropy(scores[known], wanted))
    probability = torch.softmax(scores[known], dim=-1)
    error = metrics.multiclass_calibration_error(probability, wanted, num_classes=count, n_bins=_BINS)
    results["calibration_error"] = _number(error)
    confusion = metrics.multiclass_confusion_matrix(given, wanted, num_classes=count)
    results["classes"] = {label: _of_class(one) for label, one in zip(labels, counts, strict=True)}
    results["confusion"] = {
        label: {other: int(cell) for other, cell in zip(labels, row, strict=True)}
        for label, row in zip(labels, confusion, strict=True)
    }
    return results


def fit_temperature(scores: Float[Tensor, "N C"], gold: Int[Tensor, " N"]) -> float:
    """The temperature that makes the loss of labelled texts least; 1 where none is labelled.

    As if each class had been seen once more behind every text, so that few texts, all answered right, do not make the
    model certain of everything: of N texts and C classes the surest answer is about (N + 1) / (N + C). Where that would
    make the loss of the texts themselves higher, the temperature stays 1.
    The loss is convex in the inverse of the temperature, and the search goes from 0.05 to 20.
    Source: Guo et al. 2017, section 4.2 (arXiv:1706.04599); Platt 1999, section 2.2, for the targets.
    """
    known = gold != UNLABELLED
    if not known.any():
        return 1.0
    kept, wanted = scores[known].double(), gold[known]
    unseen = kept.shape[1] / (kept.shape[0] + kept.shape[1])

    def loss(inverse: float, smoothing: float = unseen) -> float:
        return float(torch.nn.functional.cross_entropy(kept * inverse, wanted, label_smoothing=smoothing))

    low, high = 0.05, 20.0
    for _ in range(80):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    temperature = round(2 / (low + high), 4)
    return temperature if loss(1 / temperature, 0.0) <= loss(1.0, 0.0) else 1.0


def scored_documents(classifier: Classifier, documents: Sequence[Document]) -> dict[str, float]:
    """Accuracy, macro F1 and loss of documents, as validation reports them."""
    gold = torch.tensor([one.label for one in documents])
    found = score_labels(classifier.scores(documents), gold, classifier.labels)
    return {name: found[name] for name in ("accuracy", "macro_f1", "loss")}


def _of_class(one: ClassCount) -> dict[str, float]:
    """Precision, recall, F1 and count of one class."""
    named = {"precision": one.precision, "recall": one.recall, "f1": one.f1}
    return {name: round(value, 4) for name, value in named.items()} | {"texts": one.wanted}


def _number(value: Any) -> float:
    return round(float(value), 4)
