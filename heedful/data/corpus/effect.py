"""What becomes of a thing: 把 before the verb, the passive 被, and what passes from hand to hand."""

from random import Random

from heedful.data.corpus.clause import asked, bound, ended, object_bond, place_phrase, time_phrase
from heedful.data.corpus.entry import Verb
from heedful.data.corpus.nominal import DEFINITE, DEFINITES, Nominal, agent, noun_phrase, of_kinds
from heedful.data.corpus.phrase import Phrase, fill
from heedful.data.corpus.words import RESULTS, SPOTS, THINGS, TRANSFERS


def putting(random: Random) -> Phrase:
    """The girl put the book on the table: 女孩把书放在桌子上了."""
    movable = [noun for noun in THINGS if noun.kinds & {"small", "gift", "food"}]
    thing = noun_phrase(random, random.choice(movable), singular=DEFINITE, plural=DEFINITES)
    return ended(
        fill(
            "SUBJ put#v OBJ PLACE TIME",
            "SUBJ TIME 把#v OBJ 放#v PLACE 了#v",
            SUBJ=agent(random).phrase,
            OBJ=bound(thing, [("object", "put", thing.word)]).phrase,
            PLACE=place_phrase(random.choice(SPOTS)),
            TIME=time_phrase(random, "past"),
        )
    )


def _result(random: Random) -> tuple[Verb, Phrase, Nominal]:
    verb = random.choice(RESULTS)
    noun = random.choice(of_kinds(verb.objects))
    thing = noun_phrase(random, noun, singular=DEFINITE, plural=DEFINITES)
    return verb, bound(thing, object_bond(verb, thing)).phrase, thing


def result(random: Random) -> Phrase:
    """The girl broke the cup: 女孩把杯子打破了; did she? 打破了吗."""
    verb, target, _ = _result(random)
    english, chinese, end = random.choice(
        (
            (f"SUBJ {verb.past}#v OBJ TIME", f"SUBJ TIME 把#v OBJ {verb.chinese}了#v", ended),
            (f"SUBJ did not#n {verb.base}#v OBJ TIME", f"SUBJ TIME 没#n 把#v OBJ {verb.chinese}#v", ended),
            (f"did#d SUBJ {verb.base}#v OBJ TIME", f"SUBJ TIME 把#v OBJ {verb.chinese}#v 了#d", asked),
        )
    )
    return end(fill(english, chinese, SUBJ=agent(random).phrase, OBJ=target, TIME=time_phrase(random, "past")))


def passive(random: Random) -> Phrase:
    """The cup was broken by the girl: 杯子被女孩打破了."""
    verb, target, thing = _result(random)
    return ended(
        fill(
            f"OBJ {thing.pronoun.was} {verb.participle}#v by#b AGENT TIME",
            f"OBJ TIME 被#b AGENT {verb.chinese}了#v",
            OBJ=target,
            AGENT=agent(random, specific=True).phrase,
            TIME=time_phrase(random, "past"),
        )
    )


def transfer(random: Random) -> Phrase:
    """The girl gave the book to the boy: 女孩把书送给了男孩."""
    verb = random.choice(TRANSFERS)
    thing = noun_phrase(random, random.choice(of_kinds(verb.objects)), singular=DEFINITE, plural=DEFINITES)
    return ended(
        fill(
            f"SUBJ {verb.past}#v OBJ to#t OTHER TIME",
            f"SUBJ TIME 把#v OBJ {verb.chinese}#v 给#t 了#v OTHER",
            SUBJ=agent(random).phrase,
            OBJ=bound(thing, [("transfer", verb.base, thing.word)]).phrase,
            OTHER=agent(random, specific=True).phrase,
            TIME=time_phrase(random, "past"),
        )
    )
