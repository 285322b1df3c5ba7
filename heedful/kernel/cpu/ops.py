"""The fused attention of the CPU as torch operators. numba loads at the first call."""

from typing import Any

import torch
from torch import Tensor

from heedful.kernel.asked import Asked, Noted, empty_notes
from heedful.kernel.cpu.kept import Kept
from heedful.kernel.given import Given
from heedful.kernel.operators import ASKED, GIVEN, NOTED, SLOPES, by_argument, refuse, shapes_of_slopes, tilts

_SAVED = "Tensor out, Tensor tops, Tensor scales, Tensor scores"
_FEW_SCORES = 1 << 22
"""Scores that are kept between the passes: 16 MiB of them."""
_MANY_GIVEN, _MANY_SAVED = len(Given._fields), len(Kept._fields)


def _attend(*given_and_keep: Any) -> tuple[Tensor, ...]:
    from heedful.kernel.cpu.run import attend

    return attend(Given(*given_and_keep[:-1]), keep_scores=given_and_keep[-1])


def _survey(*given_and_asked: Any) -> tuple[Tensor, ...]:
    from heedful.kernel.cpu.run import survey

    saved, noted = survey(Given(*given_and_asked[:_MANY_GIVEN]), Asked(*given_and_asked[_MANY_GIVEN:]))
    return (*saved, *noted)


def _attend_backward(above: Tensor, tilted: Tensor | None, *saved_and_given: Any) -> tuple[Tensor, ...]:
    from heedful.kernel.cpu.run import attend_backward

    saved, given = Kept(*saved_and_given[:_MANY_SAVED]), Given(*saved_and_given[_MANY_SAVED:])
    return attend_backward(above, saved, given, tilts=tilted)


def _attend_shapes(*given_and_keep: Any) -> tuple[Tensor, ...]:
    given, make = Given(*given_and_keep[:-1]), given_and_keep[0].new_empty
    rows, queries = given.x.shape[:2]
    scores = make(rows, queries, given.y.shape[1]) if given_and_keep[-1] else make(0, 0, 0)
    return make(rows, queries, given.value.shape[2]), make(rows, queries), make(rows, queries), scores


def _survey_shapes(*given_and_asked: Any) -> tuple[Tensor, ...]:
    given, asked = Given(*given_and_asked[:_MANY_GIVEN]), Asked(*given_and_asked[_MANY_GIVEN:])
    return *_attend_shapes(*given, False), *empty_notes(given.x, (given.x.shape[0], given.x.shape[1]), asked)


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
    saved, entropies = Kept(*tensors[:_MANY_SAVED]), tensors[_MANY_SAVED + 1]
    of_sum, of_entropy = others[_MANY_SAVED - 1 : _MANY_SAVED + 1]
    tilted = tilts(saved.scales, entropies, of_sums=of_sum, of_entropies=of_entropy)
    slopes = _slopes(ctx, above, tilted, saved, tensors[_MANY_SAVED + 2 :])
    x, y, value, weight = slopes[:4]
    if weight is not None:  # the loops take it that the slopes of a row's scores sum to 0: these sum to `of_sum`
        weight = weight + torch.where(saved.scales > 0, of_sum, 0.0).sum()
    return x, y, value, weight, *slopes[4:]


def _slopes(
    ctx: Any, above: Tensor, tilted: Tensor | None, saved: tuple[Tensor, ...], tensors: tuple[Any, ...]
) -> tuple[Tensor | None, ...]:
    given = Given(*tensors, ctx.deviation)  # pyright: ignore[reportCallIssue]
    slopes = torch.ops.heedful.attend_cpu_backward(above, tilted, *saved, *given)
    return *by_argument(given, slopes), *(None,) * ctx.asked


torch.library.define("heedful::attend_cpu", f"({GIVEN}, bool keep_scores) -> ({_SAVED})")
torch.library.define("heedful::survey_cpu", f"({GIVEN}, {ASKED}) -> ({_SAVED}, {NOTED})")
torch.library.define(
    "heedful::attend_cpu_backward",
    f"(Tensor above, Tensor? tilts, {_SAVED}, {GIVEN}) -> ({SLOPES})",
)
for name, does, shapes in (
    ("attend_cpu", _attend, _attend_shapes),
    ("survey_cpu", _survey, _survey_shapes),
    ("attend_cpu_backward", _attend_backward, _attend_backward_shapes),
):
    torch.library.impl(f"heedful::{name}", "cpu", does)
    torch.library.register_fake(f"heedful::{name}", shapes)
torch.library.register_autograd("heedful::attend_cpu", _differentiate, setup_context=_remember)
torch.library.register_autograd("heedful::survey_cpu", _differentiate_survey, setup_context=_remember)
torch.library.register_autograd("heedful::attend_cpu_backward", refuse("cpu"))


def attend(given: Given) -> Tensor:
    """The contexts ``[N, T, V]`` of a problem.

    Where there are few enough scores of the tanh form they are kept for the backward pass: computing them again takes
    as long as a third of it. Matrix products are as quick as what they make is read.
    """
    learns = torch.is_grad_enabled() and any(isinstance(each, Tensor) and each.requires_grad for each in given)
    few = given.x.shape[0] * given.x.shape[1] * given.y.shape[1] <= _FEW_SCORES
    return torch.ops.heedful.attend_cpu(*given, learns and few and given.weight is not None)[0]


def survey(given: Given, asked: Asked) -> tuple[Tensor, Noted]:
    """The contexts, and what was asked of the weights."""
    found = torch.ops.heedful.survey_cpu(*given, *asked)
    return found[0], Noted(*found[_MANY_SAVED:])
