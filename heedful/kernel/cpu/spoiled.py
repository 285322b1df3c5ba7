"""What is not a number spoils the queries that see it, and no others.

Tiles multiply the weights of several rows with the values at once, and 0 times NaN is NaN. So when NaN comes out, the
problem is answered again without what is not a number, and the rows that see it are spoiled by hand.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool
from torch import Tensor

from heedful.kernel.cpu.kept import Kept
from heedful.kernel.given import Given

_AT_ONCE = 1024


class Cleaned(NamedTuple):
    """A problem with zeros in place of what is not a number, and which queries are spoiled by it."""

    given: Given
    rows: Bool[Tensor, "N T"]


def is_whole(out: Tensor) -> bool:
    """Whether all contexts are numbers, as far as their sum tells."""
    return bool(out.sum().isfinite())


def attend(given: Given, ask: Callable[[Given], Kept]) -> Kept:
    """What `ask` answers of a cleaned problem, NaN in the rows that are spoiled."""
    cleaned = _clean(given)
    saved = ask(cleaned.given)
    saved.out.masked_fill_(cleaned.rows.unsqueeze(-1), torch.nan)
    return saved


def attend_backward(
    above: Tensor,
    given: Given,
    ask: Callable[[Tensor, Kept, Given], tuple[Tensor, ...]],
    *,
    again: Callable[..., Kept],
) -> tuple[Tensor, ...]:
    """The gradients of a cleaned problem, NaN in the rows that are spoiled and at the keys that these see."""
    cleaned = _clean(given)
    rows = cleaned.rows
    found = ask(above.masked_fill(rows.unsqueeze(-1), 0.0), again(cleaned.given), cleaned.given)
    x, y, value, weight, centre = found
    keys = _seen_by(rows, given).unsqueeze(-1)
    nan = torch.nan
    return (
        x.masked_fill(rows.unsqueeze(-1), nan),
        y.masked_fill(keys, nan),
        value.masked_fill(keys, nan),
        torch.full_like(weight, nan),
        centre.masked_fill(rows, nan) if len(centre) else centre,
    )


def _clean(given: Given) -> Cleaned:
    is_bad = torch.isnan if given.weight is not None else lambda features: ~features.isfinite()  # tanh takes infinity
    keys = is_bad(given.y).any(-1) | ~given.value.isfinite().all(-1)
    rows = is_bad(given.x).any(-1)
    for n in range(len(rows)):
        for some in keys[given.group[n]].nonzero().squeeze(-1).split(_AT_ONCE):
            rows[n] |= _visible(given, n, slice(None), some).any(-1)
    x, y = given.x.masked_fill(rows.unsqueeze(-1), 0.0), given.y.masked_fill(keys.unsqueeze(-1), 0.0)
    return Cleaned(given._replace(x=x, y=y, value=given.value.masked_fill(keys.unsqueeze(-1), 0.0)), rows)


def _seen_by(rows: Bool[Tensor, "N T"], given: Given) -> Bool[Tensor, "G S"]:
    """The keys that some of these rows may see."""
    groups, keys = given.y.shape[:2]
    seen, every = torch.zeros(groups, keys, dtype=torch.bool), torch.arange(keys)
    for n in range(len(rows)):
        for some in rows[n].nonzero().squeeze(-1).split(_AT_ONCE):
            seen[given.group[n]] |= _visible(given, n, some, every).any(0)
    return seen


def _visible(given: Given, n: int, rows: Tensor | slice, keys: Tensor) -> Bool[Tensor, "t s"]:
    """Which of some keys some queries of a row of the batch may see."""
    start, stop = (limit[n][rows].unsqueeze(-1) for limit in (given.start, given.stop))
    visible = (keys >= start) & (keys < stop)
    if given.keep is None:
        return visible
    kept = given.keep[given.keep_of[n]][:, keys]
    return visible & (kept if len(kept) == 1 else kept[rows])
