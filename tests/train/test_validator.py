"""Which weights are averaged, and when a run is over."""

import pytest

pytest.importorskip("lightning")

from heedful.train import TrainSettings
from heedful.train.limits import reason_to_stop, seconds_left
from heedful.train.state import RunState
from heedful.train.validator import Validator

HISTORY = [(1, 5.0), (2, 9.0), (3, float("nan")), (4, 7.0), (5, 6.0)]


def candidates(tmp_path, **given):
    validator = Validator(None, None, settings=TrainSettings(**given), folder=tmp_path)
    return validator.candidates(RunState(history=list(HISTORY)))


def test_the_last_and_the_best_are_averaged(tmp_path):
    assert candidates(tmp_path, average=3) == [(3, 4, 5), (2, 4, 5)]
    assert candidates(tmp_path, average=3, metric="valid_loss") == [(3, 4, 5), (1, 4, 5)]


def test_the_same_set_is_tried_once_and_none_where_none_are_wanted(tmp_path):
    assert candidates(tmp_path, average=9) == [(1, 2, 3, 4, 5)]
    assert candidates(tmp_path, average=1) == candidates(tmp_path, average=0) == []


@pytest.mark.parametrize(
    ("given", "state", "reason"),
    [
        ({}, {"epochs_done": 19}, None),
        ({}, {"epochs_done": 20}, "epochs"),
        ({"steps": 7}, {"step": 7}, "steps"),
        ({"minutes": 1.5}, {"seconds": 89.9}, None),
        ({"minutes": 1.5}, {"seconds": 90.0}, "minutes"),
        ({"patience": 3}, {"waited": 3}, "patience"),
        ({"patience": 0}, {"waited": 3}, None),
    ],
)
def test_the_first_limit_reached_ends_a_run(given, state, reason):
    assert reason_to_stop(TrainSettings(**given), RunState(**state)) == reason


def test_the_time_left_is_that_to_the_nearest_limit_in_sight():
    settings = TrainSettings(epochs=4, steps=100, minutes=1.0)
    assert seconds_left(settings, RunState()) is None
    assert seconds_left(settings, RunState(step=10, seconds=5.0)) == pytest.approx(45.0)
    assert seconds_left(settings, RunState(step=10, seconds=5.0, epoch_steps=5)) == pytest.approx(5.0)
    assert seconds_left(settings, RunState(step=10, seconds=50.0)) == pytest.approx(10.0)
    assert seconds_left(TrainSettings(), RunState(step=10, seconds=5.0)) is None
