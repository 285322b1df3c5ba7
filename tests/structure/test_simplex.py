"""Weights that share a whole: the nearest point, exactly there, and a gradient that keeps the sum."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.structure import Simplex
from heedful.structure.simplex import onto_simplex

POINTS = st.lists(st.floats(-3.0, 3.0, width=32), min_size=1, max_size=17)


@given(POINTS)
def test_it_is_the_nearest_point_with_no_entry_below_zero_and_the_sum_one(given_point):
    point = torch.tensor(given_point, dtype=torch.float64)
    nearest = onto_simplex(point)
    assert nearest.min() >= 0.0
    assert float(nearest.sum()) == pytest.approx(1.0, abs=1e-12)
    # of a convex set a point is the nearest exactly if every corner lies on its far side
    away = point - nearest
    corners = torch.eye(len(point), dtype=torch.float64)
    assert float(((corners - nearest) @ away).max()) <= 1e-9


@given(POINTS)
def test_a_point_that_is_there_stays_to_the_last_bit(given_point):
    there = onto_simplex(torch.tensor(given_point))
    assert abs(float(there.double().sum()) - 1.0) <= 1e-6
    assert torch.equal(onto_simplex(there), there)


def test_two_worked_by_hand():
    torch.testing.assert_close(onto_simplex(torch.tensor([0.5, 0.9])), torch.tensor([0.3, 0.7]))
    torch.testing.assert_close(onto_simplex(torch.tensor([0.5, -1.0, 0.9])), torch.tensor([0.3, 0.0, 0.7]))


def test_weights_begin_equal_and_their_gradient_keeps_their_sum():
    weights = Simplex(5)
    torch.testing.assert_close(weights(), torch.full((5,), 0.2))
    (weights() * torch.tensor([1.0, 2.0, 3.0, 5.0, 9.0])).sum().backward()
    torch.testing.assert_close(weights.weight.grad, torch.tensor([-3.0, -2.0, -1.0, 1.0, 5.0]))


@pytest.mark.parametrize("count", [1, 3, 16])
def test_after_a_step_and_its_bounds_the_sum_is_one_and_nothing_is_below_zero(count):
    weights = Simplex(count)
    optimiser = torch.optim.Adam(weights.parameters(), lr=0.1)
    for _ in range(30):
        optimiser.zero_grad()
        (weights() * torch.randn(count)).sum().backward()
        optimiser.step()
        weights.to_bounds()
        assert abs(float(weights.weight.detach().double().sum()) - 1.0) <= 1e-6
        assert weights.weight.min() >= 0.0
        torch.testing.assert_close(weights(), weights.weight)


def test_there_is_no_simplex_of_nothing():
    with pytest.raises(ValueError, match="at least 1"):
        Simplex(0)
