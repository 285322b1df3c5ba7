"""Noun phrases: determiners, measure words, adjectives and possessives, and who refers back to whom.

A measure word is tied to its noun, which chooses it: in 两只小猫, both 只 and 猫 belong to "cats". "the" has no
counterpart, and 们 belongs to the plural noun.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from heedful.data.corpus.entry import HE, SHE, WE, YOU, Adjective, I, Noun, Pronoun
from heedful.data.corpus.phrase import NOTHING, Combination, Phrase, fill
from heedful.data.corpus.words import ADJECTIVES, ANIMALS, COUNTS, NAMES, NOUNS, PEOPLE

SINGULAR = {
    "a": ("a#d ADJECTIVE {singular}#n", "一#d {measure}#n ADJECTIVE {chinese}#n"),
    "the": ("the ADJECTIVE {singular}#n", "ADJECTIVE {chinese}#n"),
    "this": ("this#d ADJECTIVE {singular}#n", "这#d {measure}#n ADJECTIVE {chinese}#n"),
    "that": ("that#d ADJECTIVE {singular}#n", "那#d {measure}#n ADJECTIVE {chinese}#n"),
}
PLURAL = {
    "the": ("the ADJECTIVE {plural}#n", "ADJECTIVE {chinese}{suffix}#n"),
    "these": ("these#d ADJECTIVE {plural}#n", "这些#d ADJECTIVE {chinese}#n"),
    "those": ("those#d ADJECTIVE {plural}#n", "那些#d ADJECTIVE {chinese}#n"),
    "many": ("many#d ADJECTIVE {plural}#n", "很多#d ADJECTIVE {chinese}#n"),
    **{
        english: (f"{english}#d ADJECTIVE {{plural}}#n", f"{chinese}#d {{measure}}#n ADJECTIVE {{chinese}}#n")
        for english, chinese in COUNTS
    },
}
DEFINITE = ("the", "the", "the", "this", "that")
DEFINITES = ("the", "the", "the", "these", "those")
_MEASURED = frozenset({"a", "this", "that", *(english for english, _ in COUNTS)})


@dataclass(frozen=True, slots=True)
class Nominal:
    """A noun phrase, the noun in it if there is one, and the pronoun that agrees with it and refers back to it."""

    phrase: Phrase
    pronoun: Pronoun
    kinds: frozenset[str]
    noun: Noun | None = None

    @property
    def word(self) -> str:
        """The word by which combinations name it."""
        return self.noun.singular if self.noun else self.pronoun.subject


def count_bond(determiner: str, noun: Noun) -> Combination:
    """The combination of a determiner with the noun that chooses its measure word."""
    return ("count", determiner, noun.singular)


def adjective_bond(adjective: Adjective, noun: Noun) -> Combination:
    """The combination of an adjective with its noun."""
    return ("adjective", adjective.english, noun.singular)


def described(random: Random, noun: Noun, *, chance: float = 0.3) -> tuple[Phrase, list[Combination]]:
    """An adjective that fits the noun, or none, and what it combines."""
    fitting = [adjective for adjective in ADJECTIVES if adjective.before and adjective.kinds & noun.kinds]
    if random.random() >= chance:
        return NOTHING, []
    adjective = random.choice(fitting)
    return fill(f"{adjective.english}#a", f"{adjective.before}#a"), [adjective_bond(adjective, noun)]


def noun_phrase(random: Random, noun: Noun, *, singular: Iterable[str], plural: Iterable[str] = ()) -> Nominal:
    """A noun with one of the determiners `singular` or `plural`."""
    choices = [(name, SINGULAR[name], True) for name in singular] + [(name, PLURAL[name], False) for name in plural]
    determiner, (english, chinese), is_singular = random.choice(choices)
    adjective, bonds = described(random, noun)
    if determiner in _MEASURED:
        bonds = [*bonds, count_bond(determiner, noun)]
    suffix = "们" if "person" in noun.kinds else ""
    words = {
        "singular": noun.singular,
        "plural": noun.plural,
        "chinese": noun.chinese,
        "measure": noun.measure,
        "suffix": suffix,
    }
    phrase = fill(english.format_map(words), chinese.format_map(words), bonds, ADJECTIVE=adjective)
    return Nominal(
        _with_article(phrase),
        random.choice(noun.singular_pronouns) if is_singular else noun.plural_pronoun,
        noun.kinds,
        noun,
    )


def possessed(random: Random, owner: Pronoun, noun: Noun) -> Nominal:
    """A noun that belongs to the one whom the pronoun refers back to: their red car, 她们的红色的汽车."""
    adjective, bonds = described(random, noun, chance=0.2)
    words = f"{owner.possessive}#p ADJECTIVE {noun.singular}#n", f"{owner.chinese}的#p ADJECTIVE {noun.chinese}#n"
    return Nominal(fill(*words, bonds, ADJECTIVE=adjective), random.choice(noun.singular_pronouns), noun.kinds, noun)


def named(random: Random) -> Nominal:
    """A person's name."""
    english, chinese, pronoun = random.choice(NAMES)
    return Nominal(fill(f"{english}#n", f"{chinese}#n"), pronoun, frozenset({"person"}))


def referring(pronoun: Pronoun, kinds: frozenset[str] = frozenset({"person"})) -> Nominal:
    """The pronoun as a subject."""
    return Nominal(fill(f"{pronoun.subject}#p", f"{pronoun.chinese}#p"), pronoun, kinds)


def referring_object(pronoun: Pronoun) -> Phrase:
    """The pronoun as an object: them, 她们."""
    return fill(f"{pronoun.object}#p", f"{pronoun.chinese}#p")


def reflexive(pronoun: Pronoun) -> Phrase:
    """The subject as its own object: themselves, 她们自己."""
    return fill(f"{pronoun.reflexive}#p", f"{pronoun.chinese}自己#p")


def agent(random: Random, kinds: frozenset[str] = frozenset({"person"}), *, specific: bool = False) -> Nominal:
    """Someone, or an animal where `kinds` allow, who does something; `specific` leaves out pronouns and "a"."""
    dice = random.random()
    if dice < 0.15:
        return named(random)
    if dice < 0.3 and not specific:
        return referring(random.choice((I, YOU, WE, HE, SHE)))
    nouns = PEOPLE + ANIMALS if "animal" in kinds and random.random() < 0.6 else PEOPLE
    singular, plural = (DEFINITE, DEFINITES) if specific else ((*DEFINITE, "a"), (*DEFINITES, "many", "two", "three"))
    return noun_phrase(random, random.choice(nouns), singular=singular, plural=plural)


def several(random: Random, nouns: tuple[Noun, ...] = PEOPLE) -> Nominal:
    """Two or more of them, so that only what was named before tells which Chinese word "they" is."""
    return noun_phrase(random, random.choice(nouns), singular=(), plural=DEFINITES)


def of_kinds(kinds: frozenset[str]) -> list[Noun]:
    """All nouns of any of these kinds."""
    return [noun for noun in NOUNS if noun.kinds & kinds]


def _with_article(phrase: Phrase) -> Phrase:
    """Writes "an" for "a" before a vowel's sound."""
    first, *rest = phrase.english
    if first.text == "a" and rest[0].text[0] in "aeiou":
        article = type(first)("an", first.ties)
        return Phrase((article, *rest), phrase.chinese, phrase.combinations)
    return phrase
