"""Clauses: tense and agreement in English, and the order of time, place and verb in Chinese.

English says who does what, where, when; Chinese who, when, where, does what. The past is 了 after the verb, and 没
before it when it did not happen; "is …ing" is 正在, or 正 when a place follows, whose 在 then serves for both.
The helping verb "do" has no counterpart in a negation; in a question "did" is the 了.
"""

from dataclasses import dataclass
from random import Random

from heedful.data.corpus.entry import IT, THEY_THINGS, Place, Pronoun, Verb
from heedful.data.corpus.nominal import DEFINITE, DEFINITES, Nominal, agent, noun_phrase, of_kinds, possessed
from heedful.data.corpus.phrase import NOTHING, Combination, Phrase, fill
from heedful.data.corpus.words import ACTIONS, COUNTS, EVENTS, HOW_OFTEN, PLACES, TIMES

AFFIRMED = {
    "present": ("SUBJ OFTEN {verb}#v OBJ PLACE TIME", "SUBJ TIME OFTEN PLACE {chinese}#v OBJ"),
    "past": ("SUBJ {past}#v OBJ PLACE TIME", "SUBJ TIME PLACE {chinese}了#v OBJ"),
    "future": ("SUBJ will#w {base}#v OBJ PLACE TIME", "SUBJ TIME 会#w PLACE {chinese}#v OBJ"),
    "progressive": ("SUBJ {be}#b {ing}#v OBJ PLACE TIME", "SUBJ TIME 正{at}#b PLACE {chinese}#v OBJ"),
}
DENIED = {
    "present": ("SUBJ {do} not#n {base}#v OBJ PLACE TIME", "SUBJ TIME 不#n PLACE {chinese}#v OBJ"),
    "past": ("SUBJ did not#n {base}#v OBJ PLACE TIME", "SUBJ TIME 没#n PLACE {chinese}#v OBJ"),
    "future": ("SUBJ will#w not#n {base}#v OBJ PLACE TIME", "SUBJ TIME 不#n 会#w PLACE {chinese}#v OBJ"),
    "progressive": ("SUBJ {be}#b not#n {ing}#v OBJ PLACE TIME", "SUBJ TIME 没#n {at}#b PLACE {chinese}#v OBJ"),
}
ASKED = {
    "present": ("{do} SUBJ {base}#v OBJ PLACE TIME", "SUBJ TIME PLACE {chinese}#v OBJ"),
    "past": ("did#d SUBJ {base}#v OBJ PLACE TIME", "SUBJ TIME PLACE {chinese}#v 了#d OBJ"),
    "future": ("will#w SUBJ {base}#v OBJ PLACE TIME", "SUBJ TIME 会#w PLACE {chinese}#v OBJ"),
    "progressive": ("{be}#b SUBJ {ing}#v OBJ PLACE TIME", "SUBJ TIME 正{at}#b PLACE {chinese}#v OBJ"),
}
Mood = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Setting:
    """When, how often and where; each may be nothing."""

    time: Phrase = NOTHING
    often: Phrase = NOTHING
    place: Phrase = NOTHING


def clause(subject: Nominal, verb: Verb, target: Phrase, *, mood: Mood, tense: str, setting: Setting) -> Phrase:
    """Who does what to `target`, without a full stop."""
    english, chinese = mood[tense]
    words = {**forms(verb, subject.pronoun), "at": "" if setting.place.english else "在"}
    english, chinese = english.format_map(words), _without_empty(chinese.format_map(words))
    return fill(
        english,
        chinese,
        SUBJ=subject.phrase,
        OBJ=target,
        TIME=setting.time,
        OFTEN=setting.often,
        PLACE=setting.place,
    )


def forms(verb: Verb, subject: Pronoun) -> dict[str, str]:
    """A verb's forms by name; `verb`, `be` and `do` agree with the subject."""
    return {
        "verb": verb.third if subject.third else verb.base,
        "base": verb.base,
        "past": verb.past,
        "ing": verb.ing,
        "chinese": verb.chinese,
        "be": subject.be,
        "do": "does" if subject.third else "do",
    }


def object_bond(verb: Verb, thing: Nominal) -> list[Combination]:
    """The combination of a verb with its object."""
    return [("object", verb.base, thing.noun.singular)] if thing.noun else []


def object_of(random: Random, verb: Verb, owner: Pronoun, *, definite: bool = False) -> Nominal | None:
    """Something that the verb can be done to, perhaps a person's own; None where the verb has no object."""
    if not verb.objects:
        return None
    noun = random.choice(of_kinds(verb.objects))
    if random.random() < 0.15 and "person" not in noun.kinds and owner not in (IT, THEY_THINGS):
        thing = possessed(random, owner, noun)
    elif definite:
        thing = noun_phrase(random, noun, singular=DEFINITE, plural=DEFINITES)
    else:
        counts = [english for english, _ in COUNTS]
        thing = noun_phrase(
            random, noun, singular=("a", "a", "a", "the", "this", "that"), plural=("the", "many", *counts)
        )
    return bound(thing, object_bond(verb, thing))


def bound(thing: Nominal, bonds: list[Combination]) -> Nominal:
    """The same noun phrase with further combinations noted."""
    phrase = Phrase(thing.phrase.english, thing.phrase.chinese, thing.phrase.combinations.union(bonds))
    return Nominal(phrase, thing.pronoun, thing.kinds, thing.noun)


def phrase_of(thing: Nominal | None) -> Phrase:
    """The phrase, or nothing."""
    return thing.phrase if thing else NOTHING


def doing(random: Random) -> Verb:
    """A verb that can stand in any tense but perhaps the progressive."""
    return random.choice(ACTIONS + EVENTS)


def actor(random: Random, verb: Verb) -> Nominal:
    """Someone who can do it."""
    return agent(random, verb.agents)


def setting_of(random: Random, tense: str, *, chance: float = 0.5) -> Setting:
    """A time that fits the tense and a place, each with a chance; the present always says when or how often."""
    place = place_phrase(random.choice(PLACES)) if random.random() < chance * 0.7 else NOTHING
    if tense == "present":
        if random.random() < 0.5:
            return Setting(often=_pair(random, HOW_OFTEN), place=place)
        return Setting(time=_pair(random, TIMES[tense]), place=place)
    return Setting(time=_pair(random, TIMES[tense]) if random.random() < chance else NOTHING, place=place)


def time_phrase(random: Random, tense: str, *, chance: float = 0.5) -> Phrase:
    """A time that fits the tense, or nothing."""
    return _pair(random, TIMES[tense]) if random.random() < chance else NOTHING


def place_phrase(place: Place) -> Phrase:
    """Where something happens: under the tree, 在树下."""
    return fill(f"{place.preposition}#p the {place.noun}#n", f"在#p {place.chinese}#n {place.after}#p")


def spot_phrase(place: Place) -> Phrase:
    """A place as something that can hold things: under the tree, 树下."""
    return fill(f"{place.preposition}#p the {place.noun}#n", f"{place.chinese}#n {place.after}#p")


def ended(phrase: Phrase) -> Phrase:
    """With a full stop."""
    return fill("SENTENCE .#e", "SENTENCE 。#e", SENTENCE=phrase)


def asked(phrase: Phrase) -> Phrase:
    """With a question mark; 吗 belongs to it."""
    return fill("SENTENCE ?#q", "SENTENCE 吗#q ？#q", SENTENCE=phrase)


def _pair(random: Random, table: tuple[tuple[str, str], ...]) -> Phrase:
    return fill(*random.choice(table))


def _without_empty(template: str) -> str:
    """Drops words whose text turned out empty."""
    return " ".join(word for word in template.split() if not word.startswith("#"))
