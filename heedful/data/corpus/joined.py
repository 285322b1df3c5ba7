"""Sentences of two clauses: relative clauses before their noun, reasons, reports, and reference over a distance.

"they" and "them" are 他们, 她们 or 它们, which only the noun of the other clause tells; the measure word in "and the
boy bought three" belongs to a noun named long before.
"""

from random import Random

from heedful.data.corpus.clause import (
    AFFIRMED,
    DENIED,
    Mood,
    Setting,
    actor,
    clause,
    doing,
    ended,
    object_bond,
    object_of,
    phrase_of,
    place_phrase,
    setting_of,
    time_phrase,
)
from heedful.data.corpus.entry import Verb
from heedful.data.corpus.nominal import (
    DEFINITE,
    DEFINITES,
    Nominal,
    agent,
    count_bond,
    noun_phrase,
    of_kinds,
    referring,
    referring_object,
    several,
)
from heedful.data.corpus.phrase import Phrase, fill
from heedful.data.corpus.quality import said_of
from heedful.data.corpus.words import ACTIONS, ANIMALS, COUNTS, EVENTS, GOALS, NOUNS, PEOPLE, PLACES, TRANSFERS

# How the first clause, about SUBJ, and the second, about the same one again, are put together.
JOINTS = {
    "because": ("because#j FIRST ,#c SECOND", "因为#j FIRST ，#c 所以#j SECOND"),
    "although": ("although#j FIRST ,#c SECOND", "虽然#j FIRST ，#c 但是#j SECOND"),
    "when": ("when#j FIRST ,#c SECOND", "当#j FIRST 的时候#j ，#c SECOND"),
    "before": ("before#j FIRST ,#c SECOND", "FIRST 之前#j ，#c SECOND"),
    "after": ("after#j FIRST ,#c SECOND", "FIRST 之后#j ，#c SECOND"),
}


def reason(random: Random) -> Phrase:
    """Because / although the girls were hungry, they (did not) eat the cakes."""
    subject = _someone(random)
    name = random.choice(("because", "although"))
    mood = random.choice((AFFIRMED, DENIED))
    return _joined(name, said_of(random, subject, "{was}#d"), _again(random, subject, "past", mood))


def meanwhile(random: Random) -> Phrase:
    """When the girls were singing in the park, they saw a bird."""
    subject = _someone(random)
    verb = random.choice([verb for verb in ACTIONS if verb.agents & subject.kinds])
    place = place_phrase(random.choice(PLACES))
    first = fill(
        f"SUBJ {subject.pronoun.was}#b {verb.ing}#v OBJ PLACE",
        f"SUBJ 正#b PLACE {verb.chinese}#v OBJ",
        SUBJ=subject.phrase,
        OBJ=phrase_of(object_of(random, verb, subject.pronoun, definite=True)),
        PLACE=place,
    )
    return _joined("when", first, _again(random, subject, "past", AFFIRMED, EVENTS[:2]))


def sequence(random: Random) -> Phrase:
    """Before / after the girls bought the car, they sold their bicycle."""
    subject = _someone(random)
    name = random.choice(("before", "after"))
    verb = random.choice([verb for verb in ACTIONS + EVENTS if verb.agents & subject.kinds])
    done = "" if name == "before" else "了"
    first = fill(
        f"SUBJ {verb.past}#v OBJ",
        f"SUBJ {verb.chinese}{done}#v OBJ",
        SUBJ=subject.phrase,
        OBJ=phrase_of(object_of(random, verb, subject.pronoun, definite=True)),
    )
    return _joined(name, first, _again(random, subject, "past", AFFIRMED))


def condition(random: Random) -> Phrase:
    """If the girls are tired, they will rest: 如果女孩们很累，她们就会休息."""
    subject = _someone(random)
    verb = random.choice([verb for verb in ACTIONS if verb.agents & subject.kinds])
    return ended(
        fill(
            f"if#j FIRST ,#c PRON will#w {verb.base}#v OBJ",
            f"如果#j FIRST ，#c PRON 就#j 会#w {verb.chinese}#v OBJ",
            FIRST=said_of(random, subject, "{be}#d"),
            PRON=referring(subject.pronoun).phrase,
            OBJ=phrase_of(object_of(random, verb, subject.pronoun)),
        )
    )


def report(random: Random) -> Phrase:
    """The girls said that they would buy a horse tomorrow."""
    subject = _someone(random, frozenset({"person"}))
    verb = doing(random)
    return ended(
        fill(
            f"SUBJ said#s that PRON would#w {verb.base}#v OBJ PLACE TIME",
            f"SUBJ 说#s PRON TIME 会#w PLACE {verb.chinese}#v OBJ",
            SUBJ=subject.phrase,
            PRON=referring(subject.pronoun).phrase,
            OBJ=phrase_of(object_of(random, verb, subject.pronoun)),
            PLACE=setting_of(random, "future", chance=0.3).place,
            TIME=time_phrase(random, "future"),
        )
    )


def opinion(random: Random) -> Phrase:
    """The girl thinks that the book is very interesting."""
    subject = agent(random)
    thing = noun_phrase(random, random.choice(NOUNS), singular=DEFINITE, plural=DEFINITES)
    verb, character = random.choice((("think", "觉得"), ("know", "知道")))
    return ended(
        fill(
            f"SUBJ {verb}{'s' if subject.pronoun.third else ''}#t that WHAT",
            f"SUBJ {character}#t WHAT",
            SUBJ=subject.phrase,
            WHAT=said_of(random, thing, random.choice(("{be} very#d", "{be} not#d", "{be}#d"))),
        )
    )


def errand(random: Random) -> Phrase:
    """The girl went to the shop to buy a book: 女孩去商店买了一本书."""
    verb = random.choice([verb for verb in ACTIONS if verb.chinese not in ("睡觉", "哭")])
    subject = actor(random, verb)
    goal, character = random.choice(GOALS)
    return ended(
        fill(
            f"SUBJ went#g to the {goal}#p to {verb.base}#v OBJ TIME",
            f"SUBJ TIME 去#g {character}#p {verb.chinese}#v 了#g OBJ",
            SUBJ=subject.phrase,
            OBJ=phrase_of(object_of(random, verb, subject.pronoun)),
            TIME=time_phrase(random, "past"),
        )
    )


def ellipsis(random: Random) -> Phrase:
    """The girl bought two books and the boy bought three: 三本, the measure word of the books."""
    verb = random.choice([verb for verb in ACTIONS + EVENTS if verb.objects])
    noun = random.choice(of_kinds(verb.objects))
    (first, first_chinese), (second, second_chinese) = random.sample(COUNTS, 2)
    return ended(
        fill(
            f"SUBJ {verb.past}#v {first}#c {noun.plural}#n and#j OTHER {verb.past}#u {second}#k",
            f"SUBJ {verb.chinese}了#v {first_chinese}#c {noun.measure}#n {noun.chinese}#n ，而#j "
            f"OTHER {verb.chinese}了#u {second_chinese}#k {noun.measure}#n",
            [("object", verb.base, noun.singular), count_bond(first, noun), count_bond(second, noun)],
            SUBJ=agent(random, specific=True).phrase,
            OTHER=agent(random, specific=True).phrase,
        )
    )


def handed_on(random: Random) -> Phrase:
    """The girl bought two horses and sold them to the boy: 把它们卖给了男孩."""
    noun = random.choice(of_kinds(frozenset({"goods", "animal"})))
    thing = noun_phrase(random, noun, singular=("a", "the", "this"), plural=(*DEFINITES, "two", "three"))
    first = random.choice([verb for verb in ACTIONS + EVENTS if verb.base in ("buy", "find", "draw")])
    then = random.choice([verb for verb in TRANSFERS if verb.objects & noun.kinds])
    return ended(
        fill(
            f"SUBJ {first.past}#v OBJ and#j {then.past}#u THEM to#t OTHER",
            f"SUBJ {first.chinese}了#v OBJ ，然后#j 把#u THEM {then.chinese}#u 给#t 了#u OTHER",
            [*object_bond(first, thing), ("transfer", then.base, noun.singular)],
            SUBJ=agent(random).phrase,
            OBJ=thing.phrase,
            THEM=referring_object(thing.pronoun),
            OTHER=agent(random, specific=True).phrase,
        )
    )


def seen_again(random: Random) -> Phrase:
    """The boy saw the girls in the park and helped them: 帮助了她们."""
    thing = noun_phrase(random, random.choice(PEOPLE + ANIMALS), singular=DEFINITE, plural=DEFINITES)
    first = random.choice([verb for verb in ACTIONS + EVENTS if verb.objects & thing.kinds & {"person", "animal"}])
    then = random.choice(
        [verb for verb in ACTIONS if verb.objects & thing.kinds & {"person", "animal"} and verb != first]
    )
    return ended(
        fill(
            f"SUBJ {first.past}#v OBJ PLACE and#j {then.past}#u THEM",
            f"SUBJ PLACE {first.chinese}了#v OBJ ，然后#j {then.chinese}了#u THEM",
            [*object_bond(first, thing), *object_bond(then, thing)],
            SUBJ=agent(random).phrase,
            OBJ=thing.phrase,
            PLACE=setting_of(random, "past").place,
            THEM=referring_object(thing.pronoun),
        )
    )


def _someone(random: Random, kinds: frozenset[str] = frozenset({"person", "animal"})) -> Nominal:
    """Who the sentence is about: mostly several, so that "they" must be looked up."""
    if random.random() < 0.3:
        return agent(random, kinds, specific=True)
    return several(random, PEOPLE + ANIMALS if "animal" in kinds else PEOPLE)


def _again(random: Random, subject: Nominal, tense: str, mood: Mood, verbs: tuple[Verb, ...] = ACTIONS) -> Phrase:
    """What the same one does, named by a pronoun now."""
    verb = random.choice([verb for verb in verbs if verb.agents & subject.kinds])
    target = object_of(random, verb, subject.pronoun, definite=mood is DENIED)
    same = referring(subject.pronoun, subject.kinds)
    return clause(same, verb, phrase_of(target), mood=mood, tense=tense, setting=Setting())


def _joined(name: str, first: Phrase, second: Phrase) -> Phrase:
    return ended(fill(*JOINTS[name], FIRST=first, SECOND=second))
