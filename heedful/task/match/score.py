"""How good a matcher is: what suits its goal, over labelled pairs."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.document import UNLABELLED
from heedful.data.matched import Match
from heedful.errors import UserError
from heedful.metric.classes import class_scores
from heedful.metric.correlation import pearson, spearman
from heedful.metric.ranking import mean_average_precision, mean_reciprocal_rank
from heedful.task.match.config import MatchConfig
from heedful.task.match.labels import goal_of, label_numbers
from heedful.task.match.matcher import Matcher


def evaluate(matcher: Matcher, pairs: Sequence[Match]) -> dict[str, Any]:
    """Answers pairs and compares with their labels; a class that training has not shown counts as answered wrong.

    Returns: pairs, pairs_per_second, loss (nats a pair of a known label), and by the goal: accuracy, macro_f1 and, with
        two classes, f1 of the last one; of relevance also map, mrr and the ranked groups; of similarity pearson,
        spearman and rmse; note where labels are unknown.
    Raises: UserError, when there is no pair, or a label does not suit the goal.
    """
    if not pairs:
        raise UserError("there is nothing to evaluate: no labelled pair")
    texts = [(pair.left, pair.right) for pair in pairs]
    labels = label_numbers(matcher.config, pairs)
    matcher.predict(texts[:1], attention=False)  # what is loaded at the first call is not timed
    start = time.perf_counter()
    outputs = matcher.outputs(matcher.examples(texts))
    seconds = time.perf_counter() - start
    found: dict[str, Any] = {"pairs": len(pairs)}
    groups = [pair.group for pair in pairs]
    found |= {
        name: round(value, 4) for name, value in scores(matcher.config, outputs, labels.numbers, groups=groups).items()
    }
    if matcher.config.goal == "relevance":
        found["groups"] = len({group for group, label in zip(groups, labels.numbers, strict=True) if label})
    found["pairs_per_second"] = round(len(pairs) / max(seconds, 1e-9), 1)
    return found | ({"note": labels.note} if labels.note else {})


def scores(
    config: MatchConfig, outputs: Float[Tensor, "N K"], labels: Sequence[float | None], *, groups: Sequence[str]
) -> dict[str, float]:
    """The numbers of `evaluate` that depend on outputs and labels alone."""
    goal = goal_of(config)
    known = [row for row, label in enumerate(labels) if label is not None]
    wanted = torch.tensor([label for label in labels if label is not None])
    found = {"loss": float(goal.loss(outputs[known], wanted)) / max(1, len(known))}
    answers = goal.answer(outputs)
    if config.goal == "similarity":
        given, numbers = answers.squeeze(-1).tolist(), wanted.tolist()
        error = (answers.squeeze(-1) - wanted).square().mean().sqrt()
        return found | {"pearson": pearson(given, numbers), "spearman": spearman(given, numbers), "rmse": float(error)}
    classes = [UNLABELLED if label is None else int(label) for label in labels]
    if config.goal == "classes":
        return found | class_scores(answers.argmax(-1).tolist(), classes, len(config.labels))
    # Outputs rather than probabilities, which round to 1: they rank.
    ranked = outputs.squeeze(-1).tolist(), classes, groups
    found |= {"map": mean_average_precision(*ranked), "mrr": mean_reciprocal_rank(*ranked)}
    return found | class_scores((answers.squeeze(-1) >= 0.5).long().tolist(), classes, 2)
