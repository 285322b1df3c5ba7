"""Rates: up to the peak, never above it, down again, whatever the warmup; step 0 included."""

import pytest

pytest.importorskip("lightning")

from hypothesis import given
from hypothesis import strategies as st

from heedful.errors import UserError
from heedful.train import TrainSettings
from heedful.train.schedule import Constant, Cosine, InverseSqrt, Rates, make_rates

WARMUPS = st.integers(0, 500)
STEPS = st.integers(0, 5000)


@pytest.mark.parametrize("kind", [Constant, InverseSqrt, lambda peak, warmup: Cosine(peak, warmup, 5003)])
@given(warmup=WARMUPS, step=STEPS)
def test_a_rate_is_positive_and_at_most_the_peak_which_comes_at_the_end_of_warmup(kind, warmup, step):
    rate = kind(2.0, warmup)
    assert 0.0 < rate(step) <= 2.0
    assert rate(max(warmup - 1, 0)) == 2.0


@given(warmup=st.integers(2, 500))
def test_warmup_is_a_straight_line_that_does_not_begin_at_nothing(warmup):
    for rate in (Constant(1.0, warmup), InverseSqrt(1.0, warmup), Cosine(1.0, warmup, 1000)):
        assert rate(0) == pytest.approx(1.0 / warmup)
        assert rate(warmup // 2) == pytest.approx((warmup // 2 + 1) / warmup)


@given(warmup=st.integers(1, 300))
def test_inverse_square_root_halves_when_steps_fourfold(warmup):
    rate = InverseSqrt(1.0, warmup)
    assert rate(4 * warmup - 1) == pytest.approx(0.5)
    assert rate(400 * warmup - 1) == pytest.approx(0.05)


@given(warmup=st.integers(0, 300), length=st.integers(1, 1000))
def test_cosine_falls_to_nothing_at_the_end_and_is_half_way_down_in_the_middle(warmup, length):
    rate = Cosine(1.0, warmup, warmup + 2 * length)
    falling = [rate(step) for step in range(warmup, warmup + 2 * length + 3)]
    assert falling == sorted(falling, reverse=True)
    assert rate(warmup + length) == pytest.approx(0.5)
    assert rate(warmup + 2 * length) == rate(10**9) == pytest.approx(0.0, abs=1e-12)


def test_the_settings_name_the_schedule():
    assert make_rates(TrainSettings(schedule="constant", rate=0.5, warmup=3), None).schedule == Constant(0.5, 3)
    assert make_rates(TrainSettings(schedule="inverse-sqrt", rate=0.5, warmup=3), None).schedule == InverseSqrt(0.5, 3)
    cosine = TrainSettings(schedule="cosine", rate=0.5, warmup=3, epochs=2, steps=100)
    assert make_rates(cosine, None) == Rates(Cosine(0.5, 3, 100), 100)
    assert make_rates(cosine, 7) == Rates(Cosine(0.5, 3, 14), 14)  # whichever comes first


def test_a_cosine_without_a_known_end_is_refused():
    with pytest.raises(UserError, match=r"cosine.*steps"):
        make_rates(TrainSettings(schedule="cosine", epochs=3), None)
