"""How good rankings are: mean average precision and mean reciprocal rank."""

import math
from collections.abc import Sequence
from itertools import groupby


def mean_average_precision(scores: Sequence[float], labels: Sequence[int], groups: Sequence[str]) -> float:
    """The mean over groups of their average precision; groups without a relevant pair are left out.

    Pairs with the same score come in every order alike: what counts is the mean over those orders, so that a model that
    tells nothing apart gets what chance gets, whatever the order of the file. NaN where no group has a relevant pair.
    Source: Manning et al. 2008, section 8.4; McSherry and Najork 2008 for ties.
    """
    return _mean([_average_precision(ranking) for ranking in _rankings(scores, labels, groups)])


def mean_reciprocal_rank(scores: Sequence[float], labels: Sequence[int], groups: Sequence[str]) -> float:
    """The mean over groups of one over the rank of the first relevant pair; groups and ties as in `MAP`.

    Source: Voorhees 1999; McSherry and Najork 2008 for ties.
    """
    return _mean([_reciprocal_rank(ranking) for ranking in _rankings(scores, labels, groups)])


Ties = list[tuple[int, int]]
"""A ranking: for each score from the best down how many pairs have it, and how many of them are relevant."""


def _rankings(scores: Sequence[float], labels: Sequence[int], groups: Sequence[str]) -> list[Ties]:
    """The ranking of every group that has a relevant pair."""
    members: dict[str, list[tuple[float, int]]] = {}
    for group, score, label in zip(groups, scores, labels, strict=True):
        members.setdefault(group, []).append((score, label))
    rankings: list[Ties] = []
    for pairs in members.values():
        if any(label for _, label in pairs):
            ordered = groupby(sorted(pairs, reverse=True), key=lambda pair: pair[0])
            tied = [[label for _, label in own] for _, own in ordered]
            rankings.append([(len(own), sum(own)) for own in tied])
    return rankings


def _average_precision(ranking: Ties) -> float:
    """The mean precision at the relevant places, over all orders of those tied."""
    total, above, relevant = 0.0, 0, 0
    for count, hits in ranking:
        others = (hits - 1) / (count - 1) if count > 1 else 0.0  # how often another of the tie is relevant as well
        for place in range(count) if hits else ():
            total += hits / count * (relevant + 1 + place * others) / (above + place + 1)
        above, relevant = above + count, relevant + hits
    return total / relevant


def _reciprocal_rank(ranking: Ties) -> float:
    """One over the first relevant place, over all orders of those tied."""
    above = 0
    for count, hits in ranking:
        if hits:
            orders = math.comb(count, hits)
            places = range(count - hits + 1)
            return sum(math.comb(count - place - 1, hits - 1) / orders / (above + place + 1) for place in places)
        above += count
    raise ValueError("a ranking needs a relevant pair")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan
