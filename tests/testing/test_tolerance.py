"""The error budget: it passes what is as good as plain torch, and it can fail."""

import pytest
import torch

from heedful.testing.tolerance import OverBudget, error, rounding, within_budget

EXACT = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)


def test_a_reference_is_within_its_own_budget() -> None:
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        rounded = (EXACT / 3).to(dtype)
        within_budget(rounded, rounded, EXACT / 3)


def test_the_budget_can_fail_and_says_by_how_much() -> None:
    # Plain torch is wrong by 0.01, one rounding of the largest number (3) costs 3 * 2^-23 = 3.6e-7: the budget
    # is 2 * 0.0100004 = 0.0200007. An error of 0.06 is three times that.
    reference = (EXACT + 0.01).float()
    within_budget((EXACT + 0.02).float(), reference, EXACT)
    with pytest.raises(OverBudget, match=r"wrong by 0\.06, 3 times its budget of 0\.02"):
        within_budget((EXACT + 0.06).float(), reference, EXACT, name="context")


def test_a_sum_that_cancels_may_be_wrong_by_a_rounding_of_its_terms() -> None:
    # Terms of 1000 in all cancel to zero: one rounding of them costs 1000 * 2^-23 = 1.2e-4, the budget is twice that.
    exact, reference = torch.tensor([0.0, 3.0], dtype=torch.float64), torch.tensor([0.0, 3.0])
    cancelling, calm = torch.tensor([1000.0, 3.0]), torch.tensor([3.0, 3.0])
    within_budget(torch.tensor([2e-4, 3.0]), reference, exact, terms=cancelling)
    with pytest.raises(OverBudget, match=r"wrong by 0\.0005, 2\.1 times its budget of 0\.000238"):
        within_budget(torch.tensor([5e-4, 3.0]), reference, exact, terms=cancelling)
    for terms in (calm, None):
        with pytest.raises(OverBudget, match=r"wrong by 0\.0002"):
            within_budget(torch.tensor([2e-4, 3.0]), reference, exact, terms=terms)


def test_terms_of_one_number_excuse_no_other() -> None:
    exact, reference = torch.tensor([0.0, 3.0], dtype=torch.float64), torch.tensor([0.0, 3.0])
    names = ["query", "value"]
    with pytest.raises(OverBudget, match="value"):
        within_budget(
            torch.tensor([0.0, 3.0002]), reference, exact, terms=torch.tensor([1000.0, 3.0]), name=lambda at: names[at]
        )


def test_a_single_wrong_number_among_many_is_seen() -> None:
    exact = torch.linspace(0, 1, 1009, dtype=torch.float64)
    wrong = exact.float()
    wrong[997] += 1e-5
    with pytest.raises(OverBudget, match="wrong by 1e-05"):
        within_budget(wrong, exact.float(), exact)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_nan_and_inf_are_never_within_budget(bad: float) -> None:
    actual = EXACT.float()
    actual[1] = bad
    with pytest.raises(OverBudget, match="inf times its budget"):
        within_budget(actual, EXACT.float(), EXACT)


def test_nan_that_is_exact_is_allowed() -> None:
    exact = torch.tensor([float("nan"), 1.0, float("-inf")], dtype=torch.float64)
    assert error(exact.float(), exact) == 0.0


def test_shapes_and_dtypes_must_match() -> None:
    with pytest.raises(OverBudget, match="shapes"):
        within_budget(EXACT[:2].float(), EXACT.float(), EXACT)
    with pytest.raises(OverBudget, match=r"torch\.float16"):
        within_budget(EXACT.half(), EXACT.float(), EXACT)


def test_empty_tensors_are_within_budget() -> None:
    empty = torch.zeros(0, 3)
    within_budget(empty, empty, empty.double())
    assert rounding(torch.float32, empty) == 0.0
