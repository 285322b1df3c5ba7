"""How many labels an answer lists, and which: the most probable ones."""

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from heedful.errors import UserError

FEW_LABELS = 100
"""With at most so many labels, answers and tables list all of them."""

DEFAULT_TOP = 5
"""How many labels an answer lists where there are more than `FEW_LABELS`."""

ALL = "all"


def listed_labels(top: int | str | None, labels: int) -> int | None:
    """How many labels an answer lists; None for all, in the order of the classes.

    `top` is a number, as an int or in digits, or "all". None stands for all of up to `FEW_LABELS` labels, and else for
    `DEFAULT_TOP`.
    Raises: UserError, when `top` is anything else.
    """
    if top is None:
        return None if labels <= FEW_LABELS else DEFAULT_TOP
    if top == ALL:
        return None
    # bool is an int to Python, but top=True means nothing here.
    digits = str(top) if not isinstance(top, bool) else ""
    if not digits.isascii() or not digits.isdigit() or int(digits) < 1:
        raise UserError(f"top is {top!r}", hint=f"expected how many labels to list, 1 or more, or {ALL!r}")
    return min(int(digits), labels)


def best_labels(probabilities: Float[Tensor, "N C"], count: int) -> tuple[Float[Tensor, "N K"], Int64[Tensor, "N K"]]:
    """The `count` most probable labels of each row and their probabilities; of equal ones the first label."""
    values, labels = probabilities.topk(count, dim=-1)
    # `topk` orders equal values arbitrarily, and where several labels share the last value it takes any of them. Sums
    # of booleans are slow in torch: the comparison is written as floats.
    last = values[:, -1:]
    shared = torch.ge(probabilities, last, out=torch.empty_like(probabilities)).sum(-1) > count
    unordered = (values[:, 1:] == values[:, :-1]).any(-1)
    for row in (unordered | shared).nonzero().squeeze(-1).tolist():
        entries = probabilities[row].numpy()
        candidates = np.flatnonzero(entries >= float(last[row]))
        order = candidates[np.argsort(-entries[candidates], kind="stable")[:count]]
        labels[row], values[row] = torch.from_numpy(order), torch.from_numpy(entries[order])
    return values, labels
