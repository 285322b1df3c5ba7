"""Precision, recall and F1 of predicted classes, and which classes are confused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from heedful.data.document import UNLABELLED

Numbers = Sequence[int] | np.ndarray[Any, np.dtype[np.int64]]
"""The class of each example."""

Counts = np.ndarray[Any, np.dtype[np.int64]]
Fractions = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class ClassCounts:
    """True positives (`right`), gold and predicted examples of each class; the scores made of them are fractions."""

    right: Counts
    gold: Counts
    predicted: Counts

    @property
    def precision(self) -> Fractions:
        """The fraction of examples predicted to be of a class that are; 0 where none is predicted."""
        return self.right / np.maximum(1, self.predicted)

    @property
    def recall(self) -> Fractions:
        """The fraction of examples of a class that are predicted to be of it; 0 where there is none."""
        return self.right / np.maximum(1, self.gold)

    @property
    def f1(self) -> Fractions:
        """The harmonic mean of precision and recall, 2 right / (gold + predicted)."""
        return 2 * self.right / np.maximum(1, self.gold + self.predicted)


class Confusion(NamedTuple):
    """How many examples of the class `gold` were predicted to be of the class `predicted`."""

    gold: int
    predicted: int
    examples: int


def count_classes(predicted: Numbers, gold: Numbers, classes: int) -> ClassCounts:
    """The counts of each class, from predicted and gold classes.

    A gold class of `UNLABELLED` stands for a label that training has not seen. Its prediction counts as an error of the
    predicted class.
    Raises: ValueError, when there is not one predicted class per gold class.
    """
    predicted, gold = _as_arrays(predicted, gold)
    of_gold = np.bincount(gold[gold != UNLABELLED], minlength=classes)
    right = np.bincount(gold[predicted == gold], minlength=classes)
    return ClassCounts(right, of_gold, np.bincount(predicted, minlength=classes))


def macro_f1(counts: ClassCounts) -> float:
    """The mean F1 of the classes that occur among gold or predicted ones; 0 if none does."""
    present: list[float] = counts.f1[counts.gold + counts.predicted > 0].tolist()
    return sum(present) / max(1, len(present))


def class_scores(predicted: Numbers, gold: Numbers, classes: int) -> dict[str, float]:
    """Accuracy and macro F1; with two classes also the F1 of the last one, which is the positive class.

    A gold class of `UNLABELLED` counts as an error.
    """
    counts = count_classes(predicted, gold, classes)
    scores = {"accuracy": int(counts.right.sum()) / max(1, len(gold)), "macro_f1": macro_f1(counts)}
    return scores | ({"f1": float(counts.f1[-1])} if classes == 2 else {})


def confusion_matrix(predicted: Numbers, gold: Numbers, classes: int) -> Counts:
    """How many examples of each class (rows) were predicted to be of each (columns), ``[classes, classes]``.

    Examples whose gold class is `UNLABELLED` are left out. Memory: O(classes²); see `frequent_confusions`.
    """
    predicted, gold = _as_arrays(predicted, gold)
    known = gold != UNLABELLED
    cells = np.bincount(gold[known] * classes + predicted[known], minlength=classes * classes)
    return cells.reshape(classes, classes)


def frequent_confusions(predicted: Numbers, gold: Numbers, classes: int, *, most: int) -> list[Confusion]:
    """The `most` frequent pairs of a gold class and a wrong prediction, the most frequent first.

    Pairs of equal frequency are in the order of their classes. Memory grows with the errors, not with the classes.
    """
    predicted, gold = _as_arrays(predicted, gold)
    wrong = (gold != UNLABELLED) & (predicted != gold)
    pairs, counts = np.unique(gold[wrong] * classes + predicted[wrong], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return [Confusion(*divmod(int(pairs[row]), classes), int(counts[row])) for row in order]


def _as_arrays(predicted: Numbers, gold: Numbers) -> tuple[Counts, Counts]:
    arrays = np.asarray(predicted, dtype=np.int64), np.asarray(gold, dtype=np.int64)
    if arrays[0].shape != arrays[1].shape:
        raise ValueError(f"{len(predicted)} predicted classes for {len(gold)} gold ones: expected one for each")
    return arrays
