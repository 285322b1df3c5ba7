"""Iterating over batches: each once, in order, with the state that leads to the next; no rank runs ahead."""

from itertools import islice

import pytest

pytest.importorskip("lightning")

from heedful.errors import UserError
from heedful.train import Ranks, Stream
from heedful.train.batch_iterator import BatchIterator


class NumberStream:
    """Numbers epoch * 100 + position; turns the page when `iter` ends, or only when the next one begins."""

    def __init__(self, length: int, *, late: bool = False) -> None:
        self.length, self.late = length, late
        self.epoch = self.position = 0

    def __iter__(self):
        while self.position < self.length:
            self.position += 1
            yield self.epoch * 100 + self.position - 1
        self.epoch, self.position = self.epoch + 1, 0

    def state_dict(self):
        if self.late and not self.position and self.epoch:
            return {"epoch": self.epoch - 1, "position": self.length}
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state):
        self.epoch, self.position = state["epoch"], state["position"]


class FakeRanks(Ranks):
    """Rank 0 beside another one that has `others` batches an epoch."""

    def __init__(self, others: int) -> None:
        super().__init__(0, 1)
        self.others, self.asked = others, 0

    def all_gather(self, values):
        has = float(self.asked < self.others)
        self.asked = self.asked + 1 if has and values[0] else 0
        return [list(values), [has]]


def iterate(stream, *, done=0, epochs=3, ranks=None):
    return BatchIterator(stream, ranks or Ranks(0, 1), done=done, epochs=epochs)


def test_epochs_follow_one_another_to_the_last():
    yielded = [(tracked.batch, tracked.epoch, tracked.is_last) for tracked in iterate(NumberStream(2))]
    assert yielded == [(0, 1, False), (1, 1, True), (100, 2, False), (101, 2, True), (200, 3, False), (201, 3, True)]


def test_without_a_last_epoch_it_goes_on():
    assert [tracked.batch for tracked in islice(iterate(NumberStream(1), epochs=None), 3)] == [0, 100, 200]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("cut", range(9))
def test_the_state_beside_a_batch_leads_to_the_one_after_it(late, cut):
    whole = list(iterate(NumberStream(3, late=late)))
    stream = NumberStream(3, late=late)
    stream.load_state_dict(whole[cut].stream_state)
    rest = list(iterate(stream, done=whole[cut].epoch - (not whole[cut].is_last)))
    assert rest == whole[cut + 1 :]


@pytest.mark.parametrize(("mine", "others"), [(5, 3), (3, 5), (4, 4)])
def test_an_epoch_ends_for_all_when_one_rank_has_no_more(mine, others):
    yielded = list(iterate(NumberStream(mine), ranks=FakeRanks(others)))
    shortest = min(mine, others)
    assert [tracked.batch for tracked in yielded] == [epoch * 100 + i for epoch in range(3) for i in range(shortest)]
    assert [tracked.is_last for tracked in yielded] == [i == shortest - 1 for _ in range(3) for i in range(shortest)]


def test_a_stream_without_batches_is_refused_instead_of_waited_for():
    with pytest.raises(UserError, match="no batches"):
        list(iterate(NumberStream(0), epochs=None))


def test_a_list_is_no_stream():
    assert isinstance(NumberStream(1), Stream)
    assert not isinstance([1], Stream)
