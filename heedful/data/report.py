"""What `heedful check` reports of a file: lengths, what looks wrong and where, and a few examples."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from heedful.data.tokenise import SPECIAL, Tokeniser
from heedful.shapes import UNK

PERCENTILES = (0, 25, 50, 75, 95, 99, 100)
_SHOWN = 5  # locations listed for each finding


@dataclass(frozen=True)
class Finding:
    """A count, usually of something that looks wrong, and its first locations ("file:line", possibly with a remark)."""

    count: int
    locations: list[str]


@dataclass(frozen=True)
class Side:
    """Statistics of one kind of text, such as one language.

    percentiles: lengths in `unit` at 0, 25, 50, 75, 95, 99 and 100 % (see `PERCENTILES`). unknown_rate: the fraction
    of unknown pieces; 0 without a tokeniser. unknown: the most frequent words with an unknown piece.
    """

    unit: str
    total: int
    percentiles: tuple[int, ...]
    unknown_rate: float
    unknown: list[str]


@dataclass(frozen=True)
class Report:
    """What a check found: sides by name, findings in order, and examples, each a location and lines to show."""

    sides: Mapping[str, Side]
    facts: Mapping[str, Finding]
    examples: Sequence[tuple[str, Sequence[str]]] = field(default_factory=list[tuple[str, Sequence[str]]])


def tokenise_texts(texts: list[str], tokeniser: Tokeniser | None) -> list[list[str]]:
    """The pieces of each text, or its characters without a tokeniser."""
    if tokeniser is None:
        return [list(text) for text in texts]
    return [tokeniser.pieces(ids) for ids in tokeniser.encode_all(texts)]


def describe_texts(texts: list[str], pieces: list[list[str]], tokeniser: Tokeniser | None) -> Side:
    """The statistics of texts and their pieces."""
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
    unknown = [word for word, ids in zip(words, tokeniser.encode_all(words), strict=True) if UNK in ids]
    return sorted(unknown, key=lambda word: -counts[word])[:_SHOWN]


def finding(locations: list[str]) -> Finding:
    """The finding for these locations, of which the first few are kept."""
    return Finding(len(locations), locations[:_SHOWN])
