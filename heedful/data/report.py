"""What is in a file of sentence pairs, before anyone trains on it: counts, lengths, and what looks wrong."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from heedful.data.pairs import Pair
from heedful.data.tokenise import SPECIAL, Tokeniser
from heedful.shapes import UNK

PERCENTILES = (0, 25, 50, 75, 95, 99, 100)
_SHOWN = 5  # places named for each fault
_RATIO, _GAP = 3.0, 10  # an outlier's lengths are three times off the usual ratio, and ten pieces apart


@dataclass(frozen=True)
class Fault:
    """Something that looks wrong: how often, and the first places, each "file:line" with perhaps a word more."""

    count: int
    places: list[str]


@dataclass(frozen=True)
class Side:
    """One language: how long its sentences are, and what the tokeniser does not know.

    percentiles: length in `unit` at 0, 25, 50, 75, 95, 99 and 100 % (see `PERCENTILES`). unknown_rate: unknown
    pieces among all; 0 without a tokeniser. unknown: the words that hold them, commonest first.
    """

    unit: str
    total: int
    percentiles: tuple[int, ...]
    unknown_rate: float
    unknown: list[str]


@dataclass(frozen=True)
class EncodedExample:
    """A pair as a model sees it."""

    pair: Pair
    source_pieces: list[str]
    target_pieces: list[str]


@dataclass(frozen=True)
class PairReport:
    """All that `check_pairs` found."""

    pairs: int
    source: Side
    target: Side
    empty: Fault
    duplicates: Fault
    copies: Fault
    outliers: Fault
    too_long: Fault
    examples: list[EncodedExample]


def check_pairs(
    pairs: Sequence[Pair],
    source: Tokeniser | None = None,
    target: Tokeniser | None = None,
    *,
    max_length: int | None = None,
) -> PairReport:
    """Looks through sentence pairs for what would hurt training.

    Lengths are in pieces, or in characters for a side without a tokeniser. Faults: an empty side; a pair seen
    before, word by word; a target that copies its source; a length ratio more than 3 times off the median of the
    file, where the lengths differ by more than 10 too; and with `max_length`, sides longer than that.
    """
    sources, targets = (
        _pieces([pair.source for pair in pairs], source),
        _pieces([pair.target for pair in pairs], target),
    )
    lengths = [(len(a), len(b)) for a, b in zip(sources, targets, strict=True)]
    first_seen: dict[tuple[str, str], Pair] = {}
    twice = [
        f"{pair.where} (as {first_seen[key].where})"
        for pair in pairs
        if (key := (pair.source, pair.target)) in first_seen or first_seen.setdefault(key, pair) is not pair
    ]
    shown = [index for index, pair in enumerate(pairs) if not pair.is_empty][:3]
    return PairReport(
        pairs=len(pairs),
        source=_side([pair.source for pair in pairs], sources, source),
        target=_side([pair.target for pair in pairs], targets, target),
        empty=_fault([pair.where for pair in pairs if pair.is_empty]),
        duplicates=_fault(twice),
        copies=_fault([pair.where for pair in pairs if pair.source == pair.target and not pair.is_empty]),
        outliers=_outliers(pairs, lengths),
        too_long=_fault(_over(pairs, lengths, max_length)),
        examples=[EncodedExample(pairs[i], sources[i], targets[i]) for i in shown],
    )


def _pieces(texts: list[str], tokeniser: Tokeniser | None) -> list[list[str]]:
    if tokeniser is None:
        return [list(text) for text in texts]
    return [tokeniser.pieces(ids) for ids in tokeniser.encode_all(texts)]


def _side(texts: list[str], pieces: list[list[str]], tokeniser: Tokeniser | None) -> Side:
    lengths = sorted(map(len, pieces))
    total = sum(lengths)
    percentiles = (
        tuple(lengths[round((len(lengths) - 1) * percent / 100)] for percent in PERCENTILES) if lengths else ()
    )
    if tokeniser is None:
        return Side("characters", total, percentiles, 0.0, [])
    unknown = sum(line.count(SPECIAL[UNK]) for line in pieces)
    rate = unknown / total if total else 0.0
    return Side("pieces", total, percentiles, rate, _unknown_words(texts, tokeniser) if unknown else [])


def _unknown_words(texts: list[str], tokeniser: Tokeniser) -> list[str]:
    counts = Counter(word for text in texts for word in text.split())
    words = list(counts)
    holders = [word for word, ids in zip(words, tokeniser.encode_all(words), strict=True) if UNK in ids]
    return sorted(holders, key=lambda word: -counts[word])[:_SHOWN]


def _outliers(pairs: Sequence[Pair], lengths: list[tuple[int, int]]) -> Fault:
    ratios = [math.log(a / b) for a, b in lengths if a and b]
    usual = median(ratios) if ratios else 0.0
    return _fault(
        [
            f"{pair.where} ({a} to {b})"
            for pair, (a, b) in zip(pairs, lengths, strict=True)
            if a and b and abs(a - b) > _GAP and abs(math.log(a / b) - usual) > math.log(_RATIO)
        ]
    )


def _over(pairs: Sequence[Pair], lengths: list[tuple[int, int]], limit: int | None) -> list[str]:
    if limit is None:
        return []
    zipped = zip(pairs, lengths, strict=True)
    return [f"{pair.where} ({max(both)})" for pair, both in zipped if max(both) > limit]


def _fault(places: list[str]) -> Fault:
    return Fault(len(places), places[:_SHOWN])
