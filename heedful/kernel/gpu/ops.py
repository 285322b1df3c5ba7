"""The fused attention of the GPU as torch operators. Triton loads at the first call."""

from typing import Any

import torch
from torch import Tensor

from heedful.kernel.given import Given, Saved
from heedful.kernel.operators import GIVEN, SLOPES, by_argument, refuse, shapes_of_slopes

_SAVED = "Tensor out, Tensor tops, Tensor scales"
_MANY_SAVED = len(Saved._fields)


def _attend(*given: Any) -> tuple[Tensor, ...]:
    from heedful.kernel.gpu.run import attend

    return attend(Given(*given))


def _attend_backward(above: Tensor, *saved_and_given: Any) -> tuple[Tensor, ...]:
    from heedful.kernel.gpu.run import attend_backward

    return attend_backward(above, Saved(*saved_and_given[:_MANY_SAVED]), Given(*saved_and_given[_MANY_SAVED:]))


def _attend_shapes(*tensors: Any) -> tuple[Tensor, ...]:
    given = Given(*tensors)
    rows, queries = given.x.shape[:2]
    shapes = (rows, queries, given.value.shape[2]), (rows, queries), (rows, queries)
    return tuple(given.x.new_empty(shape, dtype=torch.float32) for shape in shapes)


def _attend_backward_shapes(above: Tensor, *saved_and_given: Any) -> tuple[Tensor, ...]:
    return shapes_of_slopes(Given(*saved_and_given[_MANY_SAVED:]))


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, deviation = inputs
    ctx.save_for_backward(*output, *tensors)
    ctx.deviation = deviation
    ctx.mark_non_differentiable(*output[1:])


def _differentiate(ctx: Any, above: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
    tensors = ctx.saved_tensors  # read once: recomputation unpacks them at the first reading
    given = Given(*tensors[_MANY_SAVED:], ctx.deviation)  # pyright: ignore[reportCallIssue]
    return by_argument(given, torch.ops.heedful.attend_gpu_backward(above, *tensors[:_MANY_SAVED], *given))


torch.library.define("heedful::attend_gpu", f"({GIVEN}) -> ({_SAVED})")
torch.library.define("heedful::attend_gpu_backward", f"(Tensor above, {_SAVED}, {GIVEN}) -> ({SLOPES})")
for name, does, shapes in (
    ("attend_gpu", _attend, _attend_shapes),
    ("attend_gpu_backward", _attend_backward, _attend_backward_shapes),
):
    torch.library.impl(f"heedful::{name}", ("cuda", "cpu"), does)  # on a CPU it serves Triton's interpreter
    torch.library.register_fake(f"heedful::{name}", shapes)
torch.library.register_autograd("heedful::attend_gpu", _differentiate, setup_context=_remember)
torch.library.register_autograd("heedful::attend_gpu_backward", refuse("gpu"))


def attend(given: Given) -> Tensor:
    """The contexts ``[N, T, V]`` of a problem, in float32."""
    return torch.ops.heedful.attend_gpu(*given)[0]
