"""Dropout keeps the expectation, passes gradients by its mask, and is nothing outside training."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.layer.dropout import Dropout, dropped_levels


@given(rate=st.floats(0.01, 0.99), shape=st.lists(st.integers(0, 7), min_size=0, max_size=3))
def test_numbers_are_dropped_or_scaled(rate: float, shape: list[int]) -> None:
    inputs = torch.ones(shape, dtype=torch.float64)
    scale = 256 / (256 - dropped_levels(rate))
    outputs = Dropout(rate)(inputs)
    assert outputs.shape == inputs.shape
    assert torch.isin(outputs, torch.tensor([0.0, scale], dtype=torch.float64)).all()


@pytest.mark.parametrize("rate", [0.003, 0.1, 0.5, 0.9])
def test_expectation_is_the_input_at_every_place_of_a_word(rate: float) -> None:
    # Bytes are drawn eight at a time: a bias in one of the eight places would hide in the mean of all.
    torch.manual_seed(0)
    draws = 1 << 17
    means = Dropout(rate)(torch.ones(draws, 8)).mean(0)
    kept = 1 - dropped_levels(rate) / 256
    deviation = ((1 - kept) / kept / draws) ** 0.5
    assert (means - 1).abs().max() < 5 * deviation


def test_rate_is_the_nearest_of_256ths() -> None:
    torch.manual_seed(0)
    zeros = (Dropout(0.2)(torch.ones(1 << 20)) == 0).double().mean().item()
    assert zeros == pytest.approx(51 / 256, abs=2e-3)
    assert dropped_levels(1e-9) == 1
    assert dropped_levels(1 - 1e-9) == 255


def test_gradient_is_the_mask() -> None:
    inputs = torch.randn(5, 7, requires_grad=True)
    outputs = Dropout(0.3)(inputs)
    upstream = torch.randn(5, 7)
    outputs.backward(upstream)
    mask = (outputs / inputs).detach()
    torch.testing.assert_close(inputs.grad, upstream * mask)


def test_dtypes_stay() -> None:
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        assert Dropout(0.5)(torch.randn(11, 3, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize(("rate", "training"), [(0.0, True), (0.5, False)])
def test_identity_when_off(rate: float, training: bool) -> None:
    inputs = torch.randn(3, 5)
    assert Dropout(rate).train(training)(inputs) is inputs


def test_the_seed_decides() -> None:
    inputs = torch.ones(13, 17)
    outcomes = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outcomes.append(Dropout(0.5)(inputs))
    assert torch.equal(outcomes[0], outcomes[1])
    assert not torch.equal(outcomes[0], outcomes[2])
    state = torch.get_rng_state()
    after = Dropout(0.5)(inputs)
    torch.set_rng_state(state)
    assert torch.equal(after, Dropout(0.5)(inputs))


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5])
def test_impossible_rates_are_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="expected 0 <= rate < 1"):
        Dropout(rate)
