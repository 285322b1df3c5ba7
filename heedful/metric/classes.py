"""Precision, recall and F1 of predicted classes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from heedful.data.document import UNLABELLED


@dataclass(frozen=True)
class ClassCount:
    """True positives (`right`), gold and predicted examples of a class; the scores made of them are fractions."""

    right: int
    gold: int
    predicted: int

    @property
    def precision(self) -> float:
        """The fraction of examples predicted to be of the class that are; 0 if none is predicted."""
        return self.right / max(1, self.predicted)

    @property
    def recall(self) -> float:
        """The fraction of examples of the class that are predicted to be of it; 0 if there is none."""
        return self.right / max(1, self.gold)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 2 right / (gold + predicted)."""
        return 2 * self.right / max(1, self.gold + self.predicted)


def count_classes(predicted: Sequence[int], gold: Sequence[int], classes: int) -> list[ClassCount]:
    """The counts of each class, from predicted and gold classes.

    A gold class of `UNLABELLED` stands for a label that training has not seen. Its prediction counts as an error of the
    predicted class.
    """
    right = Counter(guess for guess, label in zip(predicted, gold, strict=True) if guess == label != UNLABELLED)
    of_gold, of_predicted = Counter(gold), Counter(predicted)
    return [ClassCount(right[number], of_gold[number], of_predicted[number]) for number in range(classes)]


def macro_f1(counts: Sequence[ClassCount]) -> float:
    """The mean F1 of the classes that occur among gold or predicted ones; 0 if none does."""
    present = [count.f1 for count in counts if count.gold or count.predicted]
    return sum(present) / max(1, len(present))


def class_scores(predicted: Sequence[int], gold: Sequence[int], classes: int) -> dict[str, float]:
    """Accuracy and macro F1; with two classes also the F1 of the last one, which is the positive class.

    A gold class of `UNLABELLED` counts as an error.
    """
    counts = count_classes(predicted, gold, classes)
    right = sum(count.right for count in counts)
    scores = {"accuracy": right / max(1, len(gold)), "macro_f1": macro_f1(counts)}
    return scores | ({"f1": counts[-1].f1} if classes == 2 else {})
