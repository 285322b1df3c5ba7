"""Small data get enough steps unless a length is chosen, and a run that has hardly begun says so."""

import pytest

from heedful.task import all_tasks
from heedful.task.commands import settings_of
from heedful.task.duration import note_if_hardly_begun, with_enough_steps
from heedful.train import FitResult, TrainSettings


def settings(**changes):
    return TrainSettings(**{"least_steps": 500, "warmup": 50, "metric": "valid_accuracy", **changes})


def result(steps: int, *, best: float = 0.3, stopped: str = "epochs") -> FitResult:
    return FitResult(best, "step 1", steps, 1.0, 1.0, stopped, 0)


@pytest.mark.parametrize(
    ("epoch_steps", "epochs", "valid_every"),
    [
        (25, 20, None),  # 500 steps as it is
        (13, 39, 26),
        (3, 167, 26),
        (1, 200, 10),  # not more than ten times the epochs
        (0, 20, None),  # unknown
    ],
)
def test_small_data_are_repeated_until_there_are_enough_steps(epoch_steps, epochs, valid_every):
    found, said = with_enough_steps(settings(), epoch_steps)
    assert (found.epochs, found.valid_every) == (epochs, valid_every)
    assert bool(said) == (epochs != 20)


def test_a_length_that_is_chosen_is_exact():
    for task in all_tasks():
        name = task.models.default
        lengths = ({"epochs": 3}, {"steps": 30}, {"minutes": 1.0}, {"least_steps": 0})
        for chosen in lengths if name == "birnn" else lengths[:1]:
            train = settings_of(task.name, model=name, settings={"train": chosen}).train
            assert train.least_steps == 0, (task.name, chosen)
            assert with_enough_steps(train, 1) == (train, [])
    assert settings_of("classify").train.least_steps == 500


def test_validations_that_are_chosen_are_kept():
    assert with_enough_steps(settings(valid_every=7), 13)[0].valid_every == 7


@pytest.mark.parametrize(
    ("made", "above_chance", "words"),
    [
        (result(65), 0.1, ["after 65 steps", "valid_accuracy 0.3 is near chance", "set train.epochs to 154 or more"]),
        (result(40), None, ["rises for train.warmup 50 steps"]),
        (result(65, stopped="steps"), 0.1, ["set train.steps to 500 or more"]),
        (result(65, stopped="minutes"), 0.1, ["To train longer, raise train.minutes"]),
        (result(65), 0.4, []),
        (result(65), None, []),
        (result(900), 0.1, []),
        (result(65, stopped="interrupted"), 0.1, []),
        (result(65, stopped="patience"), 0.1, []),
    ],
)
def test_a_run_that_has_hardly_begun_says_so(made, above_chance, words):
    said = note_if_hardly_begun(settings(epochs=20), made, above_chance)
    assert (said is not None) == bool(words)
    assert all(word in (said or "") for word in words), said
