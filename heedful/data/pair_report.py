"""What is in a file of sentence pairs, before anyone trains on it: counts, lengths, and what looks wrong."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from heedful.data.pairs import Pair
from heedful.data.report import Fault, Report, Side, fault, pieces_of, side_of
from heedful.data.tokenise import Tokeniser

_RATIO, _GAP = 3.0, 10  # an outlier's lengths are three times off the usual ratio, and ten pieces apart


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

    def report(self) -> Report:
        """The same, as every task reports."""
        facts = {
            "sentence pairs": Fault(self.pairs, []),
            "with an empty side": self.empty,
            "seen before": self.duplicates,
            "target copies source": self.copies,
            "lengths far apart": self.outliers,
            "too long to train on": self.too_long,
        }
        lines = [(one.pair.where, [" ".join(one.source_pieces), " ".join(one.target_pieces)]) for one in self.examples]
        return Report({"source": self.source, "target": self.target}, facts, lines)


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
        pieces_of([pair.source for pair in pairs], source),
        pieces_of([pair.target for pair in pairs], target),
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
        source=side_of([pair.source for pair in pairs], sources, source),
        target=side_of([pair.target for pair in pairs], targets, target),
        empty=fault([pair.where for pair in pairs if pair.is_empty]),
        duplicates=fault(twice),
        copies=fault([pair.where for pair in pairs if pair.source == pair.target and not pair.is_empty]),
        outliers=_outliers(pairs, lengths),
        too_long=fault(_over(pairs, lengths, max_length)),
        examples=[EncodedExample(pairs[i], sources[i], targets[i]) for i in shown],
    )


def _outliers(pairs: Sequence[Pair], lengths: list[tuple[int, int]]) -> Fault:
    ratios = [math.log(a / b) for a, b in lengths if a and b]
    usual = median(ratios) if ratios else 0.0
    return fault(
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
