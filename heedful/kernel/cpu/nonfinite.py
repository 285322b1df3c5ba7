"""NaN and infinity affect the queries that can attend to them, and no others.

Tiles multiply the weights of several rows with the values at once, and 0 times NaN is NaN. So when a NaN comes out, the
problem is computed again with zeros in place of NaN and infinity, and the rows that see one are set to NaN by hand. The
common case pays one sum over the output for the check.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool
from torch import Tensor

from heedful.kernel.inputs import KernelInputs, SavedForBackward

_KEYS_AT_ONCE = 1024
"""Keys, or queries, whose visibility is worked out at once: this bounds the memory of a row's mask."""


class Cleaned(NamedTuple):
    """A problem with zeros in place of NaN and infinity, and which queries see one."""

    inputs: KernelInputs
    rows: Bool[Tensor, "N T"]


def all_finite(output: Tensor) -> bool:
    """Whether all contexts are finite, as far as their sum tells."""
    # One NaN or infinity makes the sum so, and a sum is faster than isfinite().all(), which writes a tensor of
    # booleans. Finite numbers whose sum overflows cost a second computation, and no error.
    return bool(output.sum().isfinite())


def attend(inputs: KernelInputs, compute: Callable[[KernelInputs], SavedForBackward]) -> SavedForBackward:
    """What `compute` returns for the cleaned problem, with NaN in the rows that see one."""
    cleaned = _clean(inputs)
    saved = compute(cleaned.inputs)
    saved.output.masked_fill_(cleaned.rows.unsqueeze(-1), torch.nan)
    return saved


def attend_backward(
    grad_output: Tensor,
    inputs: KernelInputs,
    compute: Callable[[Tensor, SavedForBackward, KernelInputs], tuple[Tensor, ...]],
    *,
    forward: Callable[..., SavedForBackward],
) -> tuple[Tensor, ...]:
    """The gradients of the cleaned problem, with NaN in the rows that see one and at all keys that such rows see."""
    cleaned = _clean(inputs)
    rows = cleaned.rows
    # What was saved holds the NaN of the first computation, so the forward pass of the cleaned problem runs once more.
    found = compute(grad_output.masked_fill(rows.unsqueeze(-1), 0.0), forward(cleaned.inputs), cleaned.inputs)
    x, y, value, weight, centre = found
    keys = _keys_seen_by(rows, inputs).unsqueeze(-1)
    nan = torch.nan
    return (
        x.masked_fill(rows.unsqueeze(-1), nan),
        y.masked_fill(keys, nan),
        value.masked_fill(keys, nan),
        torch.full_like(weight, nan),
        centre.masked_fill(rows, nan) if len(centre) else centre,
    )


def _clean(inputs: KernelInputs) -> Cleaned:
    # An infinite feature is no fault in the tanh form: tanh of it is 1.
    is_bad = torch.isnan if inputs.weight is not None else lambda features: ~features.isfinite()
    keys = is_bad(inputs.y).any(-1) | ~inputs.value.isfinite().all(-1)
    rows = is_bad(inputs.x).any(-1)
    for n in range(len(rows)):
        for bad_keys in keys[inputs.group[n]].nonzero().squeeze(-1).split(_KEYS_AT_ONCE):
            rows[n] |= _visible(inputs, n, slice(None), bad_keys).any(-1)
    x, y = inputs.x.masked_fill(rows.unsqueeze(-1), 0.0), inputs.y.masked_fill(keys.unsqueeze(-1), 0.0)
    value = inputs.value.masked_fill(keys.unsqueeze(-1), 0.0)
    return Cleaned(inputs._replace(x=x, y=y, value=value), rows)


def _keys_seen_by(rows: Bool[Tensor, "N T"], inputs: KernelInputs) -> Bool[Tensor, "G S"]:
    """The keys that at least one of these rows may see."""
    groups, keys = inputs.y.shape[:2]
    seen, all_keys = torch.zeros(groups, keys, dtype=torch.bool), torch.arange(keys)
    for n in range(len(rows)):
        for bad_rows in rows[n].nonzero().squeeze(-1).split(_KEYS_AT_ONCE):
            seen[inputs.group[n]] |= _visible(inputs, n, bad_rows, all_keys).any(0)
    return seen


def _visible(inputs: KernelInputs, n: int, rows: Tensor | slice, keys: Tensor) -> Bool[Tensor, "t s"]:
    """Which of some keys some queries of batch row `n` may see."""
    start, stop = (limit[n][rows].unsqueeze(-1) for limit in (inputs.start, inputs.stop))
    visible = (keys >= start) & (keys < stop)
    if inputs.keep is None:
        return visible
    keep = inputs.keep[inputs.keep_index[n]][:, keys]
    return visible & (keep if len(keep) == 1 else keep[rows])
