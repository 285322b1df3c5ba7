"""How exact an engine has to be: an error budget that plain torch sets, not a hand-picked tolerance.

The error of an engine against float64 may be twice (the error that plain torch makes at the same precision, plus
one rounding of the largest number). The idea is that of flash-attention's tests. A sum whose terms cancel may be wrong
by one rounding of its terms, which are larger than the sum: where they are known they count instead.
"""

from collections.abc import Callable

import torch
from torch import Tensor

FACTOR = 2.0
"""An engine sums in another order than plain torch, and may round as often again."""


class OverBudget(AssertionError):
    """An engine was less exact than its budget allows. The message says by how much."""


def error(actual: Tensor, exact: Tensor) -> float:
    """The largest difference from the exact numbers; infinite when one is NaN and the other is not."""
    return float(_differences(actual, exact).max()) if actual.numel() > 0 else 0.0


def rounding(dtype: torch.dtype, exact: Tensor) -> float:
    """What one rounding to `dtype` can cost at the size of the largest number."""
    if exact.numel() == 0:
        return 0.0
    return max(torch.finfo(dtype).eps * float(exact.detach().abs().max()), torch.finfo(dtype).tiny)


def budget(reference: Tensor, exact: Tensor, *, terms: Tensor | None = None) -> Tensor:
    """The largest error allowed to each number, in the shape of `exact`: see `within_budget`."""
    allowed = torch.full(exact.shape, rounding(reference.dtype, exact), dtype=torch.float64)
    if terms is not None:
        allowed = allowed.maximum(torch.finfo(reference.dtype).eps * terms.detach().double())
    return FACTOR * (error(reference, exact) + allowed)


def within_budget(
    actual: Tensor,
    reference_same_precision: Tensor,
    exact: Tensor,
    *,
    terms: Tensor | None = None,
    name: str | Callable[[int], str] = "output",
) -> None:
    """Check ``|actual - exact| <= 2 * (error(reference) + rounding)``, number by number.

    `reference_same_precision` is what plain torch computes in the dtype of `actual`; `exact` is float64. A rounding is
    that of the largest exact number, or of `terms` where they are larger: for each number the size of the terms that it
    is a sum of. `name` is used in the error message: a text, or a function of the index in the flattened tensor.

    Raises: OverBudget, when shape or dtype differ or the error is over the budget; it says by how much.

        >>> import torch
        >>> from heedful.testing import within_budget
        >>> exact = torch.rand(100, dtype=torch.float64)
        >>> within_budget(exact.float(), exact.float(), exact)
    """
    label = name if callable(name) else lambda index: name
    if actual.shape != exact.shape or reference_same_precision.shape != exact.shape:
        shapes = f"{list(actual.shape)}, {list(reference_same_precision.shape)} and {list(exact.shape)}"
        raise OverBudget(f"{label(0)}: actual, reference and exact have shapes {shapes}, expected three equal ones.")
    if actual.dtype != reference_same_precision.dtype:
        raise OverBudget(f"{label(0)} is {actual.dtype}, but its reference is {reference_same_precision.dtype}.")
    if actual.numel() == 0:
        return
    found, allowed = _differences(actual, exact), budget(reference_same_precision, exact, terms=terms)
    # "found <= allowed" and not "found > allowed": a NaN must fail.
    over = torch.where(found <= allowed, 0.0, found / allowed)  # a difference of 0 may have a budget of 0
    worst = int(over.argmax())
    if over.flatten()[worst] > 0:
        wrong, most, times = (float(tensor.flatten()[worst]) for tensor in (found, allowed, over))
        raise OverBudget(
            f"{label(worst)} ({actual.dtype}) is wrong by {wrong:.3g}, {times:.3g} times its budget of {most:.3g} "
            f"(plain torch at the same precision is wrong by {error(reference_same_precision, exact):.3g})."
        )


def _differences(actual: Tensor, exact: Tensor) -> Tensor:
    """How far each number is from the exact one; infinity where one is NaN and the other is not."""
    actual, exact = actual.detach().double(), exact.detach().double()
    same = (actual == exact) | (actual.isnan() & exact.isnan())
    # Equal infinities and NaN on both sides differ by NaN; they are no error.
    return (actual - exact).abs().masked_fill(same, 0.0).nan_to_num(nan=torch.inf, posinf=torch.inf)
