"""Phrases in two languages at once, and the template that builds one from others with its links.

A template is a rule of a synchronous grammar: `fill("SUBJ bought#v OBJ", "SUBJ 买了#v OBJ", SUBJ=…, OBJ=…)`. A word
in the slots stands for a phrase; words that share a label after # translate each other; words without one, as
"the", have no counterpart.
Source: Aho, Ullman 1969, "Syntax directed translations and the pushdown assembler"; Chiang 2005 (P05-1033).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

Combination = tuple[str, str, str]
"""A kind of bond and the two words in it: ("adjective", "small", "cat")."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word with the ties that it shares with its counterparts."""

    text: str
    ties: frozenset[object]


@dataclass(frozen=True, slots=True)
class Phrase:
    """The same thing in both languages, and the combinations of words it is made of."""

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
        """(English word, Chinese character) that translate each other, both counted from 0."""
        characters = [token for token in self.chinese for _ in token.text]
        return frozenset(
            (i, j)
            for i, word in enumerate(self.english)
            for j, character in enumerate(characters)
            if word.ties & character.ties
        )


NOTHING = Phrase()


def fill(english: str, chinese: str, bonds: Iterable[Combination] = (), /, **slots: Phrase) -> Phrase:
    """Builds a phrase from a rule: both templates, the combinations it makes, and the phrases for its slots."""
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
