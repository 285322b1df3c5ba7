"""Penalties by hand, and the bound that lets a search stop."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.decode.penalty import Penalty

KEEP = torch.tensor([[True, True, False]])


def test_scores_by_hand() -> None:
    log_probability = torch.tensor([[-3.0, -6.0]])
    covered = torch.tensor([[[0.5, 2.0, 0.1], [1.0, 1.0, 0.0]]])
    assert Penalty(0.0).score(log_probability, 7, covered=None, keep=KEEP).tolist() == [[-3.0, -6.0]]
    assert Penalty(1.0).score(log_probability, 7, covered=None, keep=KEEP).tolist() == [[-1.5, -3.0]]
    scores = Penalty(1.0, 0.2).score(log_probability, 7, covered=covered, keep=KEEP)
    torch.testing.assert_close(scores, torch.tensor([[-1.5 + 0.2 * math.log(0.5), -3.0]]))


def test_what_was_never_looked_at_costs_a_finite_price() -> None:
    score = Penalty(0.0, 1.0).score(torch.zeros(1, 1), 1, covered=torch.zeros(1, 1, 3), keep=KEEP)
    assert score.item() == pytest.approx(2 * math.log(1e-9))


@given(
    alpha=st.floats(-2, 2),
    now=st.floats(-20, 0),
    fall=st.floats(0, 20),
    tokens=st.integers(1, 20),
    more=st.integers(0, 20),
    after=st.integers(0, 20),
)
def test_no_longer_output_exceeds_the_bound(
    alpha: float, now: float, fall: float, tokens: int, more: int, after: int
) -> None:
    penalty = Penalty(alpha, 0.3)
    bound = penalty.bound(torch.tensor([now]), tokens, penalty.divisors(torch.tensor([tokens + more + after])))
    covered = torch.rand(1, 1, 3)
    later = penalty.score(torch.tensor([[now - fall]]), tokens + more, covered=covered, keep=KEEP)
    assert later.item() <= bound.item() + 1e-5


def test_refusals() -> None:
    with pytest.raises(ValueError, match="expected 0"):
        Penalty(1.0, -0.1)
    with pytest.raises(ValueError, match="no attention"):
        Penalty(1.0, 0.1).score(torch.zeros(1, 1), 1, covered=None, keep=KEEP)
