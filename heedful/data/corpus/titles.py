"""A made-up shop: titles of its products, and the category of each in a tree, as ``department/shelf/kind``.

The difficulties are those of a real shop: the frequencies of categories follow Zipf's law, a title need not name all
that decides its category, words are shared by categories, and brands, sizes, colours, advertising and typing errors
are mixed in. Titles are made one after the other, so that a million of them need no memory.
"""

from collections.abc import Iterator
from itertools import accumulate
from math import gcd
from random import Random
from typing import NamedTuple

_CONSONANTS, _VOWELS = "bdfghjklmnprstvwxyzc", "aeiou"
_SYLLABLES = [consonant + vowel for consonant in _CONSONANTS for vowel in _VOWELS]
_WORDS = len(_SYLLABLES) ** 3  # all words of three syllables

SYNONYMS = 3  # the words for each part of a category
_BRANDS = 400
_COLOURS = ("black", "white", "red", "blue", "green", "grey", "silver", "brown", "pink", "beige")
_UNITS = ("cm", "mm", "ml", "l", "g", "kg", "w", "pcs")
_ADVERTS = ("new", "original", "set", "sale", "top", "premium", "free shipping", "2024", "for men", "for women")
_NAMED = 0.95  # how often a title names a part of its category below the department
_DEPARTMENT_NAMED = 0.3
_TYPO = 0.03  # of the words


class Title(NamedTuple):
    """The title of a product, and its category."""

    text: str
    label: str


class Shop:
    """A tree of `labels` categories, `depth` levels deep; the same arguments make the same shop on every machine.

    >>> shop = Shop(labels=8, depth=3, seed=1)
    >>> len(shop.labels), shop.labels[0].count("/")
    (8, 2)
    """

    def __init__(self, labels: int = 20_000, *, depth: int = 3, seed: int = 0) -> None:
        if labels < 1 or depth < 1:
            raise ValueError(f"got {labels} labels and depth {depth}: expected 1 or more of each")
        self.depth, self.seed = depth, seed
        # The smallest number of branches of which `depth` levels have enough leaves.
        self.branches = next(count for count in range(1, labels + 1) if count**depth >= labels)
        if SYNONYMS * self.branches * (1 + self.branches * (depth - 1)) + _BRANDS > _WORDS:
            raise ValueError(f"there are not enough words for {labels} labels at depth {depth}: give a larger depth")
        self._step = _coprime(Random(f"words {seed}"), _WORDS)
        self._parts = [self._path(leaf) for leaf in range(labels)]
        self.labels = tuple("/".join(self._words(part)[0] for part in parts) for parts in self._parts)
        # Which category is the most frequent must not depend on where it is in the tree.
        self._by_rank = Random(f"ranks {seed}").sample(range(labels), labels)
        # Zipf's law: the r-th category has a frequency in proportion to 1 / r.
        self._frequencies = list(accumulate(1.0 / rank for rank in range(1, labels + 1)))

    def titles(self, stream: int = 0) -> Iterator[Title]:
        """An endless iterator over titles; other numbers give other titles of the same shop, as for a test set."""
        random = Random(f"titles {self.seed} {stream}")
        while True:
            (leaf,) = random.choices(self._by_rank, cum_weights=self._frequencies)
            words = [_misspelt(random, word) for word in self._title(random, leaf)]
            yield Title(" ".join(words), self.labels[leaf])

    def _title(self, random: Random, leaf: int) -> list[str]:
        """The words of a title, without errors."""
        named = [
            random.choice(self._words(part))
            for part in self._parts[leaf]
            if random.random() < (_NAMED if part[1] else _DEPARTMENT_NAMED)
        ]
        # Without any of them the title would say nothing at all.
        words = named or [random.choice(self._words(self._parts[leaf][-1]))]
        if random.random() < 0.3:
            random.shuffle(words)
        if random.random() < 0.6:
            words.insert(0, self._brand(random, self._parts[leaf][0][0]))
        if random.random() < 0.3:
            words.append(random.choice(_COLOURS))
        if random.random() < 0.5:
            words.append(f"{random.randint(1, 99)} {random.choice(_UNITS)}")
        if random.random() < 0.3:
            words.insert(random.randint(0, len(words)), random.choice(_ADVERTS))
        return words

    def _brand(self, random: Random, department: int) -> str:
        """A brand. Few are frequent, and each department begins its list elsewhere, so that a brand is a weak hint."""
        rank = int(_BRANDS ** random.random())
        return self._word(_WORDS - 1 - (rank + 7 * department) % _BRANDS)

    def _path(self, leaf: int) -> list[tuple[int, int, int]]:
        """The parts of a category from the department down, each as (department, level, number).

        The words of a part are the same on every shelf of a department: only all parts together tell the category.
        """
        digits: list[int] = []
        for _ in range(self.depth):
            leaf, digit = divmod(leaf, self.branches)
            digits.append(digit)
        department, *below = reversed(digits)
        return [(department, 0, 0), *((department, level, number) for level, number in enumerate(below, start=1))]

    def _words(self, part: tuple[int, int, int]) -> list[str]:
        """The synonyms of a part."""
        department, level, number = part
        # The departments come first, and then the parts below them, department by department.
        below = self.branches + (department * (self.depth - 1) + level - 1) * self.branches + number
        first = (below if level else department) * SYNONYMS
        return [self._word(first + index) for index in range(SYNONYMS)]

    def _word(self, number: int) -> str:
        """The word of a number: distinct for all numbers below `_WORDS`, and in no order that a reader sees."""
        rest, syllables = number % _WORDS * self._step % _WORDS, ""
        for _ in range(3):
            rest, index = divmod(rest, len(_SYLLABLES))
            syllables += _SYLLABLES[index]
        return syllables


def _misspelt(random: Random, word: str) -> str:
    """The word, sometimes with a letter left out, doubled or replaced, or two letters swapped."""
    if random.random() >= _TYPO or len(word) < 3:
        return word
    at = random.randrange(len(word) - 1)
    before, here, after = word[:at], word[at : at + 2], word[at + 2 :]
    letter = random.choice(_CONSONANTS + _VOWELS)
    return before + random.choice((here[1], here[0] + here, here[::-1], here[0] + letter)) + after


def _coprime(random: Random, modulus: int) -> int:
    """A large number without a common divisor: its multiples run through all numbers below the modulus."""
    while gcd(number := random.randrange(modulus // 3, modulus), modulus) != 1:
        pass
    return number
