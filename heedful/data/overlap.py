"""Overlap features of two texts: shared words, rare words, n-grams, parts of words, numbers, and lengths.

These few numbers add much to what a network learns on small data, and papers on sentence pairs use them too: Yin et al.
2016, section 5 (arXiv:1512.05193), Yang et al. 2015 (ACL D15-1237).
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heedful.data.tokenise.base import damaged, read_json
from heedful.data.tokenise.word import split_words
from heedful.errors import UserError, did_you_mean
from heedful.store import write_text_atomically

_NGRAM = 4
"""Letters in a character n-gram."""

_CLIP = 5.0
"""Features are clipped to this many standard deviations, so that one odd pair cannot dominate a batch."""

_MIN_DEVIATION = 1e-3
"""Smaller deviations count as this one: a feature that is constant in training would be divided by zero."""


@dataclass(frozen=True)
class InverseDocumentFrequency:
    """Inverse document frequency: ``log((N + 1) / (n + 1))`` for an item that occurs in n of N texts."""

    texts: int
    counts: Mapping[str, int]

    @classmethod
    def learn(cls, texts: Iterable[Collection[str]]) -> "InverseDocumentFrequency":
        """Counts in how many texts each item occurs. An item of a single text is dropped: it counts as never seen."""
        total, counts = 0, Counter[str]()
        for text in texts:
            total += 1
            counts.update(set(text))
        return cls(total, {item: count for item, count in sorted(counts.items()) if count > 1})

    def __call__(self, item: str) -> float:
        return math.log((self.texts + 1) / (self.counts.get(item, 0) + 1))


class _Text:
    """The parts of a text that the feature families compare."""

    def __init__(self, text: str) -> None:
        self.words = list(split_words(text, True))
        self.parts = {ngram for word in set(self.words) for ngram in _ngrams(word)}
        self.numbers = {word for word in self.words if any(letter.isdigit() for letter in word)}

    def grams(self, size: int) -> set[str]:
        """The n-grams of `size` words."""
        return {" ".join(self.words[i : i + size]) for i in range(len(self.words) - size + 1)}


def _ngrams(word: str) -> list[str]:
    """Character n-grams of a word with its ends marked; inflected forms of a word share some of them."""
    marked = f"^{word}$"
    return [marked[i : i + _NGRAM] for i in range(max(1, len(marked) - _NGRAM + 1))]


def _shared(left: set[str], right: set[str], weight: Callable[[str], float] = lambda item: 1.0) -> list[float]:
    """The weighted fraction of each side that the other side has too."""
    # Sorted, since the order of a set differs between processes, and with it the rounding of a sum.
    both, *sides = (sum(map(weight, sorted(items))) for items in (left & right, left, right))
    return [both / side if side else 0.0 for side in sides]


def _lengths(left: _Text, right: _Text, rare: Mapping[str, InverseDocumentFrequency]) -> list[float]:
    log_left, log_right = (math.log1p(len(side.words)) for side in (left, right))
    return [log_left, log_right, abs(log_left - log_right)]


def _numbers(left: _Text, right: _Text, rare: Mapping[str, InverseDocumentFrequency]) -> list[float]:
    return [
        float(left.numbers == right.numbers),
        float(left.numbers <= right.numbers),
        float(left.numbers >= right.numbers),
    ]


FAMILIES: dict[str, Callable[[_Text, _Text, Mapping[str, InverseDocumentFrequency]], list[float]]] = {
    "lengths": _lengths,
    "words": lambda left, right, rare: _shared(set(left.words), set(right.words)),
    "rare": lambda left, right, rare: _shared(set(left.words), set(right.words), rare["words"]),
    "bigrams": lambda left, right, rare: _shared(left.grams(2), right.grams(2)),
    "trigrams": lambda left, right, rare: _shared(left.grams(3), right.grams(3)),
    "parts": lambda left, right, rare: _shared(left.parts, right.parts, rare["parts"]),
    "numbers": _numbers,
}
"""Feature families by name.

`lengths`: log of each side's words, and the difference. `words`: the fraction of each side's words that the other has.
`rare`: the same, weighted by inverse document frequency. `bigrams`, `trigrams`: the same for n-grams of words. `parts`:
the same for character n-grams, weighted. `numbers`: whether both have the same numbers, or one has all of the other's.
"""


@dataclass(frozen=True)
class Overlap:
    """Standardised overlap features of a pair, clipped to 5 standard deviations of the training pairs."""

    families: tuple[str, ...]
    rare: Mapping[str, InverseDocumentFrequency]
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()

    @classmethod
    def learn(cls, pairs: Sequence[tuple[str, str]], families: Sequence[str]) -> "Overlap":
        """Learns document frequencies, means and deviations from training pairs.

        Raises: UserError, for an unknown family.
        """
        for family in families:
            if family not in FAMILIES:
                raise UserError(f"unknown feature family {family!r}", hint=did_you_mean(family, FAMILIES))
        texts = [_Text(text) for text in sorted({text for pair in pairs for text in pair})]
        rare = {
            "words": InverseDocumentFrequency.learn(text.words for text in texts),
            "parts": InverseDocumentFrequency.learn(text.parts for text in texts),
        }
        unscaled = cls(tuple(families), rare)
        raw = np.array([unscaled.raw(*pair) for pair in pairs], dtype=np.float64)
        deviations = np.maximum(raw.std(0), _MIN_DEVIATION)
        return cls(unscaled.families, rare, tuple(raw.mean(0).tolist()), tuple(deviations.tolist()))

    @property
    def size(self) -> int:
        """The number of features per pair."""
        return len(self.means)

    def raw(self, left: str, right: str) -> list[float]:
        """The features before they are standardised."""
        sides = _Text(left), _Text(right)
        return [value for family in self.families for value in FAMILIES[family](*sides, self.rare)]

    def features(self, left: str, right: str) -> tuple[float, ...]:
        """The standardised features of a pair, as a model reads them."""
        scaled = zip(self.raw(left, right), self.means, self.deviations, strict=True)
        return tuple(max(-_CLIP, min(_CLIP, (value - mean) / deviation)) for value, mean, deviation in scaled)

    def save(self, folder: Path, name: str) -> None:
        """Writes ``folder/name.json``."""
        # The keys "holders" and "spreads" are those of run folders written before the fields were renamed.
        rare = {name: {"texts": idf.texts, "holders": idf.counts} for name, idf in self.rare.items()}
        content = {"families": self.families, "means": self.means, "spreads": self.deviations, "rare": rare}
        write_text_atomically(folder / f"{name}.json", json.dumps(content, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path, name: str) -> "Overlap":
        """Reads what `save` wrote.

        Raises: UserError, when the file is missing or damaged.
        """
        path = folder / f"{name}.json"
        content = read_json(path)
        try:
            rare = {
                name: InverseDocumentFrequency(int(saved["texts"]), saved["holders"])
                for name, saved in content["rare"].items()
            }
            means, deviations = (tuple(map(float, content[name])) for name in ("means", "spreads"))
            loaded = cls(tuple(content["families"]), rare, means, deviations)
            loaded.features("a", "b")  # so that a damaged file fails here and not at the first prediction
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, f"{type(error).__name__}: {error}") from error
        return loaded
