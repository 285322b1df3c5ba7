"""Who does what: statements, denials, questions, wishes, requests."""

from random import Random

from heedful.data.corpus.clause import (
    AFFIRMED,
    ASKED,
    DENIED,
    Setting,
    actor,
    asked,
    bound,
    clause,
    doing,
    ended,
    forms,
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
    agent,
    count_bond,
    noun_phrase,
    of_kinds,
    reflexive,
    several,
)
from heedful.data.corpus.phrase import Phrase, fill
from heedful.data.corpus.words import ACTIONS, EVENTS, MODALS, PLACES, SELVES, STATES

TENSES = ("past", "past", "present", "future", "progressive")


def statement(random: Random) -> Phrase:
    """The girl bought a book in the park yesterday."""
    verb, tense = _verb_and_tense(random)
    subject = actor(random, verb)
    target = phrase_of(object_of(random, verb, subject.pronoun))
    return ended(clause(subject, verb, target, mood=AFFIRMED, tense=tense, setting=setting_of(random, tense)))


def denial(random: Random) -> Phrase:
    """The girl did not buy the book yesterday."""
    verb, tense = _verb_and_tense(random)
    subject = actor(random, verb)
    target = phrase_of(object_of(random, verb, subject.pronoun, definite=True))
    setting = Setting(time=time_phrase(random, tense), place=setting_of(random, tense, chance=0.4).place)
    return ended(clause(subject, verb, target, mood=DENIED, tense=tense, setting=setting))


def question(random: Random) -> Phrase:
    """Did the girl buy the book yesterday?"""
    verb, tense = _verb_and_tense(random)
    subject = actor(random, verb)
    target = phrase_of(object_of(random, verb, subject.pronoun))
    setting = Setting(time=time_phrase(random, tense), place=setting_of(random, tense, chance=0.4).place)
    return asked(clause(subject, verb, target, mood=ASKED, tense=tense, setting=setting))


def state(random: Random) -> Phrase:
    """The girl likes / does not like her book; does she like it?"""
    verb = random.choice(STATES)
    subject = actor(random, verb)
    target = phrase_of(object_of(random, verb, subject.pronoun, definite=True))
    mood, end = random.choice(((AFFIRMED, ended), (DENIED, ended), (ASKED, asked)))
    return end(clause(subject, verb, target, mood=mood, tense="present", setting=Setting()))


def modal(random: Random) -> Phrase:
    """The girl wants to / can / must / should buy a book tomorrow."""
    verb = doing(random)
    subject = actor(random, verb)
    english, chinese = random.choice(MODALS)
    modals = ((f"{english}#m", chinese), (f"{'wants' if subject.pronoun.third else 'want'}#m to", "想"))
    wish, character = random.choice(modals)
    return ended(
        fill(
            f"SUBJ {wish} {verb.base}#v OBJ PLACE TIME",
            f"SUBJ TIME {character}#m PLACE {verb.chinese}#v OBJ",
            SUBJ=subject.phrase,
            OBJ=phrase_of(object_of(random, verb, subject.pronoun)),
            TIME=time_phrase(random, "future"),
            PLACE=setting_of(random, "future").place,
        )
    )


def who(random: Random) -> Phrase:
    """Who bought the book in the park?"""
    verb = random.choice([verb for verb in ACTIONS + EVENTS if verb.objects])
    thing = noun_phrase(
        random, random.choice(of_kinds(verb.objects)), singular=(*DEFINITE, "a"), plural=(*DEFINITES, "two")
    )
    setting = setting_of(random, "past")
    return fill(
        f"who#w {verb.past}#v OBJ PLACE TIME ?#q",
        f"谁#w TIME PLACE {verb.chinese}了#v OBJ ？#q",
        OBJ=bound(thing, object_bond(verb, thing)).phrase,
        PLACE=setting.place,
        TIME=setting.time,
    )


def what(random: Random) -> Phrase:
    """What did the girl buy? Which book …? How many books …?"""
    verb = random.choice([verb for verb in ACTIONS + EVENTS if verb.objects - {"person"}])
    noun = random.choice([noun for noun in of_kinds(verb.objects) if "person" not in noun.kinds])
    done = ("object", verb.base, noun.singular)
    asked_for, characters, bonds = random.choice(
        (
            ("what#w", "什么#w", []),
            (
                f"which#w {noun.singular}#n",
                f"哪#w {noun.measure}#n {noun.chinese}#n",
                [done, count_bond("which", noun)],
            ),
            (
                f"how#w many#w {noun.plural}#n",
                f"几#w {noun.measure}#n {noun.chinese}#n",
                [done, count_bond("how many", noun)],
            ),
        )
    )
    setting = setting_of(random, "past")
    return fill(
        f"{asked_for} did#d SUBJ {verb.base}#v PLACE TIME ?#q",
        f"SUBJ TIME PLACE {verb.chinese}#v 了#d {characters} ？#q",
        bonds,
        SUBJ=actor(random, verb).phrase,
        PLACE=setting.place,
        TIME=setting.time,
    )


def where(random: Random) -> Phrase:
    """Where did the girl buy the book yesterday?"""
    verb = doing(random)
    subject = actor(random, verb)
    return fill(
        f"where#w did#d SUBJ {verb.base}#v OBJ TIME ?#q",
        f"SUBJ TIME 在哪里#w {verb.chinese}#v 了#d OBJ ？#q",
        SUBJ=subject.phrase,
        OBJ=phrase_of(object_of(random, verb, subject.pronoun, definite=True)),
        TIME=time_phrase(random, "past"),
    )


def companion(random: Random) -> Phrase:
    """The girl ate a cake with the boy: 女孩和男孩一起吃了一块蛋糕."""
    verb = random.choice([verb for verb in ACTIONS + EVENTS if "person" not in verb.objects])
    subject = agent(random)
    return ended(
        fill(
            f"SUBJ {verb.past}#v OBJ with#c OTHER PLACE TIME",
            f"SUBJ TIME 和#c OTHER 一起#c PLACE {verb.chinese}了#v OBJ",
            SUBJ=subject.phrase,
            OBJ=phrase_of(object_of(random, verb, subject.pronoun)),
            OTHER=agent(random, specific=True).phrase,
            PLACE=setting_of(random, "past", chance=0.3).place,
            TIME=time_phrase(random, "past", chance=0.3),
        )
    )


def oneself(random: Random) -> Phrase:
    """The girls saw themselves in the mirror: 她们自己 refers back to them."""
    subject = agent(random) if random.random() < 0.5 else several(random)
    english, chinese = random.choice(SELVES)
    goods = noun_phrase(random, random.choice(of_kinds(frozenset({"goods"}))), singular=("a",), plural=("two", "three"))
    return ended(
        fill(
            f"SUBJ {english}",
            chinese,
            [("object", "buy", goods.word)] if "OBJ" in english else [],
            SUBJ=subject.phrase,
            SELF=reflexive(subject.pronoun),
            OBJ=goods.phrase,
            PLACE=place_phrase(random.choice(PLACES)),
            TIME=time_phrase(random, "past"),
        )
    )


def request(random: Random) -> Phrase:
    """Please (do not) open the window."""
    verb = random.choice([verb for verb in ACTIONS if verb.objects])
    thing = noun_phrase(random, random.choice(of_kinds(verb.objects)), singular=DEFINITE, plural=(*DEFINITES, "two"))
    english, chinese = random.choice(
        (
            ("please#p {base}#v OBJ PLACE TIME", "请#p TIME PLACE {chinese}#v OBJ"),
            ("please#p do not#n {base}#v OBJ PLACE", "请#p 不要#n PLACE {chinese}#v OBJ"),
        )
    )
    words = forms(verb, agent(random).pronoun)
    return ended(
        fill(
            english.format_map(words),
            chinese.format_map(words),
            OBJ=bound(thing, object_bond(verb, thing)).phrase,
            PLACE=setting_of(random, "future").place,
            TIME=time_phrase(random, "future"),
        )
    )


def _verb_and_tense(random: Random) -> tuple[Verb, str]:
    verb, tense = doing(random), random.choice(TENSES)
    return verb, "past" if verb in EVENTS and tense == "progressive" else tense
