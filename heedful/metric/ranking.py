"""Metrics of rankings: mean average precision and mean reciprocal rank."""

import math
from collections.abc import Sequence
from itertools import groupby


def mean_average_precision(scores: Sequence[float], labels: Sequence[int], groups: Sequence[str]) -> float:
    """The mean average precision over groups; groups without a relevant pair are left out.

    Ties are averaged over all orders of the tied pairs. A model that gives all pairs the same score therefore gets the
    result of chance, independent of the order in the file. NaN if no group has a relevant pair.
    Source: Manning et al. 2008, section 8.4; McSherry and Najork 2008 for ties.
    """
    return _mean([_average_precision(ranking) for ranking in _rankings(scores, labels, groups)])


def mean_reciprocal_rank(scores: Sequence[float], labels: Sequence[int], groups: Sequence[str]) -> float:
    """The mean over groups of 1 / rank of the first relevant pair; groups and ties as in `mean_average_precision`.

    Source: Voorhees 1999; McSherry and Najork 2008 for ties.
    """
    return _mean([_reciprocal_rank(ranking) for ranking in _rankings(scores, labels, groups)])


Ties = list[tuple[int, int]]
"""A ranking: for each score, the best first, the number of pairs with this score and the number of relevant ones."""


def _rankings(scores: Sequence[float], labels: Sequence[int], groups: Sequence[str]) -> list[Ties]:
    """The ranking of every group that has a relevant pair."""
    members: dict[str, list[tuple[float, int]]] = {}
    for group, score, label in zip(groups, scores, labels, strict=True):
        members.setdefault(group, []).append((score, label))
    rankings: list[Ties] = []
    for pairs in members.values():
        if any(label for _, label in pairs):
            ordered = groupby(sorted(pairs, reverse=True), key=lambda pair: pair[0])
            tied = [[label for _, label in tie] for _, tie in ordered]
            rankings.append([(len(relevances), sum(relevances)) for relevances in tied])
    return rankings


def _average_precision(ranking: Ties) -> float:
    """The mean precision at the ranks of relevant pairs, averaged over all orders of tied pairs."""
    total, above, relevant = 0.0, 0, 0
    for count, hits in ranking:
        others = (hits - 1) / (count - 1) if count > 1 else 0.0  # the probability that another tied pair is relevant
        # The pair at position `index` of the tie is relevant with probability hits / count.
        for index in range(count) if hits else ():
            total += hits / count * (relevant + 1 + index * others) / (above + index + 1)
        above, relevant = above + count, relevant + hits
    return total / relevant


def _reciprocal_rank(ranking: Ties) -> float:
    """1 / rank of the first relevant pair, averaged over all orders of tied pairs."""
    above = 0
    for count, hits in ranking:
        if hits:
            orders = math.comb(count, hits)
            # With the first hit at `index`, the other hits are among the pairs of the tie after it.
            first = range(count - hits + 1)
            return sum(math.comb(count - index - 1, hits - 1) / orders / (above + index + 1) for index in first)
        above += count
    raise ValueError("a ranking needs a relevant pair")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan
