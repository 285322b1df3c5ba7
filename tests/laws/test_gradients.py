"""Gradients: finite differences for every score, region and choice, and the estimators of hard attention by formula."""

import math

import pytest
import torch
from torch import Tensor

from heedful.attention import align, attend, select
from heedful.choice import Argmax, Gumbel, Hard, Soft, StraightThrough, reinforce
from heedful.region import Everywhere, Predicted
from heedful.score import Dot
from heedful.testing import Mechanism, Sample
from heedful.testing.laws import gradients_are_right
from heedful.testing.variants import CHOICES, REGIONS, SCORES, Sizes, make_region, make_score

DIFFERENTIABLE = sorted(set(CHOICES) - {"straight-through", "gumbel"})


def check(score: str, region: str, choice: str) -> None:
    case = SCORES[score]
    sample = Sample.draw(case.query_dim, case.key_dim, batch=(2,), queries=2, keys=3, keep=True)
    built = make_region(region, Sizes((2,), 2, 3, case.query_dim))
    gradients_are_right(Mechanism(make_score(score), built, CHOICES[choice]()), sample)


@pytest.mark.parametrize("choice", DIFFERENTIABLE)
@pytest.mark.parametrize("score", SCORES)
def test_every_score_and_choice(score: str, choice: str) -> None:
    check(score, "everywhere", choice)


@pytest.mark.parametrize("region", REGIONS)
def test_every_region(region: str) -> None:
    check("additive", region, "soft")


def test_straight_through_is_one_hot_forwards_and_softmax_backwards() -> None:
    scores = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn_like(scores)
    for temperature in (1.0, 0.5):
        weights = Hard(Argmax(), StraightThrough(temperature))(scores, None)
        assert torch.equal(weights, torch.nn.functional.one_hot(scores.argmax(-1), 5).double())
        (found,) = torch.autograd.grad((weights * upstream).sum(), scores)
        # The softmax's own: p (g - p . g) / temperature
        p = torch.softmax(scores.detach() / temperature, -1)
        torch.testing.assert_close(found, p * (upstream - (p * upstream).sum(-1, keepdim=True)) / temperature)


def test_hard_attention_that_stops_teaches_the_scores_nothing() -> None:
    query, key, value = (torch.randn(3, 5, dtype=torch.float64, requires_grad=True) for _ in range(3))
    context = attend(query, key, value, choice=Hard())
    found = torch.autograd.grad(context.sum(), (query, key, value), allow_unused=True)
    assert found[0] is None or not found[0].any()
    assert found[1] is None or not found[1].any()
    assert found[2] is not None
    assert found[2].sum() == 3 * 5  # each query takes one value as it is


def test_reinforce_is_exact_when_every_location_is_counted() -> None:
    # systems.md 3.1: for any constant b, sum_s pi_s [grad R(s) + (R(s) - b) grad log pi_s] is the gradient of E[R].
    query = torch.randn(1, 3, dtype=torch.float64, requires_grad=True)
    key = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    rewards = torch.randn(7, dtype=torch.float64)
    (exact,) = torch.autograd.grad((torch.softmax(key @ query[0], 0) * rewards).sum(), query)
    for baseline in (0.0, 0.7, -13.0):
        total = torch.zeros_like(query)
        for location in range(7):
            total += location_term(query, key, rewards, location, baseline)
        torch.testing.assert_close(total, exact, rtol=0, atol=1e-14)


def location_term(query: Tensor, key: Tensor, rewards: Tensor, location: int, baseline: float) -> Tensor:
    """``pi_s`` times the estimator's gradient when the location drawn is `location`, whatever the seed."""
    chosen = sampled_at(query, key, location)
    loss = reinforce(chosen, rewards[location], baseline=baseline).sum()
    (slope,) = torch.autograd.grad(-loss, query)
    return float(torch.exp(chosen.log_probability).detach()) * slope


def sampled_at(query: Tensor, key: Tensor, location: int):
    """A selection that drew `location`: seeds are tried until one does."""
    for seed in range(1000):
        chosen = select(query, key, score=Dot(1.0), choice=Hard(Gumbel(seed)))
        if int(chosen.index) == location:
            return chosen
    raise AssertionError(f"location {location} was never drawn")


def test_reinforce_sees_a_broken_estimator() -> None:
    query = torch.randn(1, 3, dtype=torch.float64, requires_grad=True)
    key, rewards = torch.randn(7, 3, dtype=torch.float64), torch.randn(7, dtype=torch.float64)
    (exact,) = torch.autograd.grad((torch.softmax(key @ query[0], 0) * rewards).sum(), query)
    wrong_sign = -sum(location_term(query, key, rewards, location, 0.0) for location in range(7))
    assert not torch.allclose(torch.as_tensor(wrong_sign), exact)


def test_entropy_weight_adds_the_gradient_of_the_entropy() -> None:
    query = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    key = torch.randn(5, 3, dtype=torch.float64)
    chosen = select(query, key, score=Dot(1.0))
    loss = reinforce(chosen, torch.zeros((), dtype=torch.float64), entropy_weight=0.3).sum()
    (found,) = torch.autograd.grad(loss, query)
    p = torch.softmax(query @ key.T, -1)
    (expected,) = torch.autograd.grad(0.3 * (p * p.log()).sum(), query)
    torch.testing.assert_close(found, expected)


def test_the_centre_learns_by_the_gaussian_alone() -> None:
    # Luong et al. 2015, eq. 10: a(s) = align(s) exp(-(s - p)^2 / (2 sigma^2)), so da(s)/dp = a(s) (s - p) / sigma^2.
    region, radius = Predicted(3, 5, 4.0).double(), 4.0
    query, key = torch.randn(2, 3, dtype=torch.float64), torch.randn(7, 3, dtype=torch.float64)
    upstream = torch.randn(2, 7, dtype=torch.float64)
    weights = align(query, key, region=region)
    (found,) = torch.autograd.grad((weights * upstream).sum(), region.weight)
    hidden = torch.tanh(query @ region.projection.weight.T).detach()
    share = torch.sigmoid(hidden @ region.weight.detach())
    centre = 6 * share
    position = torch.arange(7, dtype=torch.float64)
    slope = weights.detach() * (position - centre.unsqueeze(-1)) / (radius / 2) ** 2
    # dp/dv = (S - 1) p' with the sigmoid's slope, times the hidden layer
    by_centre = (slope * upstream).sum(-1) * 6 * share * (1 - share)
    torch.testing.assert_close(found, by_centre @ hidden)


def test_a_wide_predicted_window_is_global_attention() -> None:
    # D >= S and sigma -> infinity: the Gaussian is 1 everywhere.
    query, key = torch.randn(5, 3, dtype=torch.float64), torch.randn(7, 3, dtype=torch.float64)
    local = align(query, key, region=Predicted(3, 5, 1e9).double())
    torch.testing.assert_close(local, align(query, key, region=Everywhere()), rtol=0, atol=1e-15)


def test_gumbel_max_samples_the_softmax() -> None:
    # 20,000 draws of 5 keys, one masked: chi-square with 3 degrees of freedom stays under 11.34 in 99 % of runs.
    scores = torch.tensor([0.3, -1.1, 0.9, 5.0, 0.0])
    visible = torch.tensor([True, True, True, False, True])
    choice = Hard(Gumbel(torch.Generator().manual_seed(7)))
    draws = choice(scores.expand(20_000, 1, 5), visible.expand(20_000, 1, 5)).sum((0, 1))
    expected = Soft()(scores.unsqueeze(0), visible.unsqueeze(0))[0] * 20_000
    assert draws[3] == 0
    seen = visible.nonzero().squeeze(-1)
    statistic = float(((draws[seen] - expected[seen]) ** 2 / expected[seen]).sum())
    assert statistic < 11.34
    biased = torch.softmax(scores[seen] / 1.1, -1) * 20_000  # the test can fail: another temperature is told apart
    assert float(((draws[seen] - biased) ** 2 / biased).sum()) > 11.34


def test_a_temperature_orders_the_entropy() -> None:
    scores = torch.randn(3, 7, dtype=torch.float64)
    entropies = []
    for temperature in (8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.125):
        p = Soft(temperature)(scores)
        entropies.append(float(-(p * p.clamp_min(math.ulp(0.0)).log()).sum()))
    assert entropies == sorted(entropies, reverse=True)
