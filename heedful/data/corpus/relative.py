"""Relative clauses: behind their noun in English, before it with 的 in Chinese."""

from random import Random

from heedful.data.corpus.clause import (
    AFFIRMED,
    Setting,
    clause,
    doing,
    ended,
    object_bond,
    object_of,
    phrase_of,
    setting_of,
    time_phrase,
)
from heedful.data.corpus.entry import Verb
from heedful.data.corpus.nominal import (
    DEFINITE,
    DEFINITES,
    Nominal,
    agent,
    noun_phrase,
    of_kinds,
)
from heedful.data.corpus.phrase import Phrase, fill
from heedful.data.corpus.quality import said_of
from heedful.data.corpus.words import ACTIONS, ANIMALS, EVENTS, PEOPLE, STATES


def relative_subject(random: Random, verb: Verb) -> Nominal:
    """The girl who bought the book: 买了书的女孩."""
    nouns = PEOPLE + ANIMALS if "animal" in verb.agents else PEOPLE
    head = noun_phrase(random, random.choice(nouns), singular=DEFINITE, plural=DEFINITES)
    phrase = fill(
        f"HEAD {'who' if 'person' in head.kinds else 'that'}#r {verb.past}#v OBJ PLACE",
        f"PLACE {verb.chinese}了#v OBJ 的#r HEAD",
        HEAD=head.phrase,
        OBJ=phrase_of(object_of(random, verb, head.pronoun, definite=True)),
        PLACE=setting_of(random, "past", chance=0.4).place,
    )
    return Nominal(phrase, head.pronoun, head.kinds, head.noun)


def relative_object(random: Random) -> Nominal:
    """The book that the girl bought: 女孩买的书."""
    verb = random.choice([verb for verb in ACTIONS + EVENTS if verb.objects - {"person"}])
    noun = random.choice([noun for noun in of_kinds(verb.objects) if "person" not in noun.kinds])
    head = noun_phrase(random, noun, singular=DEFINITE, plural=DEFINITES)
    phrase = fill(
        f"HEAD that#r SUBJ {verb.past}#v PLACE",
        f"SUBJ PLACE {verb.chinese}#v 的#r HEAD",
        object_bond(verb, head),
        HEAD=head.phrase,
        SUBJ=agent(random, specific=True).phrase,
        PLACE=setting_of(random, "past", chance=0.4).place,
    )
    return Nominal(phrase, head.pronoun, head.kinds, noun)


def relative_is(random: Random) -> Phrase:
    """The girl who bought the book is very clever."""
    thing = relative_object(random) if random.random() < 0.5 else relative_subject(random, doing(random))
    return ended(said_of(random, thing, random.choice(("{be} very#d", "{be} not#d", "{be}#d"))))


def relative_does(random: Random) -> Phrase:
    """The girl who bought the book sang in the park."""
    verb = random.choice([verb for verb in ACTIONS if "animal" in verb.agents])
    subject = relative_subject(random, doing(random))
    target = phrase_of(object_of(random, verb, subject.pronoun))
    return ended(
        clause(subject, verb, target, mood=AFFIRMED, tense="past", setting=Setting(time_phrase(random, "past")))
    )


def relative_done(random: Random) -> Phrase:
    """The boy saw the girl who bought the book."""
    verb = random.choice([verb for verb in EVENTS + STATES if {"person", "animal"} <= verb.objects])
    subject = agent(random)
    target = relative_subject(random, doing(random)) if random.random() < 0.6 else relative_object(random)
    if not verb.objects & target.kinds:
        target = relative_subject(random, doing(random))
    tense = "present" if verb in STATES else "past"
    return ended(clause(subject, verb, target.phrase, mood=AFFIRMED, tense=tense, setting=Setting()))
