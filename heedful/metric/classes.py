"""How well classes are told apart: precision, recall and F1 of each, and the mean of the last."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from heedful.data.document import UNLABELLED


@dataclass(frozen=True)
class ClassCount:
    """How often a class was answered rightly, was wanted, and was given; the numbers made of them are fractions."""

    right: int
    wanted: int
    given: int

    @property
    def precision(self) -> float:
        """How many of those that were given the class have it; 0 where there are none."""
        return self.right / max(1, self.given)

    @property
    def recall(self) -> float:
        """How many of those that have the class were given it; 0 where there are none."""
        return self.right / max(1, self.wanted)

    @property
    def f1(self) -> float:
        """Their harmonic mean, 2 right / (wanted + given)."""
        return 2 * self.right / max(1, self.wanted + self.given)


def count_classes(given: Sequence[int], wanted: Sequence[int], classes: int) -> list[ClassCount]:
    """The counts of each class, from the answers given and those wanted.

    Where `UNLABELLED` is wanted, for a label that training has not shown, the answer is a wrong one of the class given.
    """
    right = Counter(one for one, other in zip(given, wanted, strict=True) if one == other != UNLABELLED)
    needed, answered = Counter(wanted), Counter(given)
    return [ClassCount(right[each], needed[each], answered[each]) for each in range(classes)]


def macro_f1(counts: Sequence[ClassCount]) -> float:
    """The mean F1 of the classes that are wanted or given at all; 0 where none is."""
    there = [one.f1 for one in counts if one.wanted or one.given]
    return sum(there) / max(1, len(there))


def class_scores(given: Sequence[int], wanted: Sequence[int], classes: int) -> dict[str, float]:
    """Accuracy, the F1 of the last class (with two classes, the positive one) and the mean F1 of those that occur.

    A wanted class that is `UNLABELLED` is answered wrong.
    """
    counts = count_classes(given, wanted, classes)
    right = sum(one.right for one in counts)
    found = {"accuracy": right / max(1, len(wanted)), "macro_f1": macro_f1(counts)}
    return found | ({"f1": counts[-1].f1} if classes == 2 else {})
