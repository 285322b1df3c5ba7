"""The corpus: gold links by construction, one answer a source, and a test of combinations never trained on."""

from random import Random

import pytest

from heedful.data.corpus import action, make_corpus, quality
from heedful.data.corpus.measure import LONGEST, RULES, SHORTEST
from heedful.data.corpus.words import NOUNS


@pytest.fixture(scope="module")
def corpus():
    return make_corpus(3, train=1999, valid=101, test=151)


def test_the_sizes_are_as_asked(corpus):
    assert [len(lot) for lot in (corpus.train, corpus.valid, corpus.test)] == [1999, 101, 151]


def test_links_are_in_range_and_leave_no_character_out(corpus):
    for pair in corpus.train + corpus.test:
        words = pair.source.split()
        assert all(0 <= i < len(words) and 0 <= j < len(pair.target) for i, j in pair.links)
        links = [sum(j == at for _, j in pair.links) for at in range(len(pair.target))]
        assert set(links) <= {1, 2}, pair
        assert sum(links) <= len(pair.target) + 1
        linked = {words[i] for i, _ in pair.links}
        assert not linked & {"the", "do", "does"} or "do not" in pair.source


def test_order_really_changes(corpus):
    def crossings(pair):
        links = sorted(pair.links)
        return any(a < c and b > d for a, b in links for c, d in links)

    crossed = sum(map(crossings, corpus.train)) / len(corpus.train)
    assert 0.5 < crossed < 0.95


def test_sentences_are_distinct_and_of_the_lengths_promised(corpus):
    pairs = corpus.train + corpus.valid + corpus.test
    assert len({pair.source for pair in pairs}) == len(pairs)
    assert all(SHORTEST <= len(pair.source.split()) <= LONGEST for pair in pairs)
    assert all(pair.target == "".join(pair.target.split()) for pair in pairs)


def test_one_right_answer_for_each_source():
    answers: dict[str, str] = {}
    random = Random(1)
    short = [rule(random) for rule in (action.who, action.request, quality.existence) for _ in range(500)]
    drawn = short + [rule(random) for rule, _ in RULES for _ in range(29)]
    for phrase in drawn:
        assert answers.setdefault(phrase.source, phrase.target) == phrase.target
    assert len(answers) < len(drawn) - 20, "next to nothing was drawn twice, so next to nothing was compared"


def test_held_out_combinations_are_only_in_the_test(corpus):
    assert corpus.held_out
    for pair in corpus.train + corpus.valid:
        assert not pair.combinations & corpus.held_out
    for pair in corpus.test:
        assert pair.combinations & corpus.held_out
    assert {kind for kind, _, _ in corpus.held_out} >= {"adjective", "object", "count"}


def test_held_out_adjectives_never_stand_before_their_noun_in_training(corpus):
    many = {noun.singular: noun.plural for noun in NOUNS}
    pairs = {
        f" {word} {form} "
        for kind, word, noun in corpus.held_out
        if kind == "adjective"
        for form in (noun, many.get(noun, noun))
    }
    assert not [pair.source for pair in corpus.train if any(words in f" {pair.source} " for words in pairs)]
    assert [pair.source for pair in corpus.test if any(words in f" {pair.source} " for words in pairs)]


def test_each_word_of_the_test_occurs_in_training():
    corpus = make_corpus(3, train=150, valid=0, test=37)  # so small that most sentences have a word too many
    words = {word for pair in corpus.train for word in pair.source.split()}
    characters = {character for pair in corpus.train for character in pair.target}
    for pair in corpus.test:
        assert words.issuperset(pair.source.split())
        assert characters.issuperset(pair.target)


def test_the_seed_decides(corpus):
    assert make_corpus(3, train=150, valid=3, test=5).train == corpus.train[:150]
    assert make_corpus(4, train=50, valid=3, test=5).train != corpus.train[:50]


def test_a_training_lot_that_shows_too_few_words():
    with pytest.raises(ValueError, match="too few words"):
        make_corpus(0, train=2, valid=0, test=3)
