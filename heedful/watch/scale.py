"""What the darkest shade of a drawing stands for, and the share of it that each weight has.

| scale | the darkest shade |
|---|---|
| `one` | the weight 1 |
| `map` | the largest weight of the map |
| `row` | for each row, its largest weight |
| `global` | the largest weight of all maps that are drawn together |
| a number | that weight |
| `auto` | by the columns: see below |

With `auto` a table of at most 48 words across has the scale `one`. In a wider table and in running text, the darkest
shade is the largest weight, but at least three times the mean. Pictures, seconds and other axes have the scale `map`.
A near-even map is pale everywhere, and only a weight far above the mean is dark.
The shade of a word of several tokens stands for its weight per token. Its weight is the sum over its tokens, so that
rows sum to 1; shaded by the sum, a word would look heavier only because the tokeniser has split it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.axes import Axis, Cells, Grid, RuledAxis, Words
from heedful.errors import UserError, did_you_mean

Scale = Literal["auto", "one", "map", "row", "global"] | float | int
"""The name of a scale, or the weight that the darkest shade stands for."""

SCALES: tuple[str, ...] = get_args(Literal["auto", "one", "map", "row", "global"])
"""The names of scales."""

_NARROW = 48  # columns of words; in wider maps hardly any weight comes near 1
_TIMES_EVEN = 3  # a row of even weights is drawn at a third of the darkest shade


@dataclass(frozen=True)
class Shading:
    """How a map is shaded: the share of the darkest shade of each weight, and what the key says.

    Shares are NaN where a weight is no finite number. `top` is what the darkest shade stands for. `note` has the
    largest weight where that differs, and says if shades are weights per token.
    """

    shares: Float[Tensor, "T S"]
    top: str
    note: str = ""

    @property
    def key(self) -> str:
        """The end of the line that explains the shades."""
        return f"{self.top}  ({self.note})" if self.note else self.top


def check_scale(scale: str | float | int) -> Scale:
    """Checks the name of a scale, or its number; returns it.

    Raises: UserError, for an unknown name, or a number that is not above 0.
    """
    if isinstance(scale, str):
        if scale not in SCALES:
            raise UserError(f"no scale is called {scale!r}", hint=did_you_mean(scale, SCALES))
    elif not 0 < scale < math.inf:
        raise UserError(f"the scale is {scale}", hint="the darkest shade stands for a weight above 0")
    return cast(Scale, scale)


def shading(weights: Float[Tensor, "T S"], columns: Axis, scale: Scale, *, is_text: bool = False) -> Shading:
    """The shading of a map. A table or drawing has all rows on one scale, unless `scale` is "row".

    Raises: UserError, for an unknown scale.
    """
    check_scale(scale)
    numbers = weights.detach().float().cpu()
    divided = per_token(numbers, columns)
    finite = torch.where(torch.isfinite(divided), divided, torch.nan)
    what = "per token" if divided is not numbers else ""
    if scale == "row":
        tops = torch.nan_to_num(finite, nan=0.0).amax(-1, keepdim=True) if finite.numel() else finite[:, :1]
        return Shading(_divided(finite, tops), "the largest of each row", what)
    largest = largest_weight(divided)
    top = _top(finite, largest, columns, scale, is_text=is_text)
    notes = [f"largest {largest:.2g}"] if f"{top:.2g}" != f"{largest:.2g}" else []
    return Shading(_divided(finite, torch.tensor(top)), f"{top:.2g}", ", ".join([*notes, *([what] if what else [])]))


def largest_of(maps: Sequence[tuple[Tensor, Axis]]) -> float:
    """The largest weight of several maps with their columns, for the scale "global"; 1 where there is none."""
    numbers = (per_token(weights.detach().float().cpu(), columns) for weights, columns in maps)
    return max(map(largest_weight, numbers), default=0.0) or 1.0


def largest_weight(weights: Tensor) -> float:
    """The largest weight that is a number; 0 where there is none."""
    finite = weights[torch.isfinite(weights)]
    return max(0.0, float(finite.max())) if finite.numel() else 0.0


def per_token(weights: Float[Tensor, "T S"], columns: Axis) -> Float[Tensor, "T S"]:
    """The weights divided by the number of tokens of each column's word; the same tensor if all are of one token."""
    if not isinstance(columns, Words) or columns.tokens is None:
        return weights
    return weights / torch.tensor(columns.tokens)


def _top(finite: Tensor, largest: float, columns: Axis, scale: Scale, *, is_text: bool) -> float:
    """The weight of the darkest shade, for all scales but "row"."""
    if not isinstance(scale, str):
        return float(scale)
    is_table = not isinstance(columns, Grid | Cells | RuledAxis)
    if scale == "one" or (scale == "auto" and is_table and not is_text and len(columns) <= _NARROW):
        return 1.0
    if scale == "auto" and is_table and finite.numel():
        # Of the rows that have any weight: padding and rows that see nothing would lower the mean.
        rows = finite[torch.nan_to_num(finite).sum(-1) > 0]
        # Weights of a row sum to 1: in a text of two words, three times the mean would be more than there can be.
        return max(largest, min(1.0, _TIMES_EVEN * float(rows.nanmean()))) if rows.numel() else largest
    return largest


def _divided(weights: Tensor, top: Tensor) -> Tensor:
    """Weights as shares of `top`; all 0 where that is 0, except for NaN."""
    return torch.where(top > 0, weights / top.clamp_min(1e-30), weights * 0.0)
