"""Attention written as its definition, in NumPy float64 and plain loops: slow, short and obviously right.

Nothing here is shared with the torch code, not even a formula's shape: a score is a number for one pair, a region
says yes or no to one pair, and a choice sees only the scores of the keys that may be looked at, so there is no
masking to get wrong. Arrays are ``[T, D]`` and ``[S, D]``, without batch axes; `heedful.testing.exact` reads the
parameters out of heedful's own objects and loops over the batch.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Pair = Callable[[Array, Array], float]
Rule = Callable[[Array], Array]
BISECTIONS = 200


# Scores: a number for one query and one key ---------------------------------------------------------------------


def scores(query: ArrayLike, key: ArrayLike, pair: Pair) -> Array:
    """Score every query with every key, one pair at a time: ``[T, S]``."""
    queries, keys = np.asarray(query, np.float64), np.asarray(key, np.float64)
    # Memory that no query sees may hold NaN and infinity.
    with np.errstate(all="ignore"):
        rows = [[pair(q, k) for k in keys] for q in queries]
    return np.array(rows, np.float64).reshape(len(queries), len(keys))


def dot(scale: float | None = None) -> Pair:
    """``scale * <q, k>``; None means ``1 / sqrt(D)`` (Vaswani et al. 2017, eq. 1)."""
    return lambda q, k: (
        sum(a * b for a, b in zip(q, k, strict=True)) * (1 / math.sqrt(len(q)) if scale is None else scale)
    )


def general(weight: Array) -> Pair:
    """``q^T W k`` (Luong et al. 2015, eq. 8)."""
    return lambda q, k: float(q @ weight @ k)


def cosine(temperature: float = 1.0, epsilon: float = 0.0) -> Pair:
    """``temperature * <q, k> / (|q| |k|)``, 0 for a zero vector; `epsilon` is added to each squared length."""

    def pair(q: Array, k: Array) -> float:
        lengths = math.sqrt(float(q @ q) + epsilon) * math.sqrt(float(k @ k) + epsilon)
        return float(q @ k) / lengths * temperature if lengths > 0 else 0.0

    return pair


def concat(query_weight: Array, key_weight: Array) -> Pair:
    """``w . [q; k]``, the linear concatenation: what the query adds is the same for every key."""
    return lambda q, k: float(query_weight @ q + key_weight @ k)


def additive(query_weight: Array, query_bias: Array, key_weight: Array, *, weight: Array) -> Pair:
    """``v . tanh(W q + b + U k)`` (Bahdanau et al. 2015, A.1.2); weights as torch's Linear stores them."""
    return lambda q, k: float(
        sum(v * math.tanh(h) for v, h in zip(weight, query_weight @ q + query_bias + key_weight @ k, strict=True))
    )


def location(query: ArrayLike, keys: int, weight: Array) -> Array:
    """``(W q)_s``: the score of position ``s``, whatever the key holds (Luong et al. 2015, eq. 9): ``[T, S]``."""
    queries = np.asarray(query, np.float64)
    rows = [[weight[s] @ q for s in range(keys)] for q in queries]
    return np.array(rows, np.float64).reshape(len(queries), keys)


# Regions: may query t look at key s? ----------------------------------------------------------------------------


def visible(queries: int, keys: int, allows: Callable[[int, int], bool]) -> NDArray[np.bool_]:
    """Whether each pair is allowed: ``[T, S]``."""
    rows = [[allows(t, s) for s in range(keys)] for t in range(queries)]
    return np.array(rows, bool).reshape(queries, keys)


def everywhere(queries: int, keys: int) -> NDArray[np.bool_]:
    """Every query sees every key."""
    return visible(queries, keys, lambda t, s: True)


def causal(queries: int, keys: int) -> NDArray[np.bool_]:
    """Nothing after the query's own position; the last query stands at the last key (bottom right)."""
    return visible(queries, keys, lambda t, s: s <= t + keys - queries)


def window(queries: int, keys: int, radius: float | int, *, centre: ArrayLike | None = None) -> NDArray[np.bool_]:
    """Keys at most `radius` from the query's own position, or from ``centre[t]`` (Luong et al. 2015, 3.2)."""
    centres = np.arange(queries) + keys - queries if centre is None else np.asarray(centre, np.float64)
    return visible(queries, keys, lambda t, s: bool(abs(s - centres[t]) <= radius))


def padding(queries: int, keys: int, length: int) -> NDArray[np.bool_]:
    """Only the first `length` keys are real."""
    return visible(queries, keys, lambda t, s: s < length)


def gaussian(keys: int, centre: ArrayLike, radius: float | int) -> Array:
    """The gate of local-p, ``exp(-(s - p)^2 / (2 sigma^2))`` with ``sigma = radius / 2`` (eq. 10): ``[T, S]``."""
    sigma, centres = radius / 2, np.asarray(centre, np.float64)
    rows = [[math.exp(-((s - p) ** 2) / (2 * sigma**2)) for s in range(keys)] for p in centres]
    return np.array(rows, np.float64).reshape(len(centres), keys)


# Choices: weights for the keys that one query may see, and for no others -----------------------------------------


def softmax(temperature: float = 1.0) -> Rule:
    """``exp(s / temperature)``, divided by its sum."""

    def rule(row: Array) -> Array:
        powers = np.array([math.exp((s - max(row)) / temperature) for s in row])
        return powers / powers.sum()

    return rule


def argmax(row: Array) -> Array:
    """All weight to the highest score; of equal scores, to the first."""
    best = min(range(len(row)), key=lambda s: (-row[s], s))
    return np.array([1.0 if s == best else 0.0 for s in range(len(row))])


def sparsemax(row: Array) -> Array:
    """``max(s - tau, 0)`` with the tau that makes the sum 1 (Martins & Astudillo 2016, arXiv:1602.02068)."""
    return _threshold(row, lambda gap: gap)


def entmax15(row: Array) -> Array:
    """``max(s / 2 - tau, 0)^2`` with the tau that makes the sum 1 (Peters et al. 2019, arXiv:1905.05702)."""
    return _threshold(row / 2, lambda gap: gap * gap)


def topk(k: int) -> Rule:
    """Softmax over the `k` highest scores; of equal ones, the first."""

    def rule(row: Array) -> Array:
        best = sorted(range(len(row)), key=lambda s: (-row[s], s))[:k]
        weights = np.zeros(len(row))
        weights[best] = softmax()(row[best])
        return weights

    return rule


def _threshold(row: Array, shape: Callable[[float], float]) -> Array:
    """Find tau by bisection: the sum falls as tau grows, is >= 1 at ``max - 1`` and 0 at ``max``."""

    def weights(tau: float) -> Array:
        return np.array([shape(max(s - tau, 0.0)) for s in row])

    low, high = max(row) - 1.0, max(row)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if weights(middle).sum() >= 1 else (low, middle)
    # 200 halvings leave the last bit of tau; what it leaves in the sum is divided away.
    return weights(low) / weights(low).sum()


# Attention ------------------------------------------------------------------------------------------------------


def align(scores: Array, visible: NDArray[np.bool_], rule: Rule, *, gate: Array | None = None) -> Array:
    """Weights ``[T, S]``: the rule over the visible keys, the gate after it, 0 elsewhere. Not normalised again."""
    weights = np.zeros(scores.shape)
    for t in range(scores.shape[0]):
        keys = np.flatnonzero(visible[t])
        if len(keys) > 0:
            weights[t, keys] = rule(scores[t, keys])
    return weights if gate is None else weights * gate


def attend(weights: Array, value: ArrayLike) -> Array:
    """Context ``[T, V]``: the sum of the values, each times its weight; a weight of 0 takes nothing."""
    values = np.asarray(value, np.float64)
    context = np.zeros((weights.shape[0], values.shape[1]))
    for t, s in np.argwhere(weights != 0):
        context[t] += weights[t, s] * values[s]
    return context


def log_probability(scores: Array, visible: NDArray[np.bool_]) -> Array:
    """``log softmax`` of the visible scores, ``-inf`` elsewhere: ``[T, S]``."""
    weights = align(scores, visible, softmax())
    with np.errstate(divide="ignore"):
        return np.log(weights)


def entropy(scores: Array, visible: NDArray[np.bool_]) -> Array:
    """``-sum p log p`` of the softmax over the visible keys, 0 where there are none: ``[T]``."""
    weights = align(scores, visible, softmax())
    return np.array([-sum(p * math.log(p) for p in row if p > 0) for row in weights], np.float64)
