"""From tensors to compiled loops and back: prepares arrays, splits the work among threads, puts gradients together."""

import functools
from math import gcd

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from heedful.kernel.cpu import nonfinite
from heedful.kernel.cpu.backward import BackwardInputs, GradSums, Work, backward
from heedful.kernel.cpu.forms import Direct, Factored, Inner, Step
from heedful.kernel.cpu.forward import Outputs, forward
from heedful.kernel.cpu.micro import LANES
from heedful.kernel.cpu.pool import parallel_for
from heedful.kernel.cpu.stats import StatsBuffers
from heedful.kernel.cpu.tiles import ROWS, Arrays
from heedful.kernel.form import FACTORABLE
from heedful.kernel.inputs import KernelInputs, SavedForBackward
from heedful.kernel.stats import KernelStats, KernelStatsRequest, block_edges, lse_and_entropy, weights_of_scores

_STEP_QUERIES = 2
"""Queries up to which the keys are read as they lie: each number of them is used too seldom to repay preparing it."""
_GRAIN = 1 << 17
"""Products that a thread is worth waking for."""
_CHUNK_QUERIES = 256
"""The most queries whose mass is summed in one buffer."""


def attend(inputs: KernelInputs, *, keep_scores: bool) -> SavedForBackward:
    """Contexts, and what the backward pass computes the weights from again."""
    saved = _attend(inputs, keep_scores=keep_scores)
    return saved if nonfinite.all_finite(saved.output) else nonfinite.attend(inputs, _attend)


def _attend(inputs: KernelInputs, *, keep_scores: bool = False) -> SavedForBackward:
    """The same for finite numbers."""
    saved = _empty_outputs(inputs, keep_scores=keep_scores)
    if not inputs.empty:
        arrays = _arrays(inputs)
        _run_forward(arrays, inputs, saved, _chunks(inputs.x.shape[1], 0)[0], None)
    return saved


def survey(inputs: KernelInputs, request: KernelStatsRequest) -> tuple[SavedForBackward, KernelStats]:
    """The same as `attend`, and the statistics requested of the weights."""
    saved, (rows, queries) = _empty_outputs(inputs), inputs.x.shape[:2]
    chunk_starts, chunk_block = _chunks(queries, request.rows)
    moments = inputs.x.new_zeros(rows, queries)
    best = torch.full((rows, queries, request.best), -1)
    best_weights = inputs.x.new_zeros(best.shape)
    drawn = torch.full((rows, queries if request.seed >= 0 else 0), -1)
    mass = inputs.x.new_zeros(rows if request.rows else 0, len(chunk_starts) - 1, request.columns)
    if not inputs.empty:
        edges = torch.tensor(block_edges(inputs.y.shape[1], request.columns))
        # The loops tell by rows of `drawn` whether there is a draw; the result is told by its columns.
        buffers = (moments, best_weights, best, drawn if request.seed >= 0 else drawn.new_empty(0, 0), mass, edges)
        arrays = _arrays(inputs)
        stats = StatsBuffers(
            *(each.numpy() for each in buffers), seed=np.uint64(max(0, request.seed)), gated=request.gated
        )
        _run_forward(arrays, inputs, saved, chunk_starts, stats)
        # Only the contexts are computed again: the statistics of a row are of that row alone, and NaN where it saw one.
        if not nonfinite.all_finite(saved.output):
            saved = saved._replace(output=nonfinite.attend(inputs, _attend).output)
        # The loops have written scores here.
        best_weights = torch.where(best >= 0, weights_of_scores(best_weights, saved.row_max, saved.row_scale), 0.0)
    lse, entropy = lse_and_entropy(saved.row_max, saved.row_scale, moments)
    # A block of the grid is summed in several chunks: add these, and divide by the block's queries for the mean.
    counts = torch.bincount(chunk_block, weights=chunk_starts.diff().double(), minlength=request.rows)
    counts = counts.clamp_min(1).float()
    total = mass.new_zeros(rows, request.rows, request.columns)
    if request.rows:
        total = total.index_add_(1, chunk_block, mass) / counts.unsqueeze(-1)
    return saved, KernelStats(lse, entropy, best, best_weights, drawn, total)


def attend_backward(
    grad_output: Float[Tensor, "N T V"],
    saved: SavedForBackward,
    inputs: KernelInputs,
    *,
    lse_entropy_grads: Float[Tensor, "N T 2"] | None,
) -> tuple[Tensor, ...]:
    """Gradients of x, y, value, weight and centre; the last two are empty where the input is None.

    `lse_entropy_grads` are coefficients of `operators.lse_entropy_grads`.
    """
    if nonfinite.all_finite(saved.output):
        return _attend_backward(grad_output, saved, inputs, lse_entropy_grads=lse_entropy_grads)
    compute = functools.partial(_attend_backward, lse_entropy_grads=lse_entropy_grads)
    return nonfinite.attend_backward(grad_output, inputs, compute, forward=_attend)


def _attend_backward(
    grad_output: Float[Tensor, "N T V"],
    saved: SavedForBackward,
    inputs: KernelInputs,
    *,
    lse_entropy_grads: Float[Tensor, "N T 2"] | None,
) -> tuple[Tensor, ...]:
    """The same for finite numbers."""
    x, y, value, weight, centre = inputs.x, inputs.y, inputs.value, inputs.weight, inputs.centre
    if inputs.empty:
        none = x.new_empty(0)
        return tuple(torch.zeros_like(none if each is None else each) for each in (x, y, value, weight, centre))
    arrays, grad_output = _arrays(inputs), grad_output.contiguous()
    parts, members = _parts(inputs.group, y.shape[0], x.shape[1])
    (n_parts, splits), (queries, width) = (len(parts), len(parts) // y.shape[0]), arrays.x.shape[1:]
    # The inner form multiplies dS with rows of keys, where the forward pass multiplied with their columns; the step
    # form has rows in both. The tanh form adds along keys, and so keeps its gradients transposed as the keys are.
    x_sums, in_rows = x.new_zeros(x.shape[0], queries, width), isinstance(arrays.form, Inner | Step)
    y_sums = x.new_zeros(n_parts, *(y.shape[1:] if in_rows else arrays.y.shape[1:]))
    value_sums, weight_sums = x.new_zeros(n_parts, *value.shape[1:]), x.new_zeros(n_parts, width)
    centre_sums = x.new_zeros(0 if centre is None else x.shape[0], queries)
    upstream = BackwardInputs(
        grad_output=grad_output.numpy(),
        output=saved.output.numpy(),
        row_max=saved.row_max.numpy(),
        row_scale=saved.row_scale.numpy(),
        scores=saved.scores.numpy(),
        lse_entropy_grads=(
            x.new_empty(0, 0, 2) if lse_entropy_grads is None else lse_entropy_grads.contiguous()
        ).numpy(),
        keys=y.contiguous().numpy() if isinstance(arrays.form, Inner) else arrays.y,
        values=arrays.value if isinstance(arrays.form, Step) else _padded(value.transpose(1, 2)).contiguous().numpy(),
    )
    sums = GradSums(*(each.numpy() for each in (x_sums, y_sums, value_sums, weight_sums, centre_sums)))
    work, tiles = Work(parts.numpy(), members.numpy()), x.shape[0] * -(-queries // ROWS)
    # The grain is counted in tiles; here a piece is a part, which holds several.
    grain = -(-n_parts * _grain_in_tiles(inputs) // tiles)
    parallel_for(lambda first, last: backward(arrays, upstream, sums, work, first, last), n_parts, grain)
    y_sums, value_sums = (_sum_parts(each, splits) for each in (y_sums, value_sums))
    if weight is None:
        return x_sums, y_sums.contiguous(), value_sums.contiguous(), x.new_empty(0), centre_sums
    # The factors that the loops left out (see `factored_gradients`), and the padding of the channels cut off.
    scale, channels = 4.0 * weight, weight.shape[0]
    y_sums = y_sums if in_rows else y_sums.transpose(1, 2)[:, : y.shape[1]]
    x_grad, y_grad = (each[..., :channels].mul_(scale) for each in (x_sums, y_sums))
    return (
        x_grad.contiguous(),
        y_grad.contiguous(),
        value_sums.contiguous(),
        -2.0 * weight_sums[:, :channels].sum(0),
        centre_sums,
    )


def _empty_outputs(inputs: KernelInputs, *, keep_scores: bool = False) -> SavedForBackward:
    """Room for what the forward pass writes; zeros where there are no queries or keys, since it then does not run."""
    x, shape = inputs.x, inputs.x.shape[:2]
    make = x.new_zeros if inputs.empty else x.new_empty
    scores = make(*shape, inputs.y.shape[1]) if keep_scores else make(0, 0, 0)
    return SavedForBackward(make(*shape, inputs.value.shape[2]), make(shape), make(shape), scores)


def _run_forward(
    arrays: Arrays, inputs: KernelInputs, saved: SavedForBackward, chunk_starts: Tensor, stats: StatsBuffers | None
) -> None:
    """The forward pass, split among threads."""
    outputs, chunks = Outputs(*(each.numpy() for each in saved)), max(1, len(chunk_starts) - 1)
    pieces, rows = inputs.x.shape[0] * (len(chunk_starts) - 1), -(-inputs.x.shape[1] // chunks)
    starts = chunk_starts.numpy()
    # The grain is counted in tiles of ROWS queries; a chunk may hold more.
    grain = -(-_grain_in_tiles(inputs) * ROWS // max(ROWS, rows))
    parallel_for(lambda first, last: forward(arrays, starts, first, last, outputs, stats), pieces, grain)


def _chunks(queries: int, blocks: int) -> tuple[Int[Tensor, " starts"], Int[Tensor, " chunks"]]:
    """Where chunks of queries begin, and the end; and in which block of the grid each lies, if there is a grid."""
    if blocks == 0:
        return torch.tensor([*range(0, queries, ROWS), queries]), torch.zeros(-(-queries // ROWS), dtype=torch.long)
    # No chunk crosses the edge of a block, since each has one buffer of mass; long blocks are cut so that threads
    # share.
    edges = block_edges(queries, blocks)
    starts = [
        (first, block) for block in range(blocks) for first in range(edges[block], edges[block + 1], _CHUNK_QUERIES)
    ]
    chunk_starts = torch.tensor([*(first for first, _ in starts), queries])
    return chunk_starts, torch.tensor([block for _, block in starts], dtype=torch.long)


def _padded(transposed: Float[Tensor, "G F S"]) -> Float[Tensor, "G F s"]:
    """Keys along the last axis, padded to whole vectors."""
    missing = -transposed.shape[2] % LANES
    return pad(transposed, (0, missing)) if missing else transposed


def _sum_parts(sums: Float[Tensor, "P I J"], splits: int) -> Float[Tensor, "G I J"]:
    """The sums of each group, which lie in `splits` parts."""
    parts = sums.view(len(sums) // splits, splits, *sums.shape[1:])
    total = parts[:, 0]
    # In place and not by sum(1), which would allocate once more what may be the largest tensor of the pass.
    for split in range(1, splits):
        total += parts[:, split]
    return total


def _arrays(inputs: KernelInputs) -> Arrays:
    """The problem as loops take it, the tanh form's features factored where they lie close enough together."""
    x, y, weight = inputs.x, inputs.y, inputs.weight
    if weight is None:
        form, weight, y = Inner, x.new_empty(0), _padded(y.transpose(1, 2))
    elif x.shape[1] <= _STEP_QUERIES:
        form = Step
    else:
        y = _padded(y.transpose(1, 2))
        # Loops take channels by fours. Padded channels have weight 0, so they add nothing.
        missing = -weight.shape[0] % 4
        if missing:
            x, y, weight = pad(x, (0, missing)), pad(y, (0, 0, 0, missing)), pad(weight, (0, missing))
        form, x, y = _factored(x, y)
    keep = torch.empty(0, 1, 1, dtype=torch.bool) if inputs.keep is None else inputs.keep
    centre = x.new_empty(0, 1) if inputs.centre is None else inputs.centre
    return Arrays(
        form(weight.contiguous().numpy()),
        *(
            each.contiguous().numpy()
            for each in (x, y, inputs.value, inputs.start, inputs.stop, keep.view(torch.uint8))
        ),
        *(each.contiguous().numpy() for each in (inputs.keep_index, inputs.group, centre)),
        sharpness=np.float32(0.5 / inputs.deviation**2),
    )


def _factored(x: Float[Tensor, "N T F"], y: Float[Tensor, "G F S"]) -> tuple[type, Tensor, Tensor]:
    """``e^(2x)`` and ``e^(2y)``, or the features themselves where those would overflow.

    ``(x - m) + (y + m) = x + y``, so each channel may be shifted until its queries and its keys have the same middle.
    """
    # Almost every trained model passes here, without a shift, which would round the features once more.
    if _is_factorable(x) and _is_factorable(y):
        # `out` gives a contiguous result although y is a transposed view, in one pass over it.
        return Factored, (x * 2).exp_(), torch.mul(y, 2, out=y.new_empty(y.shape)).exp_()
    x_low, x_high = torch.aminmax(x.reshape(-1, x.shape[2]), dim=0)
    y_low, y_high = y.amin((0, 2)), y.amax((0, 2))
    middle = (x_low + x_high + y_low + y_high) / 4
    half_range = torch.maximum(x_high - x_low, y_high - y_low) / 2
    # A NaN makes the comparison false, and the direct loops pass it on.
    if not bool(((middle.abs() + half_range) <= FACTORABLE).all()):
        return Direct, x, y
    shift = (x_low + x_high - y_low - y_high) / 4
    return Factored, ((x - shift) * 2).exp_(), ((y + shift.unsqueeze(-1)) * 2).exp_()


def _is_factorable(features: Tensor) -> bool:
    """Whether e to twice each feature is a float32 number with room to spare."""
    if features.numel() == 0:
        return True
    low, high = torch.aminmax(features)
    return bool(low >= -FACTORABLE) and bool(high <= FACTORABLE)


def _parts(group: Tensor, groups: int, queries: int) -> tuple[Tensor, Tensor]:
    """The parts of the backward pass and the rows by group (see `Work`), enough parts of each group for all threads."""
    threads = torch.get_num_threads()
    # With few groups each is split; the least split that lets `threads` divide the number of parts, because each part
    # has sums of its own to hold and to add up.
    splits = threads // gcd(groups, threads) if groups < 4 * threads else 1
    counts = torch.bincount(group, minlength=groups)
    first_member = counts.cumsum(0) - counts
    tiles = counts * -(-queries // ROWS)
    split = torch.arange(splits).repeat(groups)
    first_member, tiles = first_member.repeat_interleave(splits), tiles.repeat_interleave(splits)
    # Part `split` takes every `splits`-th tile from there on: in a causal region later tiles hold more work, and
    # taking them in turn shares it evenly.
    parts = torch.stack([first_member, split, tiles, torch.full_like(split, splits)], dim=1)
    return parts, torch.argsort(group, stable=True)


def _grain_in_tiles(inputs: KernelInputs) -> int:
    """The number of tiles of queries that a thread is worth waking for."""
    return max(1, _GRAIN // max(1, min(ROWS, inputs.x.shape[1]) * inputs.y.shape[1] * inputs.x.shape[2]))
