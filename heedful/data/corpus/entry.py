"""What the tables of words hold: pronouns that agree and refer, and one kind of entry a part of speech."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pronoun:
    """What refers back to a noun, and how English verbs agree with it."""

    subject: str
    object: str
    possessive: str
    reflexive: str
    chinese: str
    be: str = "are"
    was: str = "were"
    third: bool = False  # third person singular: buys, not buy


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun with its Chinese measure word and the pronouns that refer back to it."""

    singular: str
    plural: str
    chinese: str
    measure: str
    kinds: frozenset[str]
    singular_pronouns: tuple[Pronoun, ...]
    plural_pronoun: Pronoun


@dataclass(frozen=True, slots=True)
class Adjective:
    """`before` is the Chinese form before a noun and `after` the one that a sentence says of it; "" where none is."""

    english: str
    comparative: str
    before: str
    after: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verb:
    """English forms and the Chinese verb; `objects` is empty without an object, `participle` where not needed."""

    base: str
    third: str
    past: str
    ing: str
    chinese: str
    agents: frozenset[str]
    objects: frozenset[str]
    participle: str


@dataclass(frozen=True, slots=True)
class Place:
    """A preposition and a noun: in the garden is 在 花园 里, the Chinese preposition around its noun."""

    preposition: str
    noun: str
    chinese: str
    after: str


HE = Pronoun("he", "him", "his", "himself", "他", be="is", was="was", third=True)
SHE = Pronoun("she", "her", "her", "herself", "她", be="is", was="was", third=True)
IT = Pronoun("it", "it", "its", "itself", "它", be="is", was="was", third=True)
THEY = Pronoun("they", "them", "their", "themselves", "他们")
THEY_WOMEN = Pronoun("they", "them", "their", "themselves", "她们")
THEY_THINGS = Pronoun("they", "them", "their", "themselves", "它们")
I = Pronoun("I", "me", "my", "myself", "我", be="am", was="was")  # noqa: E741
YOU = Pronoun("you", "you", "your", "yourself", "你")
WE = Pronoun("we", "us", "our", "ourselves", "我们")


def kinds(names: str) -> frozenset[str]:
    """Kinds from their names with spaces between."""
    return frozenset(names.split())


def person(singular: str, plural: str, chinese: str, measure: str, *pronouns: Pronoun) -> Noun:
    """A person; without `pronouns` it may be a man or a woman."""
    they = THEY_WOMEN if pronouns == (SHE,) else THEY
    return Noun(singular, plural, chinese, measure, kinds("person"), pronouns or (HE, SHE), they)


def animal(singular: str, plural: str, chinese: str, measure: str) -> Noun:
    """An animal, which can also be bought and sold."""
    return Noun(singular, plural, chinese, measure, kinds("animal"), (IT,), THEY_THINGS)


def thing(singular: str, plural: str, chinese: str, measure: str, more: str = "") -> Noun:
    """A thing; `more` are further kinds."""
    return Noun(singular, plural, chinese, measure, kinds(f"thing {more}"), (IT,), THEY_THINGS)


def adjective(english: str, comparative: str, before: str, after: str, described: str) -> Adjective:
    """An adjective with the kinds that it describes."""
    return Adjective(english, comparative, before, after, kinds(described))


def verb(forms: str, chinese: str, objects: str = "", agents: str = "person") -> Verb:
    """A verb from its English forms: base, third person, past, -ing and perhaps the participle."""
    base, third, past, ing, *participle = forms.split()
    return Verb(base, third, past, ing, chinese, kinds(agents), kinds(objects), *participle or [""])
