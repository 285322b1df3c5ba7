"""How something is and where: descriptions, comparisons, and what there is."""

from random import Random

from heedful.data.corpus.clause import asked, ended, spot_phrase
from heedful.data.corpus.entry import Adjective
from heedful.data.corpus.nominal import DEFINITE, DEFINITES, Nominal, adjective_bond, agent, noun_phrase
from heedful.data.corpus.phrase import Combination, Phrase, fill
from heedful.data.corpus.words import ADJECTIVES, ANIMALS, COUNTS, NOUNS, PLACES, SPOTS, THINGS


def describable(random: Random) -> Nominal:
    """Something or someone definite."""
    if random.random() < 0.5:
        return noun_phrase(random, random.choice(THINGS + ANIMALS), singular=DEFINITE, plural=DEFINITES)
    return agent(random, frozenset({"person", "animal"}), specific=random.random() < 0.7)


def fitting(random: Random, thing: Nominal, *, compared: bool = False) -> tuple[Adjective, list[Combination]]:
    """An adjective that can be said of it, and the combination; `compared` asks for one with a comparative."""
    choices = [
        adjective
        for adjective in ADJECTIVES
        if adjective.kinds & thing.kinds and (adjective.comparative if compared else True)
    ]
    adjective = random.choice(choices)
    return adjective, [adjective_bond(adjective, thing.noun)] if thing.noun else []


def description(random: Random) -> Phrase:
    """The cat is (very, too, not) big; is the cat big?; the cat is white."""
    thing = describable(random)
    adjective, bonds = fitting(random, thing)
    be = thing.pronoun.be
    if not adjective.after:
        template = (f"SUBJ {be}#b {adjective.english}#a", f"SUBJ 是#b {adjective.before}#a")
        return ended(fill(*template, bonds, SUBJ=thing.phrase))
    english, chinese, end = random.choice(
        (
            ("SUBJ {be}#b {adjective}#a", "SUBJ 很#b {after}#a", ended),
            ("SUBJ {be} very#d {adjective}#a", "SUBJ 非常#d {after}#a", ended),
            ("SUBJ {be} too#d {adjective}#a", "SUBJ 太#d {after}#a 了#d", ended),
            ("SUBJ {be} not#d {adjective}#a", "SUBJ 不#d {after}#a", ended),
            ("{be} SUBJ {adjective}#a", "SUBJ {after}#a", asked),
        )
    )
    words = {"be": be, "adjective": adjective.english, "after": adjective.after}
    return end(fill(english.format_map(words), chinese.format_map(words), bonds, SUBJ=thing.phrase))


def comparison(random: Random) -> Phrase:
    """The cat is (much) bigger than / as big as / not as big as the dog."""
    thing = describable(random)
    adjective, bonds = fitting(random, thing, compared=True)
    same = [noun for noun in NOUNS if noun.kinds & adjective.kinds and noun.kinds & thing.kinds and noun != thing.noun]
    compared_with = noun_phrase(random, random.choice(same), singular=DEFINITE, plural=DEFINITES)
    more = " ".join(f"{word}#a" for word in adjective.comparative.split()[-1:])
    more = f"more {more}" if adjective.comparative.startswith("more") else more
    english, chinese = random.choice(
        (
            ("SUBJ {be} {more} than#t OTHER", "SUBJ 比#t OTHER {after}#a"),
            ("SUBJ {be} much#m {more} than#t OTHER", "SUBJ 比#t OTHER {after}#a 得多#m"),
            ("SUBJ {be} as#s {adjective}#a as#t OTHER", "SUBJ 和#t OTHER 一样#s {after}#a"),
            ("SUBJ {be} not#n as#s {adjective}#a as OTHER", "SUBJ 没有#n OTHER 那么#s {after}#a"),
        )
    )
    words = {"be": thing.pronoun.be, "more": more, "adjective": adjective.english, "after": adjective.after}
    return ended(
        fill(english.format_map(words), chinese.format_map(words), bonds, SUBJ=thing.phrase, OTHER=compared_with.phrase)
    )


def existence(random: Random) -> Phrase:
    """There are two cats under the tree: 树下有两只猫."""
    nouns, places = random.choice(((ANIMALS, PLACES), (THINGS, SPOTS)))
    noun, place = random.choice(nouns), random.choice(places)
    single = random.random() < 0.5
    counts = [english for english, _ in COUNTS]
    thing = noun_phrase(random, noun, singular=("a",) if single else (), plural=() if single else ("many", *counts))
    english = f"there {'is' if single else 'are'}#b SUBJ PLACE"
    return ended(fill(english, "PLACE 有#b SUBJ", SUBJ=thing.phrase, PLACE=spot_phrase(place)))


def said_of(random: Random, thing: Nominal, english: str) -> Phrase:
    """That a thing is so: a degree word, or the verb itself, is the Chinese 很, 非常 or 不."""
    adjective, bonds = fitting(random, thing)
    while not adjective.after:
        adjective, bonds = fitting(random, thing)
    degree = "非常" if "very" in english else "不" if "not" in english else "很"
    words = english.format(be=thing.pronoun.be, was=thing.pronoun.was)
    template = (f"SUBJ {words} {adjective.english}#a", f"SUBJ {degree}#d {adjective.after}#a")
    return fill(*template, bonds, SUBJ=thing.phrase)
