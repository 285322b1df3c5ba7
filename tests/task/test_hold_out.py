"""What is held out: a share of each kind, groups whole, of every kind some left, the same for a seed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.errors import UserError
from heedful.task.hold_out import Strata, hold_out

ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1, max_size=30)
SHARES = st.floats(0.01, 0.99)


def test_a_share_of_each_kind_is_held_out_and_one_at_least():
    kinds = ["a"] * 100 + ["b"] * 20 + ["c"] * 3 + ["d"]
    parted = hold_out(range(124), 0.1, 1, strata=Strata("texts", kinds))
    assert Counter(kinds[row] for row in parted.valid) == {"a": 10, "b": 2, "c": 1}
    assert parted.note == "validation: 13 of 124 training texts, held out"


def holders(rows):
    """For each group, in how many groups each of its kinds is."""
    of_group = {group: {kind for kind, other in rows if other == group} for _, group in rows}
    counts = Counter(kind for own in of_group.values() for kind in own)
    return [[counts[kind] for kind in own] for own in of_group.values()]


@given(ROWS, SHARES, st.integers(0, 3))
def test_of_every_kind_some_stays_and_no_group_is_torn(rows, share, seed):
    kinds, groups = zip(*rows, strict=True)
    spare = any(all(others > 1 for others in own) for own in holders(rows))
    if not spare:
        with pytest.raises(UserError, match="too few"):
            hold_out(rows, share, seed, strata=Strata("rows", kinds, groups))
        return
    parted = hold_out(range(len(rows)), share, seed, strata=Strata("rows", kinds, groups))
    assert sorted([*parted.train, *parted.valid]) == list(range(len(rows)))
    assert parted.train == sorted(parted.train)
    assert parted.valid == sorted(parted.valid)
    assert {kinds[row] for row in parted.train} == set(kinds)
    assert not {groups[row] for row in parted.train} & {groups[row] for row in parted.valid}
    assert parted.valid


@given(st.integers(2, 60), SHARES)
def test_without_kinds_and_groups_it_is_a_share_of_all(count, share):
    parted = hold_out(range(count), share, 1, strata=Strata("texts"))
    assert len(parted.valid) == min(count - 1, max(1, round(share * count)))


def test_the_seed_draws_them_and_nothing_else():
    first, again, other = (hold_out(range(60), 0.2, seed, strata=Strata("texts")).valid for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("count", [0, 1, 3])
def test_where_none_can_be_spared_it_is_told(count):
    with pytest.raises(UserError, match=f"{count} trees are too few to hold some out for validation.*--valid"):
        hold_out(range(count), 0.5, 1, strata=Strata("trees", [str(row) for row in range(count)]))
