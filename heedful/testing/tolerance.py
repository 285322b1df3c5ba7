"""How exact an engine has to be: an error budget that plain torch sets, not a hand-picked tolerance.

The error of an engine against float64 may be twice (the error that plain torch makes at the same precision, plus
one rounding of the largest number). The idea is that of flash-attention's tests.
"""

import torch
from torch import Tensor

FACTOR = 2.0
"""An engine sums in another order than plain torch, and may round as often again."""


class OverBudget(AssertionError):
    """An engine was less exact than its budget allows. The message says by how much."""


def error(actual: Tensor, exact: Tensor) -> float:
    """The largest difference from the exact numbers; infinite when one is NaN and the other is not."""
    actual, exact = actual.detach().double(), exact.detach().double()
    if actual.numel() == 0:
        return 0.0
    same = (actual == exact) | (actual.isnan() & exact.isnan())
    # Equal infinities and NaN on both sides differ by NaN; they are no error.
    difference = (actual - exact).abs().masked_fill(same, 0.0)
    return float(difference.nan_to_num(nan=torch.inf).max())


def rounding(dtype: torch.dtype, exact: Tensor) -> float:
    """What one rounding to `dtype` can cost at the size of the largest number."""
    if exact.numel() == 0:
        return 0.0
    return max(torch.finfo(dtype).eps * float(exact.detach().abs().max()), torch.finfo(dtype).tiny)


def within_budget(actual: Tensor, reference_same_precision: Tensor, exact: Tensor, *, name: str = "output") -> None:
    """Check ``error(actual) <= 2 * (error(reference) + rounding)``, all against `exact`.

    `reference_same_precision` is what plain torch computes in the dtype of `actual`; `exact` is float64.

    Raises: OverBudget, when shape or dtype differ or the error is over the budget; it says by how much.

        >>> import torch
        >>> from heedful.testing import within_budget
        >>> exact = torch.rand(100, dtype=torch.float64)
        >>> within_budget(exact.float(), exact.float(), exact)
    """
    if actual.shape != exact.shape or reference_same_precision.shape != exact.shape:
        shapes = f"{list(actual.shape)}, {list(reference_same_precision.shape)} and {list(exact.shape)}"
        raise OverBudget(f"{name}: actual, reference and exact have shapes {shapes}, expected equal shapes.")
    if actual.dtype != reference_same_precision.dtype:
        raise OverBudget(f"{name} is {actual.dtype}, but its reference is {reference_same_precision.dtype}.")
    allowed = FACTOR * (error(reference_same_precision, exact) + rounding(actual.dtype, exact))
    found = error(actual, exact)
    # "not <=" and not ">": a NaN must fail.
    if not found <= allowed:
        times = found / allowed if allowed > 0 else torch.inf
        raise OverBudget(
            f"{name} ({actual.dtype}) is wrong by {found:.3g}, {times:.3g} times its budget of {allowed:.3g} "
            f"(plain torch at the same precision is wrong by {error(reference_same_precision, exact):.3g})."
        )
