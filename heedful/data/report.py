"""What is in a file before anyone trains on it: lengths of its texts, what looks wrong and where, a few examples."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from heedful.data.tokenise import SPECIAL, Tokeniser
from heedful.shapes import UNK

PERCENTILES = (0, 25, 50, 75, 95, 99, 100)
_SHOWN = 5  # places named for each fault


@dataclass(frozen=True)
class Fault:
    """Something that looks wrong: how often, and the first places, each "file:line" with perhaps a word more."""

    count: int
    places: list[str]


@dataclass(frozen=True)
class Side:
    """One kind of text, such as a language: how long the texts are, and what the tokeniser does not know.

    percentiles: length in `unit` at 0, 25, 50, 75, 95, 99 and 100 % (see `PERCENTILES`). unknown_rate: unknown
    pieces among all; 0 without a tokeniser. unknown: the words that hold them, commonest first.
    """

    unit: str
    total: int
    percentiles: tuple[int, ...]
    unknown_rate: float
    unknown: list[str]


@dataclass(frozen=True)
class Report:
    """All that a check found: sides by name, facts in order, and examples, each a place and the lines to show."""

    sides: Mapping[str, Side]
    facts: Mapping[str, Fault]
    examples: Sequence[tuple[str, Sequence[str]]] = field(default_factory=list[tuple[str, Sequence[str]]])


def pieces_of(texts: list[str], tokeniser: Tokeniser | None) -> list[list[str]]:
    """The pieces of each text; its characters without a tokeniser."""
    if tokeniser is None:
        return [list(text) for text in texts]
    return [tokeniser.pieces(ids) for ids in tokeniser.encode_all(texts)]


def side_of(texts: list[str], pieces: list[list[str]], tokeniser: Tokeniser | None) -> Side:
    """What there is to say of texts and their pieces."""
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


def fault(places: list[str]) -> Fault:
    """Something wrong at these places."""
    return Fault(len(places), places[:_SHOWN])
