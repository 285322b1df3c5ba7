"""From tensors to kernels and back: prepares tensors, starts kernels, puts gradients together."""
# pyright: reportMissingImports=false

import torch
import triton
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import pad

from heedful.kernel.form import FACTORABLE
from heedful.kernel.gpu.backward import BackwardInputs, KeyGrads, QueryGrads, Work, by_keys, by_queries
from heedful.kernel.gpu.forward import Outputs, forward
from heedful.kernel.gpu.stats import StatsBuffers
from heedful.kernel.gpu.tiles import Arrays, Tiles, tiles_of
from heedful.kernel.inputs import KernelInputs, SavedForBackward
from heedful.kernel.stats import KernelStats, KernelStatsRequest, block_index, lse_and_entropy, weights_of_scores

_LARGE_BLOCK = 2048
"""Pairs in a block from which on eight warps share it: four would spill its numbers from registers."""
_PROGRAMS = 256
"""Programs that keep a GPU busy: where keys are so few that there are less, queries are split too."""


def attend(inputs: KernelInputs, *, keep_scores: bool = False) -> SavedForBackward:
    """Contexts, and what the backward pass computes the weights from again.

    Scores are not kept: a GPU computes them again faster than it reads them. The argument is there for the operators,
    which both fused engines share.
    """
    return _forward(inputs, None, tiles_of(inputs))


def survey(inputs: KernelInputs, request: KernelStatsRequest) -> tuple[SavedForBackward, KernelStats]:
    """The same, and the statistics requested of the weights."""
    (rows, queries), depth = inputs.x.shape[:2], inputs.value.shape[2]
    tiles = tiles_of(inputs, request.best)
    stats, value = _stats_buffers(inputs, request, tiles), inputs.value
    # The mass on a block of keys is a weighted sum of "lies in this block": as further columns of the values it comes
    # with the contexts, through matrix units.
    if request.rows and request.columns:
        cells = _one_hot_blocks(inputs.y.shape[1], request.columns, value).to(value.dtype)
        value = torch.cat([value, cells.expand(value.shape[0], -1, -1)], dim=-1)
    extended = inputs._replace(value=value)
    saved = _forward(extended, stats, tiles_of(extended, request.best))
    lse, entropy = lse_and_entropy(saved.row_max, saved.row_scale, stats.moments)
    best, best_weights = _sorted_best(stats, saved, request.best)
    mass = saved.output.new_zeros(rows, request.rows, request.columns)
    if request.rows and request.columns:
        blocks = _one_hot_blocks(queries, request.rows, value).float()
        mass = (blocks / blocks.sum(0).clamp_min(1.0)).T @ saved.output[..., depth:]
        saved = saved._replace(output=saved.output[..., :depth].contiguous())
    drawn = best.new_empty(rows, 0) if stats.drawn is None else stats.drawn.long()
    return saved, KernelStats(lse, entropy, best, best_weights, drawn, mass)


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
    if inputs.empty or (inputs.value.shape[2] == 0 and lse_entropy_grads is None):
        none = saved.output.new_empty(0)
        likes = (inputs.x, inputs.y, inputs.value, inputs.weight, inputs.centre)
        return tuple(torch.zeros_like(none if like is None else like) for like in likes)
    arrays, tiles = _arrays(inputs), tiles_of(inputs)
    upstream = BackwardInputs(
        grad_output=grad_output.to(inputs.value.dtype).contiguous() if inputs.value.shape[2] else None,
        delta=(grad_output * saved.output).sum(-1),
        lse_entropy_grads=None if lse_entropy_grads is None else lse_entropy_grads.contiguous(),
        row_max=saved.row_max,
        row_scale=saved.row_scale,
    )
    # Triton launches on the current device, which need not be the tensors'.
    with torch.cuda.device_of(grad_output):
        x, centre = _query_grads(inputs, arrays, upstream, tiles)
        y, value, weight = _key_grads(inputs, arrays, upstream, tiles)
    if inputs.weight is not None:
        # The factor that the kernels left out (see `additive_gradients`), and the padding of the channels cut off.
        scale, channels = 4.0 * inputs.weight, inputs.weight.shape[0]
        x, y = (each[:, :channels].transpose(1, 2) * scale for each in (x, y))
        weight = weight[:channels]
    return (
        x.to(inputs.x.dtype).contiguous(),
        y.to(inputs.y.dtype).contiguous(),
        value.to(inputs.value.dtype),
        weight,
        centre,
    )


def _forward(inputs: KernelInputs, stats: StatsBuffers | None, tiles: Tiles) -> SavedForBackward:
    """The forward pass."""
    x, depth = inputs.x, inputs.value.shape[2]
    shapes = (*x.shape[:2], depth), x.shape[:2], x.shape[:2], (0, 0, 0)
    saved = SavedForBackward(*(x.new_empty(shape, dtype=torch.float32) for shape in shapes))
    if inputs.empty or (depth == 0 and stats is None):
        return SavedForBackward(*(each.zero_() for each in saved))
    outputs = Outputs(saved.output if depth else None, saved.row_max, saved.row_scale)
    grid = x.shape[0] * triton.cdiv(x.shape[1], tiles.rows), max(1, triton.cdiv(depth, tiles.depth))
    with torch.cuda.device_of(x):
        forward[grid](_arrays(inputs), outputs, stats, tiles, **_options(tiles))
    return saved


def _stats_buffers(inputs: KernelInputs, request: KernelStatsRequest, tiles: Tiles) -> StatsBuffers:
    """Room for what is requested, filled as for rows that see no key: with no keys at all no kernel runs."""
    x, shape = inputs.x, inputs.x.shape[:2]
    best = (*shape, tiles.best)
    return StatsBuffers(
        moments=x.new_zeros(shape, dtype=torch.float32),
        best_scores=x.new_zeros(best, dtype=torch.float32) if request.best else None,
        best=x.new_full(best, -1, dtype=torch.int32) if request.best else None,
        centre=inputs.centre if request.gated else None,
        drawn=x.new_full(shape, -1, dtype=torch.int32) if request.seed >= 0 else None,
        seed=x.new_full((1,), request.seed, dtype=torch.long),
    )


def _sorted_best(
    stats: StatsBuffers, saved: SavedForBackward, count: int
) -> tuple[Int[Tensor, "N T k"], Float[Tensor, "N T k"]]:
    """The best keys in descending order and their weights; -1 and 0 where there are fewer."""
    if stats.best is None:
        none = (*saved.row_max.shape, 0)
        return saved.row_max.new_empty(none, dtype=torch.long), saved.row_max.new_empty(none)
    # By key first, and then stably by score: of equal scores the first key comes first.
    keys, slots = stats.best.long().sort(dim=-1)
    scores, order = stats.best_scores.gather(-1, slots).sort(dim=-1, descending=True, stable=True)
    keys = keys.gather(-1, order)[..., :count].clamp_min(-1)
    weights = weights_of_scores(scores[..., :count], saved.row_max, saved.row_scale)
    return keys, torch.where(keys >= 0, weights, 0.0)


def _query_grads(inputs: KernelInputs, arrays: Arrays, upstream: BackwardInputs, tiles: Tiles) -> tuple[Tensor, Tensor]:
    """Gradients by query: of x as it lies in `arrays`, and of the centre."""
    like, (rows, queries) = upstream.row_max, inputs.x.shape[:2]
    x = torch.zeros_like(arrays.x) if tiles.tanh else torch.empty_like(arrays.x, dtype=torch.float32)
    centre = None if inputs.centre is None else torch.empty_like(like)
    parts = 1 if tiles.tanh else max(1, triton.cdiv(inputs.x.shape[2], tiles.features))
    grid = rows * triton.cdiv(queries, tiles.rows), parts
    by_queries[grid](arrays, upstream, QueryGrads(x, centre), tiles, **_options(tiles))
    return x, like.new_empty(0) if centre is None else centre


def _key_grads(
    inputs: KernelInputs, arrays: Arrays, upstream: BackwardInputs, tiles: Tiles
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients by key: of y as it lies in `arrays`, of the values; and of the weight."""
    like, (groups, keys) = upstream.row_max, inputs.y.shape[:2]
    blocks = triton.cdiv(keys, tiles.keys)
    parts = min(triton.cdiv(_PROGRAMS, groups * blocks), triton.cdiv(inputs.x.shape[1], tiles.rows))
    shape = (parts, *arrays.y.shape)
    grads = KeyGrads(
        y=like.new_zeros(shape) if tiles.tanh else like.new_empty(shape),
        value=like.new_empty(parts, *inputs.value.shape),
        weight=like.new_zeros(shape) if tiles.tanh else None,
    )
    columns = max(1, triton.cdiv(inputs.value.shape[2], tiles.depth))
    columns = columns if tiles.tanh else max(columns, triton.cdiv(inputs.x.shape[2], tiles.features))
    grid = parts * groups * blocks, columns
    by_keys[grid](arrays, upstream, grads, _work(inputs, tiles), parts, tiles, **_options(tiles))
    weight = like.new_empty(0) if grads.weight is None else grads.weight.sum((0, 1, 3))
    return grads.y.sum(0), grads.value.sum(0), weight


def _options(tiles: Tiles) -> dict[str, int]:
    """How many warps share a block, and how many blocks are loaded ahead."""
    return {"num_warps": 8 if tiles.rows * tiles.keys >= _LARGE_BLOCK else 4, "num_stages": 2}


def _arrays(inputs: KernelInputs) -> Arrays:
    """The problem as kernels take it."""
    x, y, weight, keep, direct = inputs.x, inputs.y, inputs.weight, inputs.keep, None
    if weight is not None:
        # Kernels take channels by fours. Padded channels have weight 0.
        missing = -weight.shape[0] % 4
        x, y, direct = _factored(pad(x.float(), (0, missing)), pad(y.float(), (0, missing)))
        weight = pad(weight, (0, missing))
    return Arrays(
        x=x.contiguous(),
        y=y.contiguous(),
        value=inputs.value.contiguous(),
        weight=weight,
        direct=direct,
        start=inputs.start.contiguous(),
        stop=inputs.stop.contiguous(),
        keep=None if keep is None else keep.contiguous().view(torch.uint8),
        keep_index=inputs.keep_index.contiguous(),
        group=inputs.group.contiguous(),
        finite=_finite_keys(inputs).view(torch.uint8),
        centre=None if inputs.centre is None else inputs.centre.contiguous(),
        sharpness=0.5 / inputs.deviation**2,
        queries=inputs.x.shape[1],
        keys=inputs.y.shape[1],
        features=inputs.x.shape[2] if weight is None else weight.shape[0],
        depth=inputs.value.shape[2],
        keep_rows=1 if keep is None else keep.shape[1],
    )


def _one_hot_blocks(length: int, blocks: int, like: Tensor) -> Bool[Tensor, "length blocks"]:
    """Whether a position of a length lies in a block."""
    # torch.nn.functional.one_hot checks its input, and waits for the device to do so.
    return block_index(length, blocks, like.device).unsqueeze(-1) == torch.arange(blocks, device=like.device)


def _finite_keys(inputs: KernelInputs) -> Bool[Tensor, "G S"]:
    """Which keys hold finite numbers only."""
    # An infinite feature is no fault in the tanh form: tanh of it is 1.
    features = inputs.y.isfinite() if inputs.weight is None else ~inputs.y.isnan()
    return features.all(-1) & inputs.value.isfinite().all(-1)


def _factored(x: Float[Tensor, "N T F"], y: Float[Tensor, "G S F"]) -> tuple[Tensor, Tensor, Tensor]:
    """``e^(2x)`` and ``e^(2y)``, or the features themselves where those would overflow; and which of the two.

    ``(x - m) + (y + m) = x + y``, so each channel may be shifted until its queries and its keys have the same middle.
    Shapes: returns [N, F, T], [G, F, S] and [1].
    """
    # Every decision is a torch.where on the device: an `if` on a tensor would make the host wait for it. So both
    # results are computed, which are small beside the T S F terms that follow.
    x, y = x.transpose(1, 2), y.transpose(1, 2)
    if x.shape[1] == 0:
        return x, y, torch.zeros(1, dtype=torch.int32, device=x.device)
    (x_low, x_high), (y_low, y_high) = ((each.amin((0, 2)), each.amax((0, 2))) for each in (x, y))
    ends = torch.stack([x_low, x_high, y_low, y_high])
    middle = ends.sum(0) / 4
    half_range = torch.maximum(x_high - x_low, y_high - y_low) / 2
    unshifted = (ends.abs() <= FACTORABLE).all()
    factorable = unshifted | (middle.abs() + half_range <= FACTORABLE).all()
    shift = torch.where(unshifted, 0.0, (x_low + x_high - y_low - y_high) / 4).unsqueeze(-1)
    queries = torch.where(factorable, ((x - shift) * 2).exp(), x)
    return queries, torch.where(factorable, ((y + shift) * 2).exp(), y), (~factorable).to(torch.int32).reshape(1)


def _work(inputs: KernelInputs, tiles: Tiles) -> Work:
    """Which rows share keys, and for each block of keys the blocks of queries that may see it, in O(T + S)."""
    members = torch.argsort(inputs.group, stable=True)
    group = torch.arange(inputs.y.shape[0] + 1, device=members.device)
    low, high = _key_ranges(inputs, tiles.rows)
    edges = torch.arange(0, inputs.y.shape[1], tiles.keys, dtype=torch.int32, device=low.device)
    edges = edges.expand(low.shape[0], -1).contiguous()
    # Ranges need not be sorted, but running maxima and minima are, and can be searched: no block of queries before
    # `first` sees a key from the edge on, and none from `last` on sees one before the next edge.
    so_far, from_here = high.cummax(1).values, low.flip(1).cummin(1).values.flip(1)
    return Work(
        members=members,
        group_start=torch.searchsorted(inputs.group[members], group),
        low=low,
        high=high,
        first=torch.searchsorted(so_far, edges, right=True),
        last=torch.searchsorted(from_here, edges + tiles.keys),
    )


def _key_ranges(inputs: KernelInputs, rows: int) -> tuple[Int[Tensor, "N b"], Int[Tensor, "N b"]]:
    """For each block of queries the first key that one of them sees, and the key after the last."""
    queries, keys = inputs.x.shape[1], inputs.y.shape[1]
    # Queries that see nothing, and the padding of the last block, must not widen the range.
    sees = inputs.stop > inputs.start
    low, high = torch.where(sees, inputs.start, keys), torch.where(sees, inputs.stop, 0)
    missing = -queries % rows
    low, high = pad(low, (0, missing), value=keys), pad(high, (0, missing))
    return low.unflatten(1, (-1, rows)).amin(2), high.unflatten(1, (-1, rows)).amax(2)
