"""Which texts are held out and which fold tests which: every class in its share, the same each time."""

from collections import Counter

import pytest

from heedful.data.labelled import Labelled
from heedful.errors import UserError
from heedful.task.classify.config import ClassifyConfig
from heedful.task.classify.task import Classify
from heedful.task.config import make_settings
from heedful.task.hold_out import deal_folds


def texts(**counts):
    """So many texts of each label, by turns as long as there are any."""
    most = max(counts.values())
    named = [label for place in range(most) for label, count in counts.items() if place < count]
    return [Labelled(f"text {number}", label, f"f:{number}") for number, label in enumerate(named, start=1)]


def held_out(own, share, seed):
    config = make_settings(ClassifyConfig, {"data": {"hold_out": share}, "train": {"seed": seed}})
    return Classify().hold_out(config, own)


def fold_of(own, count, *, seed, in_order):
    strata = Classify().strata(make_settings(ClassifyConfig), own)
    return deal_folds(len(own), count, seed, strata=strata, in_order=in_order)


def labels(found):
    return Counter(one.label for one in found)


def test_of_every_class_its_share_is_held_out():
    found = held_out(texts(a=100, b=20, c=3, d=1), 0.1, 1)
    assert found.note == "validation: 13 of 124 training texts, held out"
    assert labels(found.valid) == {"a": 10, "b": 2, "c": 1}
    assert labels(found.train) == {"a": 90, "b": 18, "c": 2, "d": 1}, "at least one stays"
    assert {one.where for one in found.train} | {one.where for one in found.valid} == {f"f:{i}" for i in range(1, 125)}
    assert [one.where for one in found.train] == sorted((one.where for one in found.train), key=lambda w: int(w[2:]))


def test_the_seed_draws_them_and_nothing_else():
    first, again, other = (held_out(texts(a=30, b=30), 0.2, seed).valid for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert labels(held_out(texts(a=3, b=3), 0.99, 1).train) == {"a": 1, "b": 1}


def test_where_no_class_has_two_texts_none_can_be_held_out():
    with pytest.raises(UserError, match=r"3 texts are too few.*--valid.*data\.label_column"):
        held_out(texts(a=1, b=1, c=1), 0.1, 1)


@pytest.mark.parametrize("in_order", [False, True])
@pytest.mark.parametrize("count", [2, 3, 7])
def test_folds_share_every_class_evenly(count, in_order):
    own = texts(a=31, b=8, c=7)
    folds = fold_of(own, count, seed=1, in_order=in_order)
    for label in "abc":
        sizes = Counter(fold for one, fold in zip(own, folds, strict=True) if one.label == label)
        assert set(sizes) == set(range(count))
        assert max(sizes.values()) - min(sizes.values()) <= 1


def test_folds_in_order_are_runs_of_texts_as_they_stand():
    own = [Labelled("x", label, "") for label in "aaaabbbb"]
    assert fold_of(own, 2, seed=1, in_order=True) == [0, 0, 1, 1, 0, 0, 1, 1]


def test_folds_are_drawn_by_the_seed():
    own = texts(a=20, b=20)
    first, again, other = (fold_of(own, 4, seed=seed, in_order=False) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("count", [1, 4])
def test_folds_of_too_few_texts_are_refused(count):
    with pytest.raises(UserError, match=f"{count} folds of texts of which 3 have the label 'b'.*rarest kind"):
        fold_of(texts(a=9, b=3), count, seed=1, in_order=False)
