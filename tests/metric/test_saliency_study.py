"""Maps against fixations: a map that knows gains over the prior, one that knows nothing does not, controls fail."""

import numpy as np
import pytest

from heedful.metric.saliency import fixated_pixels, fixation_density
from heedful.metric.saliency_study import MEASURES, PRIOR, Viewed, centre_prior, study


def viewers(count, *, knows, seed=3, shape=(30, 40)):
    """Pictures with an object each, at which half of the people look; the others look at the middle."""
    draw = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        place = draw.uniform(0.15, 0.85, 2)
        at_object = place + draw.normal(0, 0.03, (20, 2))
        points = np.concatenate([at_object, draw.normal(0.5, 0.15, (20, 2))]).clip(0, 0.999)
        looked_for = at_object if knows else draw.uniform(0.15, 0.85, 2) + draw.normal(0, 0.03, (20, 2))
        saliency = fixation_density(fixated_pixels(looked_for.clip(0, 0.999), shape), shape, 1.5)
        pictures.append(Viewed(saliency, points))
    return pictures


@pytest.fixture(scope="module")
def knowing():
    return study(viewers(30, knows=True))


def test_a_map_that_knows_beats_the_prior_and_its_controls(knowing):
    rows = knowing.rows
    both = rows[f"map with {PRIOR}"]
    assert both["nss"] > 1.3 * rows[PRIOR]["nss"]
    assert both["gain"] > 0.5
    assert rows["map"]["auc_shuffled"] > 0.7
    for control in ("map turned by 90°", "another picture's map"):
        assert rows[control]["auc_shuffled"] < 0.55
        assert rows[f"{control} with {PRIOR}"]["gain"] < 0.2 * both["gain"]


def test_a_map_that_knows_nothing_gains_nothing():
    rows = study(viewers(30, knows=False)).rows
    assert rows[f"map with {PRIOR}"]["gain"] < 0.02
    assert rows["map"]["auc_shuffled"] == pytest.approx(0.5, abs=0.05)
    assert rows[PRIOR]["gain"] == pytest.approx(0.0, abs=1e-9)
    assert rows[PRIOR]["auc_shuffled"] < 0.55


def test_every_row_has_every_measure(knowing):
    assert len(knowing.rows) == 8
    assert all(tuple(row) == MEASURES for row in knowing.rows.values())
    assert len(knowing.chosen) == 5


def test_the_same_seed_gives_the_same_numbers():
    pictures = viewers(6, knows=True)
    assert study(pictures, folds=3).rows == study(pictures, folds=3).rows


def test_a_prior_is_where_people_look():
    points = np.random.default_rng(1).normal((0.3, 0.6), 0.05, (500, 2))
    prior = centre_prior(points)
    assert prior.sum() == pytest.approx(1.0)
    row, column = np.unravel_index(prior.argmax(), prior.shape)
    assert (column + 0.5) / 64 == pytest.approx(0.3, abs=0.05)
    assert (row + 0.5) / 64 == pytest.approx(0.6, abs=0.05)


def test_the_held_out_pictures_do_not_shape_their_prior():
    """If one did, a picture whose people all look at one corner would be told by its own prior."""
    pictures = viewers(8, knows=True)
    corner = Viewed(pictures[0].saliency, np.full((400, 2), 0.02))
    scores = study([corner, *pictures[1:]], folds=8)
    assert scores.rows[PRIOR]["nss"] < study(pictures, folds=8).rows[PRIOR]["nss"]


def test_too_few_pictures_and_folds_are_refused():
    with pytest.raises(ValueError, match="2 of each"):
        study(viewers(1, knows=True))
    with pytest.raises(ValueError, match="2 of each"):
        study(viewers(4, knows=True), folds=1)
    with pytest.raises(ValueError, match="inside"):
        study([Viewed(np.ones((3, 4)), np.array([[2.0, 2.0]]))] * 2)
