"""What two texts have in common, counted: words, rare words, n-grams, parts of words, numbers, and their lengths.

Beside what a network learns these few numbers are strong, and the papers on pairs of sentences use them too: Yin et al.
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

_PART = 4
"""Letters in a part of a word."""

_FURTHEST = 5.0
"""No number is further than this from its mean, in standard deviations."""


@dataclass(frozen=True)
class Rarity:
    """How rare things are: ``log((N + 1) / (n + 1))`` for one that n of N texts hold."""

    texts: int
    holders: Mapping[str, int]

    @classmethod
    def learn(cls, texts: Iterable[Collection[str]]) -> "Rarity":
        """Counts what at least two texts hold; what one holds is as rare as what none does."""
        total, counts = 0, Counter[str]()
        for text in texts:
            total += 1
            counts.update(set(text))
        return cls(total, {thing: count for thing, count in sorted(counts.items()) if count > 1})

    def __call__(self, thing: str) -> float:
        return math.log((self.texts + 1) / (self.holders.get(thing, 0) + 1))


class _Text:
    """A text as each family of features reads it."""

    def __init__(self, text: str) -> None:
        self.words = list(split_words(text, True))
        self.parts = {part for word in set(self.words) for part in _parts(word)}
        self.numbers = {word for word in self.words if any(letter.isdigit() for letter in word)}

    def grams(self, size: int) -> set[str]:
        """Runs of so many words."""
        return {" ".join(self.words[i : i + size]) for i in range(len(self.words) - size + 1)}


def _parts(word: str) -> list[str]:
    """Runs of letters of a word with its ends marked, so that inflected forms have some in common."""
    marked = f"^{word}$"
    return [marked[i : i + _PART] for i in range(max(1, len(marked) - _PART + 1))]


def _shares(left: set[str], right: set[str], weight: Callable[[str], float] = lambda thing: 1.0) -> list[float]:
    """How much of each side the other has, by weight."""
    both, *sides = (sum(map(weight, sorted(things))) for things in (left & right, left, right))
    return [both / side if side else 0.0 for side in sides]


def _lengths(left: _Text, right: _Text, rare: Mapping[str, Rarity]) -> list[float]:
    one, other = (math.log1p(len(side.words)) for side in (left, right))
    return [one, other, abs(one - other)]


def _numbers(left: _Text, right: _Text, rare: Mapping[str, Rarity]) -> list[float]:
    return [
        float(left.numbers == right.numbers),
        float(left.numbers <= right.numbers),
        float(left.numbers >= right.numbers),
    ]


FAMILIES: dict[str, Callable[[_Text, _Text, Mapping[str, Rarity]], list[float]]] = {
    "lengths": _lengths,
    "words": lambda left, right, rare: _shares(set(left.words), set(right.words)),
    "rare": lambda left, right, rare: _shares(set(left.words), set(right.words), rare["words"]),
    "bigrams": lambda left, right, rare: _shares(left.grams(2), right.grams(2)),
    "trigrams": lambda left, right, rare: _shares(left.grams(3), right.grams(3)),
    "parts": lambda left, right, rare: _shares(left.parts, right.parts, rare["parts"]),
    "numbers": _numbers,
}
"""Families of features by name: lengths (log words, and their difference), the share of each side's words that the
other has, the same weighed by rarity, of runs of two and three words, of parts of words weighed by rarity, and whether
both have the same numbers, or one all of the other's."""


@dataclass(frozen=True)
class Overlap:
    """The features of a pair, each less its mean over the training pairs, in standard deviations, at most 5."""

    families: tuple[str, ...]
    rare: Mapping[str, Rarity]
    means: tuple[float, ...] = ()
    spreads: tuple[float, ...] = ()

    @classmethod
    def learn(cls, pairs: Sequence[tuple[str, str]], families: Sequence[str]) -> "Overlap":
        """Learns what is rare, and means and deviations, from training pairs.

        Raises: UserError, for an unknown family.
        """
        for family in families:
            if family not in FAMILIES:
                raise UserError(f"no family of features is called {family!r}", hint=did_you_mean(family, FAMILIES))
        texts = [_Text(text) for text in sorted({text for pair in pairs for text in pair})]
        rare = {"words": Rarity.learn(one.words for one in texts), "parts": Rarity.learn(one.parts for one in texts)}
        plain = cls(tuple(families), rare)
        raw = np.array([plain.raw(*pair) for pair in pairs], dtype=np.float64)
        spreads = np.maximum(raw.std(0), 1e-3)
        return cls(plain.families, rare, tuple(raw.mean(0).tolist()), tuple(spreads.tolist()))

    @property
    def size(self) -> int:
        """How many numbers a pair has."""
        return len(self.means)

    def raw(self, left: str, right: str) -> list[float]:
        """The features as they are counted."""
        sides = _Text(left), _Text(right)
        return [value for family in self.families for value in FAMILIES[family](*sides, self.rare)]

    def features(self, left: str, right: str) -> tuple[float, ...]:
        """The features of a pair, as a model reads them."""
        counted = zip(self.raw(left, right), self.means, self.spreads, strict=True)
        return tuple(max(-_FURTHEST, min(_FURTHEST, (value - mean) / spread)) for value, mean, spread in counted)

    def save(self, folder: Path, name: str) -> None:
        """Writes it as one JSON object, ``folder/name.json``."""
        rare = {name: {"texts": one.texts, "holders": one.holders} for name, one in self.rare.items()}
        content = {"families": self.families, "means": self.means, "spreads": self.spreads, "rare": rare}
        write_text_atomically(folder / f"{name}.json", json.dumps(content, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path, name: str) -> "Overlap":
        """Reads what `save` wrote.

        Raises: UserError, when the file is missing or damaged.
        """
        path = folder / f"{name}.json"
        content = read_json(path)
        try:
            rare = {name: Rarity(int(one["texts"]), one["holders"]) for name, one in content["rare"].items()}
            means, spreads = (tuple(map(float, content[name])) for name in ("means", "spreads"))
            found = cls(tuple(content["families"]), rare, means, spreads)
            found.features("a", "b")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, f"{type(error).__name__}: {error}") from error
        return found
