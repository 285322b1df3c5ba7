"""The softmax under a mask, written once."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def upcast(scores: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Scores in at least float32: half precision is for features, not for exponentials."""
    return scores.float() if scores.dtype in (torch.float16, torch.bfloat16) else scores


def mask_scores(scores: Float[Tensor, "... S"], visible: Bool[Tensor, "... #S"] | None) -> Float[Tensor, "... S"]:
    """Scores with the lowest finite number where a query may not look."""
    # Not minus infinity: in a row that is masked throughout, the backward pass would compute inf - inf = NaN on the way
    # to zeros, and anomaly detection would stop at it.
    return scores if visible is None else scores.masked_fill(~visible, torch.finfo(scores.dtype).min)


def masked_softmax(scores: Float[Tensor, "... S"], visible: Bool[Tensor, "... #S"] | None) -> Float[Tensor, "... S"]:
    """Weights that sum to 1 over the visible keys, or to 0 where a row sees none.

    Computed and returned in at least float32, whatever the scores' dtype.
    """
    weights = torch.softmax(mask_scores(upcast(scores), visible), dim=-1)
    # The second mask is for rows that see no key: their softmax is uniform over the masked keys.
    return weights if visible is None else weights.masked_fill(~visible, 0.0)
