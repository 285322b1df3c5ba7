"""The shop: the same titles each time, a tree of categories, frequencies by Zipf's law, and what makes it hard."""

from collections import Counter
from itertools import islice

import pytest

from heedful.data.corpus.titles import Shop


@pytest.fixture(scope="module")
def shop():
    return Shop(60, depth=3, seed=2)


def test_the_same_arguments_make_the_same_titles(shop):
    first, again = (list(islice(lot.titles(), 50)) for lot in (shop, Shop(60, depth=3, seed=2)))
    assert first == again
    assert list(islice(shop.titles(1), 50)) != first
    assert list(islice(Shop(60, depth=3, seed=3).titles(), 50)) != first


def test_a_known_title():
    title = next(Shop(60, depth=3, seed=2).titles())
    assert title == ("for men xuxola vagumo", "bababa/yaduve/vagumi")


@pytest.mark.parametrize(("labels", "depth"), [(1, 1), (7, 1), (60, 3), (64, 3), (1000, 2)])
def test_labels_are_distinct_paths_of_a_depth(labels, depth):
    found = Shop(labels, depth=depth).labels
    assert len(set(found)) == labels
    assert {label.count("/") for label in found} == {depth - 1}


def test_frequencies_follow_zipf(shop):
    counts = Counter(title.label for title in islice(shop.titles(), 4000))
    ranked = [count for _, count in counts.most_common()]
    harmonic = sum(1 / rank for rank in range(1, 61))
    for rank in (1, 2, 4, 8):
        assert ranked[rank - 1] == pytest.approx(4000 / harmonic / rank, rel=0.2)


def test_words_are_shared_by_categories_and_some_are_misspelt(shop):
    labels_of: dict[str, set[str]] = {}
    times: Counter[str] = Counter()
    for title in islice(shop.titles(), 4000):
        assert title.text
        for word in title.text.split():
            labels_of.setdefault(word, set()).add(title.label)
            times[word] += 1
    common = [word for word, count in times.items() if count > 20]
    assert not any(len(labels_of[word]) == 1 for word in common), "no frequent word tells the category alone"
    once = sum(count == 1 for count in times.values()) / times.total()
    assert 0.005 < once < 0.1


def test_the_parts_of_a_category_tell_it(shop):
    """A reader who knows the words can name the category of most titles, and not of all."""
    parts = {tuple(parts): label for parts, label in zip(shop._parts, shop.labels, strict=True)}
    known = {word: part for path in parts for part in path for word in shop._words(part)}
    right = told = 0
    for title in islice(shop.titles(), 500):
        found = {known[word] for word in title.text.split() if word in known}
        fitting = [label for path, label in parts.items() if found <= set(path)]
        right += title.label in fitting
        told += fitting == [title.label]
    assert right > 490, "what a title names is true, but for a few misspelt words"
    assert 350 < told < 480


@pytest.mark.parametrize("wrong", [{"labels": 0}, {"depth": 0}, {"labels": 2_000_000, "depth": 2}])
def test_impossible_shops_are_refused(wrong):
    with pytest.raises(ValueError, match="labels"):
        Shop(**{"labels": 9, **wrong})
