"""Plans: every example once an epoch, within the size, the same for any number of ranks, resumable anywhere."""

from itertools import chain, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.batch import Example
from heedful.data.bucket import BatchPlan, BatchStream, lengths_of
from heedful.errors import UserError

LENGTHS = st.lists(st.tuples(st.integers(1, 31), st.integers(1, 31)), min_size=1, max_size=97)
TOKENS = st.integers(1, 131)
SEEDS = st.integers(0, 7)


@given(lengths=LENGTHS, tokens=TOKENS, seed=SEEDS, epoch=st.integers(0, 3))
def test_every_example_comes_once_and_batches_fit(lengths, tokens, seed, epoch):
    batches = BatchPlan(lengths, tokens=tokens, seed=seed).epoch(epoch)
    assert sorted(chain(*batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(max(lengths[row]) for row in batch) <= tokens


@given(lengths=LENGTHS, tokens=TOKENS, seed=SEEDS, world=st.integers(1, 5))
def test_ranks_share_the_batches_of_one_process(lengths, tokens, seed, world):
    alone = BatchPlan(lengths, tokens=tokens, seed=seed).epoch(1)
    plans = [BatchPlan(lengths, tokens=tokens, seed=seed, rank=rank, world=world) for rank in range(world)]
    epochs = [plan.shares(1) for plan in plans]
    assert {len(epoch) for epoch in epochs} == {len(alone)}
    for batch, *shares in zip(alone, *epochs, strict=True):
        assert sorted(chain(*(share.rows for share in shares))) == sorted(batch)
        assert all(share.all_rows == batch for share in shares)
        sizes = [len(share.rows) for share in shares]
        assert max(sizes) - min(sizes) <= 1


@given(lengths=LENGTHS, tokens=TOKENS, seed=SEEDS, stop=st.integers(0, 50), world=st.integers(1, 3))
def test_a_stream_goes_on_where_it_stopped(lengths, tokens, seed, stop, world):
    def stream(rank=0, world=1):
        return BatchStream(BatchPlan(lengths, tokens=tokens, seed=seed, rank=rank, world=world))

    def forever(stream):
        for _ in range(stop + 20):  # an epoch has a batch at least
            yield from stream

    through = list(islice(forever(stream()), stop + 20))
    first, second, third = stream(), stream(world - 1, world), stream()
    assert list(islice(forever(first), stop)) == through[:stop]
    second.load_state_dict(first.state_dict())
    third.seek(stop)
    assert [share.all_rows for share in islice(forever(second), 20)] == [share.all_rows for share in through[stop:]]
    assert third.state_dict() == first.state_dict()


def test_the_first_batch_after_a_whole_epoch_is_the_next_epochs():
    stream = BatchStream(BatchPlan([(3, 3)] * 7, tokens=6, seed=0))
    assert len(list(stream)) == 4
    assert [(share.epoch, share.position) for share in stream] == [(1, 0), (1, 1), (1, 2), (1, 3)]


def test_epochs_and_seeds_differ_but_repeat():
    lengths = [(3, 5)] * 101
    plan = BatchPlan(lengths, tokens=35, seed=0)
    assert plan.epoch(0) == BatchPlan(lengths, tokens=35, seed=0).epoch(0)
    assert plan.epoch(0) != plan.epoch(1)
    assert plan.epoch(0) != BatchPlan(lengths, tokens=35, seed=1).epoch(0)


def test_like_lengths_go_together():
    lengths = [(1 + i * 7 % 31, 1 + i * 11 % 29) for i in range(997)]
    plan = BatchPlan(lengths, tokens=499, seed=0)
    mixed = sum(len(lengths[i : i + 16]) * 60 for i in range(0, 997, 16)) / sum(map(sum, lengths)) - 1
    assert 0 <= plan.waste(0) < 0.25 < mixed
    assert BatchPlan([(3, 5)] * 7, tokens=35, seed=0).waste(0) == 0


def test_a_state_of_other_data_is_refused():
    stream = BatchStream(BatchPlan([(3, 3)] * 7, tokens=6, seed=0))
    for other in (
        BatchPlan([(3, 3)] * 8, tokens=6, seed=0),
        BatchPlan([(3, 3)] * 7, tokens=7, seed=0),
        BatchPlan([(3, 3)] * 7, tokens=6, seed=1),
    ):
        with pytest.raises(UserError, match="cannot resume"):
            BatchStream(other).load_state_dict(stream.state_dict())


@pytest.mark.parametrize(
    "wrong",
    [{"rank": 2, "world": 2}, {"lengths": []}, {"tokens": 0}, {"seed": -1}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_impossible_plans(wrong):
    with pytest.raises(ValueError, match="expected"):
        BatchPlan(**{"lengths": [(1, 1)], "tokens": 5, "seed": 0, **wrong})


def test_lengths_count_the_end():
    assert lengths_of([Example([5, 6], [])]) == [(3, 1)]
