"""The fused attention of the GPU as torch operators. Triton loads at the first call."""

from typing import Any

import torch
from torch import Tensor

from heedful.kernel.asked import Asked, Noted, empty_notes
from heedful.kernel.given import Given, Saved
from heedful.kernel.operators import ASKED, GIVEN, NOTED, SLOPES, by_argument, refuse, shapes_of_slopes, tilts

_SAVED = "Tensor out, Tensor tops, Tensor scales"
_MANY_GIVEN, _MANY_SAVED = len(Given._fields), len(Saved._fields)


def _attend(*given: Any) -> tuple[Tensor, ...]:
    from heedful.kernel.gpu.run import attend

    return attend(Given(*given))


def _survey(*given_and_asked: Any) -> tuple[Tensor, ...]:
    from heedful.kernel.gpu.run import survey

    saved, noted = survey(Given(*given_and_asked[:_MANY_GIVEN]), Asked(*given_and_asked[_MANY_GIVEN:]))
    return (*saved, *noted)


def _attend_backward(above: Tensor, tilted: Tensor | None, *saved_and_given: Any) -> tuple[Tensor, ...]:
    from heedful.kernel.gpu.run import attend_backward

    saved, given = Saved(*saved_and_given[:_MANY_SAVED]), Given(*saved_and_given[_MANY_SAVED:])
    return attend_backward(above, saved, given, tilts=tilted)


def _attend_shapes(*tensors: Any) -> tuple[Tensor, ...]:
    given = Given(*tensors)
    rows, queries = given.x.shape[:2]
    shapes = (rows, queries, given.value.shape[2]), (rows, queries), (rows, queries)
    return tuple(given.x.new_empty(shape, dtype=torch.float32) for shape in shapes)


def _survey_shapes(*given_and_asked: Any) -> tuple[Tensor, ...]:
    given, asked = Given(*given_and_asked[:_MANY_GIVEN]), Asked(*given_and_asked[_MANY_GIVEN:])
    return *_attend_shapes(*given), *empty_notes(given.x, (given.x.shape[0], given.x.shape[1]), asked)


def _attend_backward_shapes(above: Tensor, tilted: Tensor | None, *saved_and_given: Any) -> tuple[Tensor, ...]:
    return shapes_of_slopes(Given(*saved_and_given[_MANY_SAVED:]))


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, deviation = inputs[:_MANY_GIVEN]
    ctx.save_for_backward(*output[: _MANY_SAVED + 2], *tensors)  # of a survey the sums and entropies too
    ctx.deviation, ctx.asked = deviation, len(inputs) - _MANY_GIVEN
    ctx.mark_non_differentiable(*output[1:_MANY_SAVED], *output[_MANY_SAVED + 2 :])


def _differentiate(ctx: Any, above: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
    tensors = ctx.saved_tensors  # read once: recomputation unpacks them at the first reading
    return _slopes(ctx, above, None, tensors[:_MANY_SAVED], tensors[_MANY_SAVED:])


def _differentiate_survey(ctx: Any, above: Tensor, *others: Any) -> tuple[Tensor | None, ...]:
    tensors = ctx.saved_tensors
    saved, entropies = Saved(*tensors[:_MANY_SAVED]), tensors[_MANY_SAVED + 1]
    of_sums, of_entropies = others[_MANY_SAVED - 1 : _MANY_SAVED + 1]
    tilted = tilts(saved.scales, entropies, of_sums=of_sums, of_entropies=of_entropies)
    return _slopes(ctx, above, tilted, saved, tensors[_MANY_SAVED + 2 :])


def _slopes(
    ctx: Any, above: Tensor, tilted: Tensor | None, saved: tuple[Tensor, ...], tensors: tuple[Any, ...]
) -> tuple[Tensor | None, ...]:
    given = Given(*tensors, ctx.deviation)  # pyright: ignore[reportCallIssue]
    slopes = torch.ops.heedful.attend_gpu_backward(above, tilted, *saved, *given)
    return *by_argument(given, slopes), *(None,) * ctx.asked


torch.library.define("heedful::attend_gpu", f"({GIVEN}) -> ({_SAVED})")
torch.library.define("heedful::survey_gpu", f"({GIVEN}, {ASKED}) -> ({_SAVED}, {NOTED})")
torch.library.define("heedful::attend_gpu_backward", f"(Tensor above, Tensor? tilts, {_SAVED}, {GIVEN}) -> ({SLOPES})")
for name, does, shapes in (
    ("attend_gpu", _attend, _attend_shapes),
    ("survey_gpu", _survey, _survey_shapes),
    ("attend_gpu_backward", _attend_backward, _attend_backward_shapes),
):
    torch.library.impl(f"heedful::{name}", ("cuda", "cpu"), does)  # on a CPU it serves Triton's interpreter
    torch.library.register_fake(f"heedful::{name}", shapes)
torch.library.register_autograd("heedful::attend_gpu", _differentiate, setup_context=_remember)
torch.library.register_autograd("heedful::survey_gpu", _differentiate_survey, setup_context=_remember)
torch.library.register_autograd("heedful::attend_gpu_backward", refuse("gpu"))


def attend(given: Given) -> Tensor:
    """The contexts ``[N, T, V]`` of a problem, in float32."""
    return torch.ops.heedful.attend_gpu(*given)[0]


def survey(given: Given, asked: Asked) -> tuple[Tensor, Noted]:
    """The contexts, and what was asked of the weights."""
    found = torch.ops.heedful.survey_gpu(*given, *asked)
    return found[0], Noted(*found[_MANY_SAVED:])
