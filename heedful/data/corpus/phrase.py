"""Bilingual phrases, and templates that build a phrase with its alignment from others.

A template is a rule of a synchronous grammar: `fill("SUBJ bought#v OBJ", "SUBJ 买了#v OBJ", SUBJ=…, OBJ=…)`. A word
that names a slot stands for a phrase. Words that share a label after # are aligned. Words without a label, such as
"the", have no counterpart.
Source: Aho, Ullman 1969, "Syntax directed translations and the pushdown assembler"; Chiang 2005 (P05-1033).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

Combination = tuple[str, str, str]
"""A relation and its two words: ("adjective", "small", "cat")."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, and the ties that it shares with its counterparts in the other language."""

    text: str
    ties: frozenset[object]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase in both languages, and the combinations of words in it."""

    english: tuple[Token, ...] = ()
    chinese: tuple[Token, ...] = ()
    combinations: frozenset[Combination] = frozenset()

    @property
    def source(self) -> str:
        """The English words, with spaces between."""
        return " ".join(token.text for token in self.english)

    @property
    def target(self) -> str:
        """The Chinese characters, without spaces."""
        return "".join(token.text for token in self.chinese)

    @property
    def links(self) -> frozenset[tuple[int, int]]:
        """The alignment: pairs (English word, Chinese character), both counted from 0."""
        characters = [token for token in self.chinese for _ in token.text]
        return frozenset(
            (i, j)
            for i, word in enumerate(self.english)
            for j, character in enumerate(characters)
            if word.ties & character.ties
        )


NOTHING = Phrase()


def fill(english: str, chinese: str, bonds: Iterable[Combination] = (), /, **slots: Phrase) -> Phrase:
    """Builds a phrase from both templates of a rule, the combinations it makes, and the phrases for its slots."""
    # Each label gets a fresh object, so that equal labels of different calls are not aligned with each other.
    ties: defaultdict[str, object] = defaultdict(object)
    combinations = frozenset(bonds).union(*(phrase.combinations for phrase in slots.values()))
    left = tuple(_expanded(english, {name: phrase.english for name, phrase in slots.items()}, ties))
    right = tuple(_expanded(chinese, {name: phrase.chinese for name, phrase in slots.items()}, ties))
    return Phrase(left, right, combinations)


def _expanded(template: str, slots: dict[str, tuple[Token, ...]], ties: defaultdict[str, object]) -> Iterable[Token]:
    for word in template.split():
        text, *labels = word.split("#")
        if text in slots:
            yield from slots[text]
        elif text.isupper() and not labels:
            raise KeyError(f"no phrase for {text} in {template!r}")
        else:
            yield Token(text, frozenset(ties[label] for label in labels))
