"""Infers the goal from labels as written, and converts labels to numbers."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from heedful.data.document import UNLABELLED
from heedful.data.labels import class_numbers, sorted_labels
from heedful.data.matched import Match
from heedful.errors import UserError
from heedful.model.match.goal import Classes, Goal, Relevance, Similarity
from heedful.task.match.config import METRICS, MatchConfig

_YES_NO = {"1": 1.0, "0": 0.0, "true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Numbered:
    """The labels of pairs as numbers, None for a class that training has not seen, and a note about such classes."""

    numbers: list[float | None]
    note: str | None = None


def settle_goal(config: MatchConfig, pairs: Sequence[Match]) -> MatchConfig:
    """Sets the goal, classes, scale and metric from the training pairs.

    If the goal is auto, it is inferred from the labels. Numbers with fractions are similarities. 1 and 0 are relevances
    if groups have two or more pairs on average. All other labels are classes.
    Raises: UserError, when a label does not fit the goal, or all pairs have the same label.
    """
    goal, train = _guess(pairs) if config.goal == "auto" else config.goal, config.train
    if train.metric == "auto":
        train = train.model_copy(update={"metric": METRICS[goal]})
    numbers = [_number(pair, goal) for pair in pairs] if goal != "classes" else []
    labels = sorted_labels(pair.label for pair in pairs)
    if len(labels) < 2:
        raise UserError(
            f"all {len(pairs)} training pairs have the label {pairs[0].label!r}, so that there is nothing to learn",
            where=pairs[0].where,
            hint="give pairs with two labels or more; is the column label the right one?",
        )
    scale = (min(numbers), max(numbers)) if goal == "similarity" else config.scale
    settled = {"goal": goal, "train": train, "labels": labels if goal == "classes" else (), "scale": scale}
    return config.model_copy(update=settled)


def kinds_of(goal: str, pairs: Sequence[Match]) -> list[str]:
    """The stratum of each pair, so that validation has some of every kind.

    | goal | strata | because |
    |---|---|---|
    | classes | the labels | |
    | relevance | "1" if the group has a relevant pair | other groups have no ranking to score |
    | similarity | "1" above the mean | equal numbers have no correlation |

    Raises: UserError, with file:line, for a label that is not a number where the goal needs one.
    """
    if goal == "classes":
        return [pair.label for pair in pairs]
    numbers = [_number(pair, goal) for pair in pairs]
    if goal == "similarity":
        middle = sum(numbers) / max(1, len(numbers))
        return [str(int(number > middle)) for number in numbers]
    answered = {pair.group for pair, number in zip(pairs, numbers, strict=True) if number}
    return [str(int(pair.group in answered)) for pair in pairs]


def goal_of(config: MatchConfig) -> Goal:
    """The goal in settings that `settle_goal` has completed."""
    if config.goal == "classes":
        return Classes(len(config.labels))
    return Relevance() if config.goal == "relevance" else Similarity(*config.scale)


def label_numbers(config: MatchConfig, pairs: Sequence[Match]) -> Numbered:
    """The labels as the numbers that the model is trained on.

    Raises: UserError, with file:line, for a label that is not a number where the goal needs one, and when no pair has a
        class that training has seen.
    """
    if config.goal != "classes":
        return Numbered([_number(pair, config.goal) for pair in pairs])
    numbers, note = class_numbers(pairs, config.labels, "pairs")
    return Numbered([None if number == UNLABELLED else float(number) for number in numbers], note)


def _guess(pairs: Sequence[Match]) -> str:
    labels = Counter(pair.label for pair in pairs)
    try:
        values = [float(label) for label in labels]
    except ValueError:
        return "classes"
    if any(value != int(value) for value in values if math.isfinite(value)):
        return "similarity"
    groups = len({pair.group for pair in pairs})
    return "relevance" if set(labels) <= {"0", "1"} and groups <= len(pairs) / 2 else "classes"


def _number(pair: Match, goal: str) -> float:
    if goal == "relevance":
        if pair.label.lower() not in _YES_NO:
            raise UserError(f"expected the label 1 or 0, found {pair.label!r}", where=pair.where, hint=_HINT)
        return _YES_NO[pair.label.lower()]
    try:
        value = float(pair.label)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"expected a number as label, found {pair.label!r}", where=pair.where, hint=_HINT)
    return value


_HINT = "labels of any kind are classes: train with --set goal=classes"
