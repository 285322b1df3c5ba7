"""Scores a matcher on labelled pairs, with the metrics of its goal."""

import time
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.data.document import UNLABELLED
from heedful.data.matched import Match
from heedful.errors import UserError
from heedful.task.match.config import MatchConfig
from heedful.task.match.labels import goal_of, label_numbers
from heedful.task.match.matcher import Matcher
from heedful.task.match.measure import class_scores, mean_average_precision, mean_reciprocal_rank, pearson, spearman


def evaluate(matcher: Matcher, pairs: Sequence[Match]) -> dict[str, Any]:
    """Answers pairs and compares the answers with their labels.

    A class that training has not seen counts as an error.

    Returns: pairs, pairs_per_second, loss (nats per pair with a known label), a note if there are unknown labels, and
        for classes and relevance: accuracy, macro_f1 and, with two classes, f1 of the last class; for relevance also
        map, mrr and the number of ranked groups; for similarity: pearson, spearman and rmse.
    Raises: UserError, when there is no pair, or a label does not fit the goal.
    """
    if not pairs:
        raise UserError("there is nothing to evaluate: no labelled pair")
    texts = [(pair.left, pair.right) for pair in pairs]
    labels = label_numbers(matcher.config, pairs)
    # The first call also loads modules and compiles kernels, which must not be timed.
    matcher.predict(texts[:1], attention=False)
    start = time.perf_counter()
    outputs = matcher.outputs(matcher.examples(texts))
    seconds = time.perf_counter() - start
    results: dict[str, Any] = {"pairs": len(pairs)}
    groups = [pair.group for pair in pairs]
    results |= {
        name: round(value, 4) for name, value in scores(matcher.config, outputs, labels.numbers, groups=groups).items()
    }
    if matcher.config.goal == "relevance":
        results["groups"] = len({group for group, label in zip(groups, labels.numbers, strict=True) if label})
    results["pairs_per_second"] = round(len(pairs) / max(seconds, 1e-9), 1)
    return results | ({"note": labels.note} if labels.note else {})


def scores(
    config: MatchConfig, outputs: Float[Tensor, "N K"], labels: Sequence[float | None], *, groups: Sequence[str]
) -> dict[str, float]:
    """The numbers of `evaluate` that depend only on outputs and labels."""
    goal = goal_of(config)
    known = [row for row, label in enumerate(labels) if label is not None]
    targets = torch.tensor([label for label in labels if label is not None])
    results = {"loss": float(goal.loss(outputs[known], targets)) / max(1, len(known))}
    answers = goal.answer(outputs)
    if config.goal == "similarity":
        error = (answers.squeeze(-1) - targets).square().mean().sqrt()
        columns = answers.squeeze(-1).tolist(), targets.tolist()
        return results | {"pearson": pearson(*columns), "spearman": spearman(*columns), "rmse": float(error)}
    classes = [UNLABELLED if label is None else int(label) for label in labels]
    if config.goal == "classes":
        return results | class_scores(answers.argmax(-1).tolist(), classes, len(config.labels))
    # Pairs are ranked by outputs: probabilities close to 1 round to equal numbers.
    ranked = outputs.squeeze(-1).tolist(), classes, groups
    results |= {"map": mean_average_precision(*ranked), "mrr": mean_reciprocal_rank(*ranked)}
    return results | class_scores((answers.squeeze(-1) >= 0.5).long().tolist(), classes, 2)
