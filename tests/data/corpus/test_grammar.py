"""English agrees, Chinese measures, and what refers back over a distance is told by what it refers to."""

from itertools import pairwise
from random import Random

import pytest

from heedful.data.corpus import action, effect, joined, quality, relative
from heedful.data.corpus.clause import AFFIRMED, ASKED, DENIED, Setting, clause, place_phrase
from heedful.data.corpus.entry import HE, IT, SHE, THEY, THEY_THINGS, THEY_WOMEN, WE, YOU, I
from heedful.data.corpus.measure import RULES
from heedful.data.corpus.nominal import Nominal, noun_phrase, referring
from heedful.data.corpus.phrase import NOTHING
from heedful.data.corpus.words import ACTIONS, ANIMALS, EVENTS, NOUNS, PEOPLE, PLACES, RESULTS, STATES, TRANSFERS

VERBS = {verb.base: verb for verb in (*RESULTS, *TRANSFERS, *STATES, *EVENTS, *ACTIONS)}
NOUN = {noun.singular: noun for noun in NOUNS}


def draw(rule, count=200):
    """Sentences of one rule."""
    random = Random(7)
    return [rule(random) for _ in range(count)]


def plain(word, *, many=False) -> Nominal:
    """A noun with "the" and no adjective."""
    return next(
        found
        for seed in range(99)
        if not (
            found := noun_phrase(Random(seed), NOUN[word], singular=() if many else ("the",), plural=("the",) * many)
        ).phrase.combinations
    )


@pytest.mark.parametrize("pronoun", [I, YOU, WE, HE, SHE, IT, THEY])
@pytest.mark.parametrize("verb", ["buy", "carry", "wash", "know"])
def test_verbs_agree_with_their_subject(pronoun, verb):
    third = pronoun in (HE, SHE, IT)
    subject, verb = referring(pronoun), VERBS[verb]

    def said(mood, tense):
        return clause(subject, verb, NOTHING, mood=mood, tense=tense, setting=Setting()).source

    name, form, do = pronoun.subject, verb.third if third else verb.base, "does" if third else "do"
    be = "is" if third else "am" if pronoun is I else "are"
    assert said(AFFIRMED, "present") == f"{name} {form}"
    assert said(DENIED, "present") == f"{name} {do} not {verb.base}"
    assert said(ASKED, "present") == f"{do} {name} {verb.base}"
    assert said(AFFIRMED, "progressive") == f"{name} {be} {verb.ing}"
    assert said(AFFIRMED, "past") == f"{name} {verb.past}"


CLAUSES = {
    (AFFIRMED["past"], True): "女孩在花园里睡觉了",
    (AFFIRMED["progressive"], True): "女孩正在花园里睡觉",
    (AFFIRMED["progressive"], False): "女孩正在睡觉",
    (AFFIRMED["future"], True): "女孩会在花园里睡觉",
    (DENIED["past"], True): "女孩没在花园里睡觉",
    (DENIED["progressive"], False): "女孩没在睡觉",
    (DENIED["future"], False): "女孩不会睡觉",
    (DENIED["present"], False): "女孩不睡觉",
}


@pytest.mark.parametrize(("templates", "placed"), CLAUSES)
def test_chinese_order_and_tense(templates, placed):
    place = place_phrase(PLACES[0]) if placed else NOTHING
    mood = {"this": templates}
    found = clause(plain("girl"), VERBS["sleep"], NOTHING, mood=mood, tense="this", setting=Setting(place=place))
    assert found.target == CLAUSES[templates, placed]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.singular)
def test_measure_words_belong_to_their_noun(noun):
    two = noun_phrase(Random(3), noun, singular=(), plural=("two",))
    assert two.phrase.target.startswith(f"两{noun.measure}")
    assert two.phrase.source.split()[-1] == noun.plural
    for one in (two, *(noun_phrase(Random(3), noun, singular=(determiner,)) for determiner in ("a", "this", "that"))):
        last = len(one.phrase.source.split()) - 1
        assert one.phrase.target[1] == noun.measure
        assert {(0, 0), (last, 1), (last, len(one.phrase.target) - 1)} <= one.phrase.links
        assert (0, 1) not in one.phrase.links


def test_an_before_a_vowel_and_only_there():
    for rule, _ in RULES:
        for phrase in draw(rule, 40):
            words = phrase.source.split()
            for article, word in pairwise(words):
                if article in ("a", "an"):
                    assert (article == "an") == (word[0] in "aeiou"), phrase.source


def test_number_words_take_plurals():
    plurals = {noun.plural for noun in NOUNS}
    singles = {noun.singular for noun in NOUNS} - plurals
    for rule in (action.statement, quality.existence, relative.relative_done):
        for phrase in draw(rule):
            words = phrase.source.split()
            for number, *rest in zip(words, words[1:], [*words[2:], "."], strict=False):
                if number in ("two", "three", "four", "five", "ten", "many", "these", "those"):
                    assert rest[0] not in singles
                    assert rest[0] in plurals or rest[1] in plurals


THEIRS = {
    "她们": {noun.plural for noun in PEOPLE if noun.singular_pronouns == (SHE,)},
    "它们": {noun.plural for noun in ANIMALS},
}


def antecedent(phrase):
    """Which Chinese "they" the first plural noun of the sentence asks for; None without one."""
    for word in phrase.source.split():
        for chinese, nouns in THEIRS.items():
            if word in nouns:
                return chinese
        if word in {noun.plural for noun in PEOPLE}:
            return "他们"
    return None


@pytest.mark.parametrize("rule", [joined.reason, joined.condition, joined.report, joined.sequence])
def test_they_is_told_by_the_noun_of_the_other_clause(rule):
    seen = set()
    for phrase in draw(rule, 300):
        words = phrase.source.split()
        at = words.index("they") if "they" in words else 0
        if at and antecedent(phrase) and "them" not in words[:at]:
            expected = antecedent(phrase)
            position = next(j for i, j in sorted(phrase.links) if i == at)
            assert phrase.target[position : position + 2] == expected, phrase
            seen.add(expected)
    assert len(seen) >= 2


def test_the_pronoun_fits_the_antecedent_in_every_table():
    for noun in NOUNS:
        expected = (
            THEY_THINGS if "person" not in noun.kinds else THEY_WOMEN if noun.singular_pronouns == (SHE,) else THEY
        )
        assert noun.plural_pronoun is expected
        assert all(pronoun in (HE, SHE) for pronoun in noun.singular_pronouns) == ("person" in noun.kinds)


def test_they_stands_far_from_its_noun():
    distances = [
        words.index("they") - 2 for phrase in draw(joined.meanwhile) if "they" in (words := phrase.source.split())
    ]
    assert sum(distance >= 6 for distance in distances) > 50


EXAMPLES = {
    effect.putting: ("把", "放", "了。"),
    effect.passive: ("被",),
    effect.transfer: ("把", "给了"),
    quality.existence: ("有",),
    relative.relative_done: ("的",),
    joined.handed_on: ("，然后把", "给了"),
    joined.ellipsis: ("，而",),
    joined.reason: ("，",),
    action.who: ("谁", "？"),
}


@pytest.mark.parametrize("rule", EXAMPLES)
def test_each_construction_has_its_marks_in_order(rule):
    for phrase in draw(rule, 50):
        rest = phrase.target
        for mark in EXAMPLES[rule]:
            assert mark in rest, phrase.target
            rest = rest.split(mark, 1)[1]


def test_the_ellipsis_repeats_the_measure_word_of_the_noun_before():
    for phrase in draw(joined.ellipsis, 50):
        words = phrase.source.split()
        before = max(i for i, word in enumerate(words[: words.index("and")]) if word in {noun.plural for noun in NOUNS})
        measure = len(phrase.target) - 2
        assert (before, measure) in phrase.links
        noun = next(noun for noun in NOUNS if noun.plural == words[before] and phrase.target[measure] == noun.measure)
        assert phrase.target.count(noun.measure) >= 2
