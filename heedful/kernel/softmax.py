"""The softmax under a mask, written once."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def wide(scores: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Scores in at least float32: half precision is for features, not for exponentials."""
    return scores.float() if scores.dtype in (torch.float16, torch.bfloat16) else scores


def fill(scores: Float[Tensor, "... S"], visible: Bool[Tensor, "... #S"] | None) -> Float[Tensor, "... S"]:
    """Scores with the lowest finite number where a query may not look.

    Not minus infinity: a row of those makes NaN in the backward pass on the way to the right answer.
    """
    return scores if visible is None else scores.masked_fill(~visible, torch.finfo(scores.dtype).min)


def masked_softmax(scores: Float[Tensor, "... S"], visible: Bool[Tensor, "... #S"] | None) -> Float[Tensor, "... S"]:
    """Weights that sum to 1 over the visible keys, or to 0 where a row sees none.

    Computed in at least float32 whatever the scores' dtype, and returned so.
    """
    weights = torch.softmax(fill(wide(scores), visible), dim=-1)
    return weights if visible is None else weights.masked_fill(~visible, 0.0)
