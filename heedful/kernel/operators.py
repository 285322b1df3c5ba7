"""What torch operators of the fused engines share: their arguments, the shapes of gradients, and who gets which.

They are registered by hand and not by `torch.library.custom_op`, whose wrapper loads torch's compiler, for more than a
second, at the first call.
"""

from collections.abc import Callable
from typing import Any

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


def refuse(engine: str) -> Callable[..., None]:
    """What a backward pass does when it is differentiated itself: raise EngineError."""

    def differentiate(ctx: Any, *above: Any) -> None:
        raise EngineError(
            f"engine {engine!r} has no second derivatives: "
            "use attend(..., engine='plain') where a gradient is differentiated again."
        )

    return differentiate
