"""Settings: nothing unknown, nothing out of range, always an end."""

import pytest

pytest.importorskip("lightning")

from pydantic import ValidationError

from heedful.train import TrainSettings


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"learning_rate": 1.0}, "learning_rate"),
        ({"rate": 0.0}, "rate"),
        ({"epochs": 0}, "epochs"),
        ({"devices": 0}, "devices"),
        ({"schedule": "linear"}, "schedule"),
        ({"precision": "float16"}, "precision"),
        ({"warmup": -1}, "warmup"),
        ({"epochs": None}, "never end"),
    ],
)
def test_what_makes_no_sense_is_refused(given, word):
    with pytest.raises(ValidationError, match=word):
        TrainSettings(**given)


def test_one_limit_is_enough():
    assert TrainSettings(epochs=None, minutes=0.5).minutes == 0.5


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        TrainSettings().rate = 1.0
