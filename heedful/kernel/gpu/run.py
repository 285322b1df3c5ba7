"""From tensors to kernels and back: a problem prepared, kernels started, gradients put together."""
# pyright: reportMissingImports=false

import torch
import triton
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import pad

from heedful.kernel.asked import Asked, Noted, sums_and_entropies, weights_of_best
from heedful.kernel.given import Given, Saved
from heedful.kernel.gpu.backward import KeySums, QuerySums, Slopes, Work, by_keys, by_queries
from heedful.kernel.gpu.forward import forward
from heedful.kernel.gpu.notes import Notes
from heedful.kernel.gpu.tiles import Arrays, Tiles, tiles_of
from heedful.kernel.survey import owners

_FURTHEST = 40.0
"""Features within this are factored: ``e^(2 * 40)`` and its inverse are float32 numbers with room to spare."""
_LARGE = 2048
"""Pairs in a block from which on eight warps share it: fewer would have to keep its numbers in memory."""
_PROGRAMS = 256
"""Programs that keep a GPU busy: where keys are so few that there are less, queries are shared out too."""


def attend(given: Given) -> Saved:
    """Contexts, and what the backward pass computes weights from again (see `Saved`)."""
    return _forward(given, None, tiles_of(given))


def survey(given: Given, asked: Asked) -> tuple[Saved, Noted]:
    """The same, and what was asked of the weights.

    The mass of blocks of keys is what a row takes of values that say in which block each key lies; so the mass comes
    with the contexts.
    """
    (rows, queries), depth = given.x.shape[:2], given.value.shape[2]
    tiles = tiles_of(given, asked.best)
    notes, value = _notes(given, asked, tiles), given.value
    if asked.rows and asked.columns:
        cells = _one_hot(given.y.shape[1], asked.columns, value).to(value.dtype)
        value = torch.cat([value, cells.expand(value.shape[0], -1, -1)], dim=-1)
    wide = given._replace(value=value)
    saved = _forward(wide, notes, tiles_of(wide, asked.best))
    log_sums, entropies = sums_and_entropies(saved.tops, saved.scales, notes.moments)
    best, best_weights = _in_order(notes, saved, asked.best)
    mass = saved.out.new_zeros(rows, asked.rows, asked.columns)
    if asked.rows and asked.columns:
        blocks = _one_hot(queries, asked.rows, value).float()
        mass = (blocks / blocks.sum(0).clamp_min(1.0)).T @ saved.out[..., depth:]
        saved = saved._replace(out=saved.out[..., :depth].contiguous())
    drawn = best.new_empty(rows, 0) if notes.drawn is None else notes.drawn.long()
    return saved, Noted(log_sums, entropies, best, best_weights, drawn, mass)


def attend_backward(
    above: Float[Tensor, "N T V"], saved: Saved, given: Given, *, tilts: Float[Tensor, "N T 2"] | None
) -> tuple[Tensor, ...]:
    """Gradients of x, y, value, weight and centre; the last two empty where there is none.

    `tilts` are what log-sum-exp and entropy bring down, as kernels take it.
    """
    if given.empty or (given.value.shape[2] == 0 and tilts is None):
        none = saved.out.new_empty(0)
        given_or_none = (given.x, given.y, given.value, given.weight, given.centre)
        return tuple(torch.zeros_like(none if each is None else each) for each in given_or_none)
    arrays, tiles = _arrays(given), tiles_of(given)
    slopes = Slopes(
        out=above.to(given.value.dtype).contiguous() if given.value.shape[2] else None,
        across=(above * saved.out).sum(-1),
        tilts=None if tilts is None else tilts.contiguous(),
        tops=saved.tops,
        scales=saved.scales,
    )
    with torch.cuda.device_of(above):
        x, centre = _of_queries(given, arrays, slopes, tiles)
        y, value, weight = _of_keys(given, arrays, slopes, tiles)
    if given.weight is not None:
        scale, channels = 4.0 * given.weight, given.weight.shape[0]
        x, y = (each[:, :channels].transpose(1, 2) * scale for each in (x, y))
        weight = weight[:channels]
    return (
        x.to(given.x.dtype).contiguous(),
        y.to(given.y.dtype).contiguous(),
        value.to(given.value.dtype),
        weight,
        centre,
    )


def _forward(given: Given, notes: Notes | None, tiles: Tiles) -> Saved:
    """The forward pass."""
    x, depth = given.x, given.value.shape[2]
    shapes = (*x.shape[:2], depth), x.shape[:2], x.shape[:2]
    saved = Saved(*(x.new_empty(shape, dtype=torch.float32) for shape in shapes))
    if given.empty or (depth == 0 and notes is None):
        return Saved(*(each.zero_() for each in saved))
    grid = x.shape[0] * triton.cdiv(x.shape[1], tiles.rows), max(1, triton.cdiv(depth, tiles.depth))
    with torch.cuda.device_of(x):
        forward[grid](_arrays(given), saved._replace(out=saved.out if depth else None), notes, tiles, **_options(tiles))
    return saved


def _notes(given: Given, asked: Asked, tiles: Tiles) -> Notes:
    """Room for what is asked; what says that nothing was seen where there is nothing to look at."""
    x, shape = given.x, given.x.shape[:2]
    best = (*shape, tiles.best)
    return Notes(
        moments=x.new_zeros(shape, dtype=torch.float32),
        best_scores=x.new_zeros(best, dtype=torch.float32) if asked.best else None,
        best=x.new_full(best, -1, dtype=torch.int32) if asked.best else None,
        centre=given.centre if asked.gated else None,
        drawn=x.new_full(shape, -1, dtype=torch.int32) if asked.seed >= 0 else None,
        seed=x.new_full((1,), asked.seed, dtype=torch.long),
    )


def _in_order(notes: Notes, saved: Saved, count: int) -> tuple[Int[Tensor, "N T k"], Float[Tensor, "N T k"]]:
    """The best keys, of which the first of equals comes first, and their weights; -1 and 0 where there are fewer."""
    if notes.best is None:
        none = (*saved.tops.shape, 0)
        return saved.tops.new_empty(none, dtype=torch.long), saved.tops.new_empty(none)
    keys, places = notes.best.long().sort(dim=-1)
    scores, order = notes.best_scores.gather(-1, places).sort(dim=-1, descending=True, stable=True)
    keys = keys.gather(-1, order)[..., :count].clamp_min(-1)
    weights = weights_of_best(scores[..., :count], saved.tops, saved.scales)
    return keys, torch.where(keys >= 0, weights, 0.0)


def _of_queries(given: Given, arrays: Arrays, slopes: Slopes, tiles: Tiles) -> tuple[Tensor, Tensor]:
    """Gradients by query: of x as it lies in `arrays`, and of the centre."""
    out, (rows, queries) = slopes.tops, given.x.shape[:2]
    x = torch.zeros_like(arrays.x) if tiles.tanh else torch.empty_like(arrays.x, dtype=torch.float32)
    centre = None if given.centre is None else torch.empty_like(out)
    parts = 1 if tiles.tanh else max(1, triton.cdiv(given.x.shape[2], tiles.features))
    grid = rows * triton.cdiv(queries, tiles.rows), parts
    by_queries[grid](arrays, slopes, QuerySums(x, centre), tiles, **_options(tiles))
    return x, out.new_empty(0) if centre is None else centre


def _of_keys(given: Given, arrays: Arrays, slopes: Slopes, tiles: Tiles) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients by key: of y as it lies in `arrays`, of the values; and of the weight."""
    out, (groups, keys) = slopes.tops, given.y.shape[:2]
    blocks = triton.cdiv(keys, tiles.keys)
    parts = min(triton.cdiv(_PROGRAMS, groups * blocks), triton.cdiv(given.x.shape[1], tiles.rows))
    shape = (parts, *arrays.y.shape)
    sums = KeySums(
        y=out.new_zeros(shape) if tiles.tanh else out.new_empty(shape),
        value=out.new_empty(parts, *given.value.shape),
        weight=out.new_zeros(shape) if tiles.tanh else None,
    )
    columns = max(1, triton.cdiv(given.value.shape[2], tiles.depth))
    columns = columns if tiles.tanh else max(columns, triton.cdiv(given.x.shape[2], tiles.features))
    grid = parts * groups * blocks, columns
    by_keys[grid](arrays, slopes, sums, _work(given, tiles), parts, tiles, **_options(tiles))
    weight = out.new_empty(0) if sums.weight is None else sums.weight.sum((0, 1, 3))
    return sums.y.sum(0), sums.value.sum(0), weight


def _options(tiles: Tiles) -> dict[str, int]:
    """How many warps share a block, and how many blocks are loaded ahead."""
    return {"num_warps": 8 if tiles.rows * tiles.keys >= _LARGE else 4, "num_stages": 2}


def _arrays(given: Given) -> Arrays:
    """The problem as kernels take it."""
    x, y, weight, keep, far = given.x, given.y, given.weight, given.keep, None
    if weight is not None:
        missing = -weight.shape[0] % 4
        x, y, far = _factored(pad(x.float(), (0, missing)), pad(y.float(), (0, missing)))
        weight = pad(weight, (0, missing))
    return Arrays(
        x=x.contiguous(),
        y=y.contiguous(),
        value=given.value.contiguous(),
        weight=weight,
        far=far,
        start=given.start.contiguous(),
        stop=given.stop.contiguous(),
        keep=None if keep is None else keep.contiguous().view(torch.uint8),
        keep_of=given.keep_of.contiguous(),
        group=given.group.contiguous(),
        sound=_sound(given).view(torch.uint8),
        centre=None if given.centre is None else given.centre.contiguous(),
        sharpness=0.5 / given.deviation**2,
        queries=given.x.shape[1],
        keys=given.y.shape[1],
        features=given.x.shape[2] if weight is None else weight.shape[0],
        depth=given.value.shape[2],
        keep_rows=1 if keep is None else keep.shape[1],
    )


def _one_hot(length: int, blocks: int, like: Tensor) -> Bool[Tensor, "length blocks"]:
    """Whether a place of a length lies in a block; torch's own would wait for the device."""
    return owners(length, blocks, like.device).unsqueeze(-1) == torch.arange(blocks, device=like.device)


def _sound(given: Given) -> Bool[Tensor, "G S"]:
    """Which keys hold but numbers; tanh of infinity is one."""
    features = given.y.isfinite() if given.weight is None else ~given.y.isnan()
    return features.all(-1) & given.value.isfinite().all(-1)


def _factored(x: Float[Tensor, "N T F"], y: Float[Tensor, "G S F"]) -> tuple[Tensor, Tensor, Tensor]:
    """``e^(2x)`` and ``e^(2y)``, or the features themselves where those would not be numbers; and which of the two.

    Taking a constant from a channel of x and adding it to y's leaves ``x + y`` as it is, so channels can be centred.
    Nothing here asks the device, so that nothing waits for it.
    Shapes: returns [N, F, T], [G, F, S] and [1].
    """
    x, y = x.transpose(1, 2), y.transpose(1, 2)
    if x.shape[1] == 0:
        return x, y, torch.zeros(1, dtype=torch.int32, device=x.device)
    (x_low, x_high), (y_low, y_high) = ((each.amin((0, 2)), each.amax((0, 2))) for each in (x, y))
    ends = torch.stack([x_low, x_high, y_low, y_high])
    middle = ends.sum(0) / 4
    spread = torch.maximum(x_high - x_low, y_high - y_low) / 2
    as_they_are = (ends.abs() <= _FURTHEST).all()
    near = as_they_are | (middle.abs() + spread <= _FURTHEST).all()
    shift = torch.where(as_they_are, 0.0, (x_low + x_high - y_low - y_high) / 4).unsqueeze(-1)
    queries = torch.where(near, ((x - shift) * 2).exp(), x)
    return queries, torch.where(near, ((y + shift) * 2).exp(), y), (~near).to(torch.int32).reshape(1)


def _work(given: Given, tiles: Tiles) -> Work:
    """Which rows share keys, and for each block of keys the blocks of queries that may see it, in O(T + S)."""
    members = torch.argsort(given.group, stable=True)
    group = torch.arange(given.y.shape[0] + 1, device=members.device)
    low, high = _reaches(given, tiles.rows)
    edges = torch.arange(0, given.y.shape[1], tiles.keys, dtype=torch.int32, device=low.device)
    edges = edges.expand(low.shape[0], -1).contiguous()
    # No block of queries before `first` sees a key from the edge on; none from `last` on sees one before the next edge.
    so_far, from_here = high.cummax(1).values, low.flip(1).cummin(1).values.flip(1)
    return Work(
        members=members,
        places=torch.searchsorted(given.group[members], group),
        low=low,
        high=high,
        first=torch.searchsorted(so_far, edges, right=True),
        last=torch.searchsorted(from_here, edges + tiles.keys),
    )


def _reaches(given: Given, rows: int) -> tuple[Int[Tensor, "N b"], Int[Tensor, "N b"]]:
    """For each block of queries the first key that one of them sees, and the key after the last."""
    queries, keys = given.x.shape[1], given.y.shape[1]
    sees = given.stop > given.start
    low, high = torch.where(sees, given.start, keys), torch.where(sees, given.stop, 0)
    missing = -queries % rows
    low, high = pad(low, (0, missing), value=keys), pad(high, (0, missing))
    return low.unflatten(1, (-1, rows)).amin(2), high.unflatten(1, (-1, rows)).amax(2)
