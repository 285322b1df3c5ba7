"""Turns are taken one after the other, and medians and quartiles are those of the samples."""

import itertools

import torch

from heedful.bench.timing import Sample, WallClock, clock_for, in_turns


class Fake:
    """A watch on which a call takes as long as it returns, in milliseconds."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> float:
        return self.seconds

    def time(self, call) -> Sample:
        taken = call()
        self.seconds += taken / 1e3
        return Sample(taken, 2 * taken)


def recorded(order: list[str], name: str, milliseconds: list[float]):
    left = iter(milliseconds)

    def call() -> float:
        order.append(name)
        return next(left)

    return call


def test_calls_take_turns():
    order: list[str] = []
    calls = {"a": recorded(order, "a", [100.0] * 9), "b": recorded(order, "b", [300.0] * 9)}
    in_turns(calls, Fake(), seconds=1.0, turns=1)
    rounds = [order[i : i + 2] for i in range(0, len(order), 2)]
    assert len(rounds) == 3  # a round takes 0.4 s: the third begins before the second is over
    assert all(sorted(one) == ["a", "b"] for one in rounds)


def test_no_call_always_follows_the_same_one():
    order: list[str] = []
    calls = {name: recorded(order, name, [10.0] * 200) for name in "abc"}
    in_turns(calls, Fake(), seconds=3.0, turns=1)
    before_a = {before for before, name in itertools.pairwise(order) if name == "a"}
    assert before_a >= {"b", "c"}


def test_quick_calls_go_on_until_the_seconds_have_passed_and_slow_ones_stop():
    quick = in_turns({"a": lambda: 10.0}, Fake(), seconds=1.0, turns=9)["a"]
    assert 99 <= quick.turns <= 101
    assert in_turns({"a": lambda: 400.0}, Fake(), seconds=1.0, turns=9)["a"].turns == 9  # as many as are wanted
    assert in_turns({"a": lambda: 2000.0}, Fake(), seconds=1.0, turns=9)["a"].turns == 3  # but not for ever
    assert in_turns({"a": lambda: 60000.0}, Fake(), seconds=1.0, turns=9)["a"].turns == 1  # and never none


def test_medians_and_quartiles_are_those_of_the_samples():
    call = recorded([], "a", [1000.0, 100.0, 400.0, 300.0, 200.0])
    timing = in_turns({"a": call}, Fake(), seconds=1.9, turns=1)["a"]
    assert (timing.turns, timing.wall, timing.low, timing.high, timing.cpu) == (5, 300.0, 200.0, 400.0, 600.0)


def test_the_wall_measures_what_a_call_takes():
    taken = WallClock().time(lambda: sum(range(200_000)))
    assert taken.wall > 0
    assert taken.cpu > 0
    assert isinstance(clock_for(torch.device("cpu")), WallClock)
