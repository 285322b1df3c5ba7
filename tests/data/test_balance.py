"""Class-balanced sampling: how often each label comes, no example forgotten, the same for every rank and each time."""

from collections import Counter

import numpy as np
import pytest

from heedful.data.balance import BalancedPlan
from heedful.data.bucket import BatchPlan, BatchStream

LABELS = [0] * 60 + [1] * 25 + [2] * 10 + [3] * 5
LENGTHS = np.array([[1 + row % 7] for row in range(len(LABELS))])


def plan(balance, **changes):
    return BalancedPlan(LENGTHS, LABELS, balance=balance, **{"tokens": 20, "seed": 1, **changes})


def drawn(made, epoch=0):
    return [row for batch in made.batches(epoch) for row in batch]


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_each_label_comes_in_proportion_to_a_power_of_its_frequency(balance):
    counts = Counter(LABELS[row] for row in drawn(plan(balance)))
    weights = np.array([60, 25, 10, 5]) ** (1 - balance)
    for label, wanted in enumerate(100 * weights / weights.sum()):
        assert abs(counts[label] - wanted) <= 1
    assert sum(counts.values()) == len(LABELS)


def test_without_balance_every_example_comes_once():
    assert sorted(drawn(plan(0.0))) == list(range(len(LABELS)))


def test_examples_of_a_label_come_equally_often_up_to_one():
    times = Counter(drawn(plan(1.0)))
    for label in range(4):
        of_label = [times[row] for row, other in enumerate(LABELS) if other == label]
        assert max(of_label) - min(of_label) <= 1
    assert sum(times[row] == 0 for row in range(60)) > 30, "a frequent label leaves out some in an epoch"
    over = {row for epoch in range(12) for row in drawn(plan(1.0), epoch)}
    assert over == set(range(len(LABELS))), "and none over the epochs"


def test_batches_are_no_larger_than_asked_and_lengths_are_alike():
    for batch in plan(1.0).batches(3):
        assert len(batch) * max(LENGTHS[batch].max(), 1) <= 20 or len(batch) == 1


def test_the_draw_depends_on_seed_and_epoch_alone():
    assert plan(0.7).batches(2) == plan(0.7).batches(2)
    assert plan(0.7).batches(2) != plan(0.7).batches(3)
    assert plan(0.7).batches(2) != plan(0.7, seed=2).batches(2)


def test_ranks_share_each_batch():
    whole = plan(0.5).shares(1)
    parts = [plan(0.5, rank=rank, world=3).shares(1) for rank in range(3)]
    for share, *of_ranks in zip(whole, *parts, strict=True):
        assert sorted(share.rows) == sorted(row for part in of_ranks for row in part.rows)
        assert all(part.all_rows == share.rows for part in of_ranks)


def test_it_is_resumed_with_the_same_batches_and_no_other_plan():
    stream = BatchStream(plan(0.5))
    first = [next(iter(stream)) for _ in range(3)]
    again = BatchStream(plan(0.5))
    again.load_state_dict(stream.state_dict())
    assert first[-1].position == 2
    assert next(iter(again)) == next(iter(stream))
    prints = {plan(0.5).fingerprint, plan(0.6).fingerprint, BatchPlan(LENGTHS, tokens=20, seed=1).fingerprint}
    other = BalancedPlan(LENGTHS, LABELS[::-1], balance=0.5, tokens=20, seed=1)
    assert len(prints | {other.fingerprint}) == 4


def test_a_wrong_balance_is_refused():
    with pytest.raises(ValueError, match=r"balance is 1\.5, expected 0"):
        plan(1.5)
