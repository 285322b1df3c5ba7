"""Checks sentence pairs before training: counts, lengths, and what looks wrong."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from heedful.data.pairs import Pair
from heedful.data.report import Finding, Report, Side, describe_texts, finding, tokenise_texts
from heedful.data.tokenise import Tokeniser

# A pair is an outlier when its length ratio is 3 times off the usual one. Short pairs often are, and do no harm, so the
# lengths must also differ by more than 10 pieces.
_RATIO, _GAP = 3.0, 10


@dataclass(frozen=True)
class EncodedExample:
    """A pair and its pieces, as a model reads them."""

    pair: Pair
    source_pieces: list[str]
    target_pieces: list[str]


@dataclass(frozen=True)
class PairReport:
    """What `check_pairs` found."""

    pairs: int
    source: Side
    target: Side
    empty: Finding
    duplicates: Finding
    copies: Finding
    outliers: Finding
    too_long: Finding
    examples: list[EncodedExample]

    def report(self) -> Report:
        """The same in the form that all tasks report."""
        facts = {
            "sentence pairs": Finding(self.pairs, []),
            "with an empty side": self.empty,
            "seen before": self.duplicates,
            "target copies source": self.copies,
            "lengths far apart": self.outliers,
            "too long to train on": self.too_long,
        }
        lines = [
            (example.pair.where, [" ".join(example.source_pieces), " ".join(example.target_pieces)])
            for example in self.examples
        ]
        return Report({"source": self.source, "target": self.target}, facts, lines)


def check_pairs(
    pairs: Sequence[Pair],
    source: Tokeniser | None = None,
    target: Tokeniser | None = None,
    *,
    max_length: int | None = None,
) -> PairReport:
    """Finds what would hurt training in sentence pairs.

    Lengths are in pieces, or in characters for a side without a tokeniser. Reported are: an empty side; an exact
    duplicate of an earlier pair; a target that equals its source; a length ratio more than 3 times off the median
    of the file, if the lengths also differ by more than 10; and with `max_length`, a side longer than that.
    """
    sources, targets = (
        tokenise_texts([pair.source for pair in pairs], source),
        tokenise_texts([pair.target for pair in pairs], target),
    )
    lengths = [(len(a), len(b)) for a, b in zip(sources, targets, strict=True)]
    first: dict[tuple[str, str], Pair] = {}
    # The first of equal pairs is remembered; each later one is listed with the location of the first.
    repeated = [
        f"{pair.where} (as {first[key].where})"
        for pair in pairs
        if (key := (pair.source, pair.target)) in first or first.setdefault(key, pair) is not pair
    ]
    shown = [index for index, pair in enumerate(pairs) if not pair.is_empty][:3]
    return PairReport(
        pairs=len(pairs),
        source=describe_texts([pair.source for pair in pairs], sources, source),
        target=describe_texts([pair.target for pair in pairs], targets, target),
        empty=finding([pair.where for pair in pairs if pair.is_empty]),
        duplicates=finding(repeated),
        copies=finding([pair.where for pair in pairs if pair.source == pair.target and not pair.is_empty]),
        outliers=_outliers(pairs, lengths),
        too_long=finding(_over(pairs, lengths, max_length)),
        examples=[EncodedExample(pairs[i], sources[i], targets[i]) for i in shown],
    )


def _outliers(pairs: Sequence[Pair], lengths: list[tuple[int, int]]) -> Finding:
    ratios = [math.log(a / b) for a, b in lengths if a and b]
    usual = median(ratios) if ratios else 0.0
    return finding(
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
