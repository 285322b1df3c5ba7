"""Streams of text: every token asked for once, windows shifted anew, ranks that share, resumption anywhere."""

from itertools import chain, islice

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.data.bucket import BatchPlan
from heedful.data.stream import (
    Segment,
    StreamPlan,
    TextWindows,
    collate_segments,
    split_documents,
    split_tokens,
    with_boundaries,
)
from heedful.errors import UserError
from heedful.shapes import BOS, EOS, PAD
from heedful.task.batches import Batches

SIZES = st.integers(2, 97)
WINDOWS = st.integers(1, 31)


def text(size):
    return np.arange(4, 4 + size, dtype=np.int64)


def of_text(ids, **plan):
    made = StreamPlan(ids, **plan)
    runs = TextWindows(ids, made.window)
    return Batches(made, lambda share: collate_segments(runs, share.rows, all_rows=share.all_rows))


def of_documents(documents, *, window, **plan):
    runs = split_documents(documents, window)
    made = BatchPlan([(run.target_count,) for run in runs], **plan)
    return Batches(made, lambda share: collate_segments(runs, share.rows, all_rows=share.all_rows))


@given(size=SIZES, window=WINDOWS, data=st.data())
def test_every_token_but_the_first_is_asked_for_once_after_its_context(size, window, data):
    context = data.draw(st.integers(0, window - 1))
    ids = text(size)
    runs = split_tokens(ids, window, context=context)
    asked = list(chain.from_iterable(run.ids[1 + run.context :] for run in runs))
    assert asked == ids[1:].tolist()
    assert all(len(run.ids) <= window + 1 and run.target_count > 0 for run in runs)
    assert all(run.context == context for run in runs[1:])


def test_a_context_that_fills_the_window_is_refused():
    with pytest.raises(ValueError, match="a context of 3 tokens leaves no room"):
        split_tokens(text(9), 3, context=3)


@given(size=SIZES, window=WINDOWS, tokens=st.integers(1, 131), seed=st.integers(0, 5), epoch=st.integers(0, 3))
def test_an_epoch_asks_for_tokens_once_and_misses_less_than_a_window_at_each_end(size, window, tokens, seed, epoch):
    plan = StreamPlan(text(size), window=window, tokens=tokens, seed=seed)
    starts = sorted(chain(*plan.batches(epoch)))
    assert np.diff(starts).tolist() == [plan.window] * (len(starts) - 1)
    assert 0 <= starts[0] < plan.window
    assert 0 <= size - 1 - (starts[-1] + plan.window) < plan.window
    assert all(len(batch) == 1 or len(batch) * plan.window <= tokens for batch in plan.batches(epoch))


def test_epochs_are_cut_and_shuffled_anew_by_the_seed_alone():
    plans = [StreamPlan(text(400), window=7, tokens=28, seed=seed) for seed in (1, 1, 2)]
    assert plans[0].batches(3) == plans[1].batches(3)
    assert len({min(chain(*plans[0].batches(epoch))) for epoch in range(20)}) > 4
    assert len({str(plan.batches(epoch)) for plan in plans for epoch in (0, 1)}) == 4


@given(size=SIZES, window=WINDOWS, tokens=st.integers(1, 131), world=st.integers(1, 5))
def test_ranks_share_the_batches_of_one_process(size, window, tokens, world):
    ids = text(size)
    alone = list(of_text(ids, window=window, tokens=tokens, seed=3))
    ranks = [of_text(ids, window=window, tokens=tokens, seed=3, rank=r, world=world) for r in range(world)]
    for whole, *shares in zip(alone, *ranks, strict=True):
        assert {share.tokens_total for share in shares} == {whole.tokens_total}
        assert whole.tokens_total == int((whole.targets != PAD).sum())
        assert sorted(chain(*(share.rows for share in shares))) == sorted(whole.rows)
        assert sum(int((share.targets != PAD).sum()) for share in shares) == whole.tokens_total


@given(size=SIZES, window=WINDOWS, stop=st.integers(0, 40), documents=st.booleans())
def test_a_stream_goes_on_where_it_stopped(size, window, stop, documents):
    def stream(rank=0, world=1):
        if documents:
            texts = [text(length).tolist() for length in range(1, size % 11 + 2)]
            return of_documents(texts, window=window, tokens=31, seed=1, rank=rank, world=world)
        return of_text(text(size), window=window, tokens=31, seed=1, rank=rank, world=world)

    def forever(stream):
        for _ in range(stop + 10):
            yield from stream

    through = list(islice(forever(stream()), stop + 10))
    first, second = stream(), stream(1, 2)
    assert [batch.rows for batch in islice(forever(first), stop)] == [batch.rows for batch in through[:stop]]
    second.load_state_dict(first.state_dict())
    shares = [batch.tokens_total for batch in islice(forever(second), 10)]
    assert shares == [batch.tokens_total for batch in through[stop:]]


def test_another_text_window_or_seed_is_refused():
    state = of_text(text(50), window=7, tokens=31, seed=1).state_dict()
    for change in ({"window": 6}, {"tokens": 30}, {"seed": 2}):
        other = of_text(text(50), **({"window": 7, "tokens": 31, "seed": 1} | change))
        with pytest.raises(UserError, match="cannot resume"):
            other.load_state_dict(state)
    with pytest.raises(UserError, match="cannot resume"):
        of_text(text(50) + 1, window=7, tokens=31, seed=1).load_state_dict(state)


def test_a_batch_by_hand():
    runs = [Segment(np.array([5, 6, 7])), Segment(np.array([8, 9, 10, 11]), context=2)]
    batch = collate_segments(runs, [0, 1])
    assert batch.inputs.tolist() == [[5, 6, PAD], [8, 9, 10]]
    assert batch.targets.tolist() == [[6, 7, PAD], [PAD, PAD, 11]]
    assert (batch.rows, batch.tokens_total) == ([0, 1], 3)
    blank = collate_segments(runs, [], all_rows=[0, 1])
    assert (blank.inputs.tolist(), blank.targets.tolist(), blank.tokens_total) == ([[5]], [[PAD]], 3)
    assert torch.equal(batch.to("cpu").inputs, batch.inputs)
    with pytest.raises(ValueError, match="at least one row"):
        collate_segments(runs, [])


def test_documents_stand_between_their_ends_and_long_ones_come_in_pieces():
    assert with_boundaries([5, 6]).tolist() == [BOS, 5, 6, EOS]
    stream = of_documents([[5, 6, 7, 8, 9], []], window=4, tokens=100, seed=0)
    (batch,) = stream
    rows = sorted(zip(batch.inputs.tolist(), batch.targets.tolist(), strict=True))
    assert rows == [
        ([BOS, PAD, PAD, PAD], [EOS, PAD, PAD, PAD]),
        ([BOS, 5, 6, 7], [5, 6, 7, 8]),
        ([8, 9, PAD, PAD], [9, EOS, PAD, PAD]),
    ]
    assert len(stream) == 1


def test_a_hundred_thousand_words_in_one_document_fill_no_more_than_a_window():
    stream = of_documents([list(range(4, 100_004))], window=400, tokens=2000, seed=0)
    assert {batch.inputs.shape[1] for batch in stream} <= {400, 1}
    assert sum(batch.tokens_total for batch in stream) == 100_001


def test_windows_near_the_end_are_shorter():
    assert TextWindows(text(10), 4)[7].ids.tolist() == [11, 12, 13]


@pytest.mark.parametrize("change", [{"ids": text(1)}, {"window": 0}, {"tokens": 0}, {"seed": -1}, {"rank": 2}])
def test_plans_that_cannot_be(change):
    with pytest.raises(ValueError, match="expected"):
        StreamPlan(**({"ids": text(9), "window": 3, "tokens": 9, "seed": 0, "world": 2} | change))
