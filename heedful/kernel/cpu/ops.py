"""The fused attention as torch operators, so that autograd and torch.compile know it. numba loads at the first call.

They are registered by hand and not by `torch.library.custom_op`, whose wrapper loads torch's compiler, for more than a
second, at the first call.
"""

from typing import Any

import torch
from torch import Tensor

from heedful.kernel.cpu.given import Given, Saved
from heedful.kernel.problem import EngineError

_GIVEN = (
    "Tensor x, Tensor y, Tensor value, Tensor? weight, Tensor start, Tensor stop, Tensor? keep, Tensor keep_of, "
    "Tensor group, Tensor? centre, float deviation"
)
_SAVED = "Tensor out, Tensor tops, Tensor scales"


def _attend(*given: Any) -> tuple[Tensor, ...]:
    from heedful.kernel.cpu.run import attend

    return attend(Given(*given))


def _attend_backward(above: Tensor, *saved_and_given: Any) -> tuple[Tensor, ...]:
    from heedful.kernel.cpu.run import attend_backward

    return attend_backward(above, Saved(*saved_and_given[:3]), Given(*saved_and_given[3:]))


def _attend_shapes(*tensors: Any) -> tuple[Tensor, ...]:
    given = Given(*tensors)
    rows, queries = given.x.shape[:2]
    return tuple(given.x.new_empty(shape) for shape in ((rows, queries, given.value.shape[2]), *[(rows, queries)] * 2))


def _attend_backward_shapes(above: Tensor, *saved_and_given: Any) -> tuple[Tensor, ...]:
    given = Given(*saved_and_given[3:])
    none = given.x.new_empty(0)
    likes = (given.x, given.y, given.value, *(none if each is None else each for each in (given.weight, given.centre)))
    return tuple(each.new_empty(each.shape) for each in likes)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, deviation = inputs
    ctx.save_for_backward(*output, *tensors)
    ctx.deviation = deviation
    ctx.mark_non_differentiable(*output[1:])


def _differentiate(ctx: Any, above: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
    tensors = ctx.saved_tensors  # read once: recomputation unpacks them at the first reading
    given = Given(*tensors[3:], ctx.deviation)  # pyright: ignore[reportCallIssue]
    x, y, value, weight, centre = torch.ops.heedful.attend_cpu_backward(above, *tensors[:3], *given)
    limits_and_places = (None,) * 5
    weight, centre = (None if own is None else slope for own, slope in ((given.weight, weight), (given.centre, centre)))
    return x, y, value, weight, *limits_and_places, centre, None


def _refuse(ctx: Any, *above: Any) -> None:
    raise EngineError(
        "engine 'cpu' has no second derivatives: "
        "use attend(..., engine='plain') where a gradient is differentiated again."
    )


torch.library.define("heedful::attend_cpu", f"({_GIVEN}) -> ({_SAVED})")
torch.library.define(
    "heedful::attend_cpu_backward", f"(Tensor above, {_SAVED}, {_GIVEN}) -> (Tensor, Tensor, Tensor, Tensor, Tensor)"
)
torch.library.impl("heedful::attend_cpu", "cpu", _attend)
torch.library.impl("heedful::attend_cpu_backward", "cpu", _attend_backward)
torch.library.register_fake("heedful::attend_cpu", _attend_shapes)
torch.library.register_fake("heedful::attend_cpu_backward", _attend_backward_shapes)
torch.library.register_autograd("heedful::attend_cpu", _differentiate, setup_context=_remember)
torch.library.register_autograd("heedful::attend_cpu_backward", _refuse)


def attend(given: Given) -> Tensor:
    """The contexts ``[N, T, V]`` of a problem."""
    return torch.ops.heedful.attend_cpu(*given)[0]
