"""Steps before a comparison: each by itself, composed by the user, and none changes the size of a map."""

import numpy as np
import pytest

from heedful.metric.saliency_steps import (
    CentreBias,
    Power,
    Prior,
    Smoothing,
    Steps,
    ToDensity,
    ToRange,
    ToStandard,
    resized,
)

RANDOM = np.random.default_rng(7)
MAP = RANDOM.random((11, 17))
STEPS = [
    Smoothing(0.1),
    CentreBias(0.2, 0.3),
    Prior(RANDOM.random((5, 5))),
    Power(0.5, 0.1),
    ToRange(),
    ToDensity(),
    ToStandard(),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_a_step_keeps_the_size_and_the_map_it_is_called_with(step):
    before = MAP.copy()
    assert step(MAP).shape == MAP.shape
    assert np.array_equal(before, MAP)


def test_smoothing_keeps_an_even_map_and_lowers_the_variance():
    assert Smoothing(0.2)(np.full((7, 9), 3.0)) == pytest.approx(3.0)
    assert Smoothing(0.1)(MAP).std() < 0.5 * MAP.std()
    assert Smoothing(0)(MAP) is MAP


def test_smoothing_is_a_gaussian_of_the_longer_side():
    point = np.zeros((101, 201))
    point[50, 100] = 1.0
    blurred = Smoothing(0.02)(point)
    sigma = 0.02 * 201
    assert blurred[50, 104] / blurred[50, 100] == pytest.approx(np.exp(-0.5 * (4 / sigma) ** 2))
    assert blurred[54, 100] / blurred[50, 100] == pytest.approx(np.exp(-0.5 * (4 / sigma) ** 2))


def test_a_centre_bias_is_a_gaussian_in_shares_of_each_side():
    biased = CentreBias(0.25, 0.5)(np.ones((101, 201)))
    assert biased[50, 100] == pytest.approx(1.0)
    assert biased[50, 100 + 50] == pytest.approx(np.exp(-0.5 * (50 / 201 / 0.25) ** 2))
    assert biased[50 + 25, 100] == pytest.approx(np.exp(-0.5 * (25 / 101 / 0.5) ** 2))


def test_a_prior_is_resized_to_the_map():
    prior = np.array([[0.0, 1.0], [0.0, 1.0]])
    weighted = Prior(prior)(np.ones((4, 8)))
    assert weighted[:, 0] == pytest.approx(0.0)
    assert weighted[:, 7] == pytest.approx(1.0)
    assert weighted[0].tolist() == sorted(weighted[0].tolist())


def test_normalisations():
    assert (ToRange()(MAP).min(), ToRange()(MAP).max()) == (0.0, 1.0)
    assert ToDensity()(MAP - 3).sum() == pytest.approx(1.0)
    assert ToStandard()(MAP).mean() == pytest.approx(0.0)
    assert ToStandard()(MAP).std() == pytest.approx(1.0)
    assert Power(2, 1)(np.array([[0.0, 2.0]])).tolist() == [[1.0, 9.0]]
    for step in (ToRange(), ToStandard()):
        assert step(np.full((3, 4), 5.0)).tolist() == np.zeros((3, 4)).tolist()


def test_steps_follow_one_another():
    both = Steps(Power(2), ToRange())
    assert both(MAP) == pytest.approx(ToRange()(Power(2)(MAP)))
    assert Steps()(MAP) is MAP
    assert both == Steps(Power(2), ToRange())
    assert both != Steps(ToRange(), Power(2))


@pytest.mark.parametrize(
    "wrong", [lambda: Smoothing(-1), lambda: CentreBias(0.0), lambda: Power(0), lambda: Power(1, -1)]
)
def test_values_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="needs"):
        wrong()


def test_resizing_keeps_even_maps_ramps_and_the_orientation():
    assert resized(np.full((3, 5), 2.0), (7, 4)) == pytest.approx(2.0)
    ramp = np.tile(np.arange(8.0), (4, 1))
    larger = resized(ramp, (8, 16))
    assert np.diff(larger[0, 1:-1]) == pytest.approx(0.5)
    assert resized(ramp, ramp.shape) is ramp
