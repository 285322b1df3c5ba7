"""From tensors to loops and back: a problem prepared, shared out among threads, and its gradients put together."""

import functools
from math import gcd

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from heedful.kernel.asked import Asked, Noted, sums_and_entropies, weights_of_best
from heedful.kernel.cpu import spoiled
from heedful.kernel.cpu.backward import Slopes, Sums, Work, backward
from heedful.kernel.cpu.forms import Direct, Factored, Inner, Step
from heedful.kernel.cpu.forward import Written, forward
from heedful.kernel.cpu.kept import Kept
from heedful.kernel.cpu.micro import LANES
from heedful.kernel.cpu.notes import Notes
from heedful.kernel.cpu.pool import share_out
from heedful.kernel.cpu.tiles import ROWS, Arrays
from heedful.kernel.given import Given
from heedful.kernel.survey import edges

_FURTHEST = 40.0
"""Features within this are factored: ``e^(2 * 40)`` and its inverse are float32 numbers with room to spare."""
_FEW = 2
"""Queries up to which the keys are read as they lie: each number of them is used too seldom to prepare it."""
_WORTH = 1 << 17
"""Products that a thread is worth waking for."""
_STRETCH = 256
"""Queries whose mass is summed in one place."""


def attend(given: Given, *, keep_scores: bool) -> Kept:
    """Contexts, and what the backward pass computes weights from again."""
    saved = _attend(given, keep_scores=keep_scores)
    return saved if spoiled.is_whole(saved.out) else spoiled.attend(given, _attend)


def _attend(given: Given, *, keep_scores: bool = False) -> Kept:
    """The same, if there are but numbers."""
    saved = _saved(given, keep_scores=keep_scores)
    if not given.empty:
        arrays = _arrays(given)
        _run(arrays, given, saved, _cuts(given.x.shape[1], 0)[0], None)
    return saved


def survey(given: Given, asked: Asked) -> tuple[Kept, Noted]:
    """The same, and what was asked of the weights."""
    saved, (rows, queries) = _saved(given), given.x.shape[:2]
    cuts, owners = _cuts(queries, asked.rows)
    moments = given.x.new_zeros(rows, queries)
    best = torch.full((rows, queries, asked.best), -1)
    best_weights = given.x.new_zeros(best.shape)
    drawn = torch.full((rows, queries if asked.seed >= 0 else 0), -1)
    mass = given.x.new_zeros(rows if asked.rows else 0, len(cuts) - 1, asked.columns)
    if not given.empty:
        blocks = torch.tensor(edges(given.y.shape[1], asked.columns))
        noted = (moments, best_weights, best, drawn if asked.seed >= 0 else drawn.new_empty(0, 0), mass, blocks)
        arrays = _arrays(given)
        notes = Notes(*(each.numpy() for each in noted), seed=np.uint64(max(0, asked.seed)), gated=asked.gated)
        _run(arrays, given, saved, cuts, notes)
        if not spoiled.is_whole(saved.out):
            saved = saved._replace(out=spoiled.attend(given, _attend).out)
        best_weights = torch.where(best >= 0, weights_of_best(best_weights, saved.tops, saved.scales), 0.0)
    log_sums, entropies = sums_and_entropies(saved.tops, saved.scales, moments)
    counts = torch.bincount(owners, weights=cuts.diff().double(), minlength=asked.rows).clamp_min(1).float()
    total = mass.new_zeros(rows, asked.rows, asked.columns)
    if asked.rows:
        total = total.index_add_(1, owners, mass) / counts.unsqueeze(-1)
    return saved, Noted(log_sums, entropies, best, best_weights, drawn, total)


def attend_backward(
    above: Float[Tensor, "N T V"], saved: Kept, given: Given, *, tilts: Float[Tensor, "N T 2"] | None
) -> tuple[Tensor, ...]:
    """Gradients of x, y, value, weight and centre; the last two empty where there is none.

    `tilts` are what log-sum-exp and entropy bring down, as the loops take it.
    """
    if spoiled.is_whole(saved.out):
        return _attend_backward(above, saved, given, tilts=tilts)
    return spoiled.attend_backward(above, given, functools.partial(_attend_backward, tilts=tilts), again=_attend)


def _attend_backward(
    above: Float[Tensor, "N T V"], saved: Kept, given: Given, *, tilts: Float[Tensor, "N T 2"] | None
) -> tuple[Tensor, ...]:
    """The same, if there are but numbers."""
    x, y, value, weight, centre = given.x, given.y, given.value, given.weight, given.centre
    if given.empty:
        none = x.new_empty(0)
        return tuple(torch.zeros_like(none if each is None else each) for each in (x, y, value, weight, centre))
    arrays, above = _arrays(given), above.contiguous()
    parts, members = _parts(given.group, y.shape[0], x.shape[1])
    (many, splits), (queries, width) = (len(parts), len(parts) // y.shape[0]), arrays.x.shape[1:]
    x_sums, in_rows = x.new_zeros(x.shape[0], queries, width), isinstance(arrays.form, Inner | Step)
    y_sums = x.new_zeros(many, *(y.shape[1:] if in_rows else arrays.y.shape[1:]))
    value_sums, weight_sums = x.new_zeros(many, *value.shape[1:]), x.new_zeros(many, width)
    centre_sums = x.new_zeros(0 if centre is None else x.shape[0], queries)
    slopes = Slopes(
        out=above.numpy(),
        contexts=saved.out.numpy(),
        tops=saved.tops.numpy(),
        scales=saved.scales.numpy(),
        scores=saved.scores.numpy(),
        tilts=(x.new_empty(0, 0, 2) if tilts is None else tilts).contiguous().numpy(),
        keys=y.contiguous().numpy() if isinstance(arrays.form, Inner) else arrays.y,
        values=arrays.value if isinstance(arrays.form, Step) else _padded(value.transpose(1, 2)).contiguous().numpy(),
    )
    sums = Sums(*(each.numpy() for each in (x_sums, y_sums, value_sums, weight_sums, centre_sums)))
    work, tiles = Work(parts.numpy(), members.numpy()), x.shape[0] * -(-queries // ROWS)
    worth = -(-many * _tiles_worth(given) // tiles)
    share_out(lambda first, last: backward(arrays, slopes, sums, work, first, last), many, worth)
    y_sums, value_sums = (_added(each, splits) for each in (y_sums, value_sums))
    if weight is None:
        return x_sums, y_sums.contiguous(), value_sums.contiguous(), x.new_empty(0), centre_sums
    scale, channels = 4.0 * weight, weight.shape[0]
    y_sums = y_sums if in_rows else y_sums.transpose(1, 2)[:, : y.shape[1]]
    x_slopes, y_slopes = (each[..., :channels].mul_(scale) for each in (x_sums, y_sums))
    return (
        x_slopes.contiguous(),
        y_slopes.contiguous(),
        value_sums.contiguous(),
        -2.0 * weight_sums[:, :channels].sum(0),
        centre_sums,
    )


def _saved(given: Given, *, keep_scores: bool = False) -> Kept:
    """Room for what the forward pass writes; zeros where there is nothing to look at."""
    x, shape = given.x, given.x.shape[:2]
    make = x.new_zeros if given.empty else x.new_empty
    scores = make(*shape, given.y.shape[1]) if keep_scores else make(0, 0, 0)
    return Kept(make(*shape, given.value.shape[2]), make(shape), make(shape), scores)


def _run(arrays: Arrays, given: Given, saved: Kept, cuts: Tensor, notes: Notes | None) -> None:
    """The forward pass, shared out."""
    written, stretches = Written(*(each.numpy() for each in saved)), max(1, len(cuts) - 1)
    pieces, rows, borders = given.x.shape[0] * (len(cuts) - 1), -(-given.x.shape[1] // stretches), cuts.numpy()
    worth = -(-_tiles_worth(given) * ROWS // max(ROWS, rows))
    share_out(lambda first, last: forward(arrays, borders, first, last, written, notes), pieces, worth)


def _cuts(queries: int, blocks: int) -> tuple[Int[Tensor, " cuts"], Int[Tensor, " stretches"]]:
    """Where stretches of queries begin, and the end; and in which block each lies, if blocks are asked for."""
    if blocks == 0:
        return torch.tensor([*range(0, queries, ROWS), queries]), torch.zeros(-(-queries // ROWS), dtype=torch.long)
    borders = edges(queries, blocks)
    starts = [
        (first, block) for block in range(blocks) for first in range(borders[block], borders[block + 1], _STRETCH)
    ]
    cuts = torch.tensor([*(first for first, _ in starts), queries])
    return cuts, torch.tensor([block for _, block in starts], dtype=torch.long)


def _padded(transposed: Float[Tensor, "G F S"]) -> Float[Tensor, "G F s"]:
    """Keys along the last axis, padded to whole vectors."""
    missing = -transposed.shape[2] % LANES
    return pad(transposed, (0, missing)) if missing else transposed


def _added(sums: Float[Tensor, "P I J"], splits: int) -> Float[Tensor, "G I J"]:
    """The sums of each group, which lie in so many parts; added up in place, since they are large."""
    parts = sums.view(len(sums) // splits, splits, *sums.shape[1:])
    total = parts[:, 0]
    for split in range(1, splits):
        total += parts[:, split]
    return total


def _arrays(given: Given) -> Arrays:
    """The problem as loops take it, the tanh form's features factored where they lie close enough together."""
    x, y, weight = given.x, given.y, given.weight
    if weight is None:
        form, weight, y = Inner, x.new_empty(0), _padded(y.transpose(1, 2))
    elif x.shape[1] <= _FEW:
        form = Step
    else:
        y = _padded(y.transpose(1, 2))
        missing = -weight.shape[0] % 4
        if missing:
            x, y, weight = pad(x, (0, missing)), pad(y, (0, 0, 0, missing)), pad(weight, (0, missing))
        form, x, y = _factored(x, y)
    keep = torch.empty(0, 1, 1, dtype=torch.bool) if given.keep is None else given.keep
    centre = x.new_empty(0, 1) if given.centre is None else given.centre
    return Arrays(
        form(weight.contiguous().numpy()),
        *(each.contiguous().numpy() for each in (x, y, given.value, given.start, given.stop, keep.view(torch.uint8))),
        *(each.contiguous().numpy() for each in (given.keep_of, given.group, centre)),
        sharpness=np.float32(0.5 / given.deviation**2),
    )


def _factored(x: Float[Tensor, "N T F"], y: Float[Tensor, "G F S"]) -> tuple[type, Tensor, Tensor]:
    """``e^(2x)`` and ``e^(2y)``, or the features themselves where those would not be numbers.

    Taking a constant from a channel of x and adding it to y's leaves ``x + y`` as it is, so channels can be centred.
    """
    if _is_near(x) and _is_near(y):
        return Factored, (x * 2).exp_(), torch.mul(y, 2, out=y.new_empty(y.shape)).exp_()
    x_low, x_high = torch.aminmax(x.reshape(-1, x.shape[2]), dim=0)
    y_low, y_high = y.amin((0, 2)), y.amax((0, 2))
    middle = (x_low + x_high + y_low + y_high) / 4
    spread = torch.maximum(x_high - x_low, y_high - y_low) / 2
    if not bool(((middle.abs() + spread) <= _FURTHEST).all()):
        return Direct, x, y
    shift = (x_low + x_high - y_low - y_high) / 4
    return Factored, ((x - shift) * 2).exp_(), ((y + shift.unsqueeze(-1)) * 2).exp_()


def _is_near(features: Tensor) -> bool:
    """Whether e to the power of features are numbers."""
    if features.numel() == 0:
        return True
    low, high = torch.aminmax(features)
    return bool(low >= -_FURTHEST) and bool(high <= _FURTHEST)


def _parts(group: Tensor, groups: int, queries: int) -> tuple[Tensor, Tensor]:
    """The parts of the backward pass and the rows by group (see `Work`), enough parts of each group for all threads."""
    threads = torch.get_num_threads()
    splits = threads // gcd(groups, threads) if groups < 4 * threads else 1
    counts = torch.bincount(group, minlength=groups)
    place = counts.cumsum(0) - counts
    tiles = counts * -(-queries // ROWS)
    split = torch.arange(splits).repeat(groups)
    place, tiles = place.repeat_interleave(splits), tiles.repeat_interleave(splits)
    parts = torch.stack([place, split, tiles, torch.full_like(split, splits)], dim=1)
    return parts, torch.argsort(group, stable=True)


def _tiles_worth(given: Given) -> int:
    """How many tiles of queries make a thread's waking worth while."""
    return max(1, _WORTH // max(1, min(ROWS, given.x.shape[1]) * given.y.shape[1] * given.x.shape[2]))
