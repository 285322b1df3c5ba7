"""Metrics of saliency maps: against plain loops and closed forms, and what chance gets."""

import numpy as np
import pytest

from heedful.metric.saliency import (
    as_density,
    auc_borji,
    auc_judd,
    correlation,
    fixated_pixels,
    fixation_density,
    information_gain,
    kl_divergence,
    nss,
    shuffled_auc,
    similarity,
)

RANDOM = np.random.default_rng(1)
MAP = RANDOM.integers(0, 6, (7, 9)).astype(float)  # with ties
FIXATIONS = np.array([[0, 0], [3, 4], [3, 4], [6, 8], [2, 7]])
OTHERS = np.array([[1, 1], [5, 5], [0, 3]])
AREAS = {
    "judd": (auc_judd, ()),
    "borji": (auc_borji, ()),
    "shuffled": (shuffled_auc, (OTHERS,)),
}


def at(saliency, points):
    return [saliency[row, column] for row, column in points.tolist()]


def area(positive, negative):
    """Every pair, one at a time."""
    wins = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    return sum(wins) / len(wins)


def test_areas_are_the_share_of_pairs_in_order():
    fixated = {tuple(point) for point in FIXATIONS.tolist()}
    free = [MAP[row, column] for row in range(7) for column in range(9) if (row, column) not in fixated]
    assert auc_judd(MAP, FIXATIONS) == pytest.approx(area(at(MAP, FIXATIONS), free))
    assert auc_borji(MAP, FIXATIONS) == pytest.approx(area(at(MAP, FIXATIONS), MAP.ravel()))
    assert shuffled_auc(MAP, FIXATIONS, OTHERS) == pytest.approx(area(at(MAP, FIXATIONS), at(MAP, OTHERS)))


@pytest.mark.parametrize("name", AREAS)
def test_a_constant_map_is_chance_and_scale_does_not_matter(name):
    score, more = AREAS[name]
    assert score(np.ones((7, 9)), FIXATIONS, *more) == 0.5
    assert score(3.0 * MAP + 7.0, FIXATIONS, *more) == score(MAP, FIXATIONS, *more)


def test_a_map_that_knows_the_fixations_is_best():
    knows = fixation_density(FIXATIONS, (7, 9), 0.2)
    assert auc_judd(knows, FIXATIONS) == 1.0
    assert correlation(knows, knows) == pytest.approx(1.0)
    assert similarity(knows, knows) == pytest.approx(1.0)
    assert kl_divergence(knows, knows) == pytest.approx(0.0, abs=1e-9)


def test_a_centre_bias_gains_nothing_where_others_look_there_too():
    """The reason for the shuffled area: a blob in the middle has a high one but against fixations of other pictures."""
    rows, columns = np.mgrid[0:40, 0:40] - 19.5
    blob = np.exp(-(rows**2 + columns**2) / 200)
    draw = np.clip(RANDOM.normal(20, 6, (2, 300, 2)), 0, 39).astype(int)
    assert auc_judd(blob, draw[0]) > 0.75
    assert shuffled_auc(blob, draw[0], draw[1]) == pytest.approx(0.5, abs=0.05)


def test_numbers_of_the_benchmark_s_code():
    """NSS, CC, SIM and KL of the public code of the MIT/Tübingen benchmark, for maps that are written out here."""
    saliency = np.array([[0.0, 1.0, 2.0], [4.0, 2.0, 1.0]])
    people = np.array([[0.0, 2.0, 0.0], [3.0, 1.0, 0.0]])
    points = np.array([[0, 1], [1, 0]])
    assert nss(saliency, points) == pytest.approx(0.6681531047810609)
    assert correlation(saliency, people) == pytest.approx(0.6943650748294138)
    assert similarity(saliency, people) == pytest.approx(0.6666666666666666)
    assert kl_divergence(saliency, people) == pytest.approx(0.48250911763342325)


def test_information_gain_is_in_bits():
    even, sure = np.full((2, 2), np.log(0.25)), np.log(np.array([[0.5, 0.25], [0.125, 0.125]]))
    assert information_gain(sure, even, np.array([[0, 0]])) == pytest.approx(1.0)
    assert information_gain(sure, even, np.array([[1, 1]])) == pytest.approx(-1.0)


def test_a_density_sums_to_one_whatever_it_is_made_of():
    for made in (as_density(MAP - 3), as_density(np.zeros((3, 4))), fixation_density(FIXATIONS, (7, 9), 2.0)):
        assert made.sum() == pytest.approx(1.0)
        assert made.min() >= 0
    blurred = fixation_density(np.array([[3, 4]]), (7, 9), 1.0)
    assert np.unravel_index(blurred.argmax(), blurred.shape) == (3, 4)


def test_fractions_become_pixels():
    points = np.array([[0.0, 0.0], [0.999, 0.5], [1.0, 0.2], [0.3, -0.1], [0.5, 0.999]])
    assert fixated_pixels(points, (4, 10)).tolist() == [[0, 0], [2, 9], [3, 5]]
