"""The loops as torch operators, so that autograd, torch.compile and autocast know them.

Shapes: N rows of the batch, each with T queries; G groups of rows that share S keys and values; F features.
"""

from math import gcd

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.kernel.cpu.backward import Slopes, Sums, backward
from heedful.kernel.cpu.forward import forward
from heedful.kernel.cpu.pool import share_out
from heedful.kernel.cpu.tiles import DIRECT, FACTORED, INNER, ROWS, Arrays
from heedful.kernel.problem import EngineError

_FURTHEST = 40.0
"""Features within this are factored: ``e^(2 * 40)`` and its inverse are float32 numbers with room to spare."""
_WORTH = 1 << 17
"""Products that a thread is worth waking for."""


def _attend(
    x: Tensor,
    y: Tensor,
    value: Tensor,
    weight: Tensor | None,
    start: Tensor,
    stop: Tensor,
    keep: Tensor | None,
    keep_of: Tensor,
    group: Tensor,
    centre: Tensor | None,
    deviation: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Contexts, and what weights are computed from again: each row's highest score and scale [N, T].

    With a `weight` the form is tanh, else inner.
    """
    out, tops, scales = _attend_shapes(x, y, value, weight, start, stop, keep, keep_of, group, centre, deviation)
    if y.shape[1] == 0 or tops.numel() == 0:
        return out.zero_(), tops.zero_(), scales.zero_()
    arrays = _arrays(x, y, value, weight, start, stop, keep, keep_of, group, centre, deviation)
    tiles = x.shape[0] * -(-x.shape[1] // ROWS)
    written = [each.numpy() for each in (out, tops, scales)]
    share_out(lambda first, last: forward(arrays, first, last, *written), tiles, _tiles_worth(x, y))
    return out, tops, scales


def _attend_shapes(x, y, value, weight, start, stop, keep, keep_of, group, centre, deviation):  # pyright: ignore
    return x.new_empty(*x.shape[:2], value.shape[2]), x.new_empty(x.shape[:2]), x.new_empty(x.shape[:2])


def _attend_backward(
    above: Tensor,
    out: Tensor,
    tops: Tensor,
    scales: Tensor,
    x: Tensor,
    y: Tensor,
    value: Tensor,
    weight: Tensor | None,
    start: Tensor,
    stop: Tensor,
    keep: Tensor | None,
    keep_of: Tensor,
    group: Tensor,
    centre: Tensor | None,
    deviation: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of x, y, value, weight and centre; the last two empty where there is none."""
    if y.shape[1] == 0 or tops.numel() == 0:
        given = (x, y, value, x.new_empty(0) if weight is None else weight, x.new_empty(0) if centre is None else centre)
        return tuple(torch.zeros_like(each) for each in given)  # pyright: ignore
    arrays = _arrays(x, y, value, weight, start, stop, keep, keep_of, group, centre, deviation)
    above = above.contiguous()
    slopes = Slopes(
        out=above.numpy(),
        across=(above * out).sum(-1).numpy(),
        tops=tops.numpy(),
        scales=scales.numpy(),
        keys=y.contiguous().numpy(),
        values=value.transpose(1, 2).contiguous().numpy(),
    )
    parts, members = _parts(group, y.shape[0], x.shape[1])
    inner, padded = weight is None, arrays.x.shape[2]
    many = parts.shape[0]
    x_sums = x.new_zeros(*x.shape[:2], padded)
    y_sums = x.new_zeros((many, y.shape[1], padded) if inner else (many, padded, y.shape[1]))
    value_sums, weight_sums = x.new_zeros(many, *value.shape[1:]), x.new_zeros(many, padded)
    centre_sums = x.new_zeros(0 if centre is None else x.shape[0], x.shape[1])
    sums = Sums(*(each.numpy() for each in (x_sums, y_sums, value_sums, weight_sums, centre_sums)))
    share_out(
        lambda first, last: backward(arrays, slopes, sums, parts.numpy(), members.numpy(), first, last),
        many,
        -(-many * _tiles_worth(x, y) * ROWS // max(1, x.shape[0] * x.shape[1])),
    )
    y_sums, value_sums = (each.view(y.shape[0], -1, *each.shape[1:]).sum(1) for each in (y_sums, value_sums))
    if weight is None:
        return x_sums, y_sums, value_sums, x.new_empty(0), centre_sums
    scale, width = 4.0 * weight, weight.shape[0]
    return (
        x_sums[..., :width] * scale,
        y_sums.transpose(1, 2)[..., :width] * scale,
        value_sums,
        -2.0 * weight_sums[:, :width].sum(0),
        centre_sums,
    )


def _attend_backward_shapes(above, out, tops, scales, x, y, value, weight, start, stop, keep, keep_of, group, centre, deviation):  # pyright: ignore
    none = x.new_empty(0)
    return (
        torch.empty_like(x),
        torch.empty_like(y),
        torch.empty_like(value),
        none if weight is None else torch.empty_like(weight),
        x.new_empty(0, x.shape[1]) if centre is None else torch.empty_like(centre),
    )


def _remember(ctx, inputs, output) -> None:  # pyright: ignore
    *tensors, deviation = inputs
    ctx.save_for_backward(*output, *tensors)
    ctx.deviation = deviation
    ctx.mark_non_differentiable(*output[1:])


def _differentiate(ctx, above, *_):  # pyright: ignore
    out, tops, scales, *tensors = ctx.saved_tensors
    x, y, value, weight, centre = torch.ops.heedful.attend_cpu_backward(above, out, tops, scales, *tensors, ctx.deviation)
    has_weight, has_centre = tensors[3] is not None, tensors[9] is not None
    return x, y, value, weight if has_weight else None, *(None,) * 5, centre if has_centre else None, None


def _refuse_twice(ctx, *above):  # pyright: ignore
    raise EngineError(
        "engine 'cpu' has no second derivatives: use attend(..., engine='plain') where a gradient is differentiated again."
    )




def _arrays(x, y, value, weight, start, stop, keep, keep_of, group, centre, deviation) -> Arrays:  # pyright: ignore
    """The problem as loops take it: the tanh form's features factored where they lie close enough together."""
    keys = y.transpose(1, 2)
    form, coefficients = INNER, x.new_empty(0)
    if weight is not None:
        missing, coefficients = -weight.shape[0] % 4, weight
        if missing:
            coefficients = torch.nn.functional.pad(weight, (0, missing))
            x, keys = torch.nn.functional.pad(x, (0, missing)), torch.nn.functional.pad(keys, (0, 0, 0, missing))
        form, x, keys = _factored(x, keys)
    return Arrays(
        form,
        *(each.contiguous().numpy() for each in (x, keys, value, coefficients)),
        start=start.contiguous().numpy(),
        stop=stop.contiguous().numpy(),
        keep=(torch.empty(0, 1, 1, dtype=torch.uint8) if keep is None else keep.contiguous().view(torch.uint8)).numpy(),
        keep_of=keep_of.contiguous().numpy(),
        group=group.contiguous().numpy(),
        centre=(x.new_empty(0, 1) if centre is None else centre.contiguous()).numpy(),
        sharpness=torch.tensor(0.5 / deviation**2).numpy()[()],
    )


def _factored(x: Float[Tensor, "N T F"], y: Float[Tensor, "G F S"]) -> tuple[int, Tensor, Tensor]:
    """``e^(2x)`` and ``e^(2y)``, or the features themselves where those would not be numbers.

    Taking a constant from a channel of x and adding it to y's leaves ``x + y`` as it is, so each channel is centred.
    """
    if x.shape[2] == 0:
        return FACTORED, x, y
    if bool(x.abs().max() <= _FURTHEST) and bool(y.abs().max() <= _FURTHEST):
        return FACTORED, (x * 2).exp_(), (y * 2).exp_()
    x_low, x_high = torch.aminmax(x.reshape(-1, x.shape[2]), dim=0)
    y_low, y_high = y.amin((0, 2)), y.amax((0, 2))
    middle = (x_low + x_high + y_low + y_high) / 4
    spread = torch.maximum(x_high - x_low, y_high - y_low) / 2
    if not bool(((middle.abs() + spread) <= _FURTHEST).all()):
        return DIRECT, x, y
    shift = (x_low + x_high - y_low - y_high) / 4
    return FACTORED, ((x - shift) * 2).exp_(), ((y + shift.unsqueeze(-1)) * 2).exp_()


def _parts(group: Tensor, groups: int, queries: int) -> tuple[Tensor, Tensor]:
    """The parts of the backward pass, as many of each group as all threads need, and the rows in order of group."""
    threads = torch.get_num_threads()
    splits = threads // gcd(groups, threads) if groups < 4 * threads else 1
    members = torch.argsort(group, stable=True)
    counts = torch.bincount(group, minlength=groups)
    place = counts.cumsum(0) - counts
    tiles = counts * -(-queries // ROWS)
    split = torch.arange(splits).repeat(groups)
    place, tiles = place.repeat_interleave(splits), tiles.repeat_interleave(splits)
    return torch.stack([place, split, tiles, torch.full_like(split, splits)], dim=1), members


def _tiles_worth(x: Tensor, y: Tensor) -> int:
    """How many tiles of queries make a thread's waking worth while."""
    return max(1, _WORTH // max(1, ROWS * y.shape[1] * x.shape[2]))


# By hand and not by `torch.library.custom_op`, whose wrapper loads torch's compiler, for a second, at the first call.
_PROBLEM = (
    "Tensor x, Tensor y, Tensor value, Tensor? weight, Tensor start, Tensor stop, Tensor? keep, Tensor keep_of, "
    "Tensor group, Tensor? centre, float deviation"
)
torch.library.define("heedful::attend_cpu", f"({_PROBLEM}) -> (Tensor, Tensor, Tensor)")
torch.library.define(
    "heedful::attend_cpu_backward",
    f"(Tensor above, Tensor out, Tensor tops, Tensor scales, {_PROBLEM}) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
)
torch.library.impl("heedful::attend_cpu", "cpu", _attend)
torch.library.impl("heedful::attend_cpu_backward", "cpu", _attend_backward)
torch.library.register_fake("heedful::attend_cpu", _attend_shapes)
torch.library.register_fake("heedful::attend_cpu_backward", _attend_backward_shapes)
torch.library.register_autograd("heedful::attend_cpu", _differentiate, setup_context=_remember)
torch.library.register_autograd("heedful::attend_cpu_backward", _refuse_twice)

attend_cpu = torch.ops.heedful.attend_cpu
