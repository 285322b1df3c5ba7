"""What torch operators of the fused engines share: their arguments, the shapes of gradients, and who gets which.

They are registered by hand and not by `torch.library.custom_op`, whose wrapper loads torch's compiler, for more than a
second, at the first call.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel.given import Given
from heedful.kernel.problem import EngineError

GIVEN = (
    "Tensor x, Tensor y, Tensor value, Tensor? weight, Tensor start, Tensor stop, Tensor? keep, Tensor keep_of, "
    "Tensor group, Tensor? centre, float deviation"
)
"""The fields of `Given` as a schema."""
SLOPES = "Tensor, Tensor, Tensor, Tensor, Tensor"
"""Gradients of x, y, value, weight and centre; the last two empty where there is none."""
ASKED = "int best, int seed, int rows, int columns, bool gated"
"""The fields of `Asked` as a schema."""
NOTED = "Tensor log_sums, Tensor entropies, Tensor best, Tensor best_weights, Tensor drawn, Tensor mass"
"""The fields of `Noted`; the first two have gradients."""


def shapes_of_slopes(given: Given) -> tuple[Tensor, ...]:
    """Tensors like the gradients, without their numbers."""
    none = given.x.new_empty(0)
    likes = (given.x, given.y, given.value, *(none if each is None else each for each in (given.weight, given.centre)))
    return tuple(each.new_empty(each.shape) for each in likes)


def by_argument(given: Given, slopes: tuple[Tensor, ...]) -> tuple[Tensor | None, ...]:
    """The gradients in the order of the arguments, None for those that have none."""
    x, y, value, weight, centre = slopes
    limits_and_places = (None,) * 5
    weight, centre = None if given.weight is None else weight, None if given.centre is None else centre
    return x, y, value, weight, *limits_and_places, centre, None


def tilts(
    scales: Float[Tensor, "N T"],
    entropies: Float[Tensor, "N T"],
    *,
    of_sums: Float[Tensor, "N T"],
    of_entropies: Float[Tensor, "N T"],
) -> Float[Tensor, "N T 2"]:
    """What the gradients of log-sum-exp and entropy H bring down to a row's scores, as kernels add it.

    ``dL/ds = P (dL/dlse - dL/dH (log P + H))``, and ``log P = s - top + log scale``: that is
    ``P (tilts[0] + tilts[1] (s - top))``.
    """
    log_scales = torch.where(scales > 0, scales.log(), 0.0)
    return torch.stack([of_sums - of_entropies * (entropies + log_scales), -of_entropies], dim=-1)


def refuse(engine: str) -> Callable[..., None]:
    """What a backward pass does when it is differentiated itself: raise EngineError."""

    def differentiate(ctx: Any, *above: Any) -> None:
        raise EngineError(
            f"engine {engine!r} has no second derivatives: "
            "use attend(..., engine='plain') where a gradient is differentiated again."
        )

    return differentiate
