"""Scores of labels that are paths in a tree, such as a/b/c, at each level of the tree."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from heedful.data.document import UNLABELLED
from heedful.metric.classes import Numbers, class_scores


class LevelScores(NamedTuple):
    """The scores at one level: the number of distinct labels of training there, accuracy and macro F1."""

    labels: int
    accuracy: float
    macro_f1: float


def are_paths(labels: Sequence[str], separator: str) -> bool:
    """Whether labels form a tree: some of them have the same first part before the separator."""
    return len({label.split(separator)[0] for label in labels}) < len(labels)


def level_scores(
    predicted: Numbers, gold: Sequence[str], labels: Sequence[str], *, separator: str
) -> list[LevelScores]:
    """The scores of the first part of each path, of the first two, and so on down to whole paths.

    `predicted` are indices of `labels`; `gold` are paths, which need not be among them. A path with fewer parts than a
    level counts as a whole there. So at the last level the scores are those of the labels themselves.
    """
    predicted = np.asarray(predicted, dtype=np.int64)
    paths = {label: tuple(label.split(separator)) for label in {*labels, *gold}}
    scores: list[LevelScores] = []
    for level in range(1, max(len(paths[label]) for label in labels) + 1):
        numbers: dict[tuple[str, ...], int] = {}
        of_label = np.array([numbers.setdefault(paths[label][:level], len(numbers)) for label in labels])
        of_gold = [numbers.get(paths[label][:level], UNLABELLED) for label in gold]
        found = class_scores(of_label[predicted], of_gold, len(numbers))
        scores.append(LevelScores(len(numbers), found["accuracy"], found["macro_f1"]))
    return scores
