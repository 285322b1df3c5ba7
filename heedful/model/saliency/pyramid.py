"""Gaussian pyramids: each scale a blurred half of the one before, registered with it at every border.

Cell i of a scale covers cells 2i and 2i + 1 of the finer one, so that a place has the same share of the width on every
scale. (A filter of odd length would put it on cell 2i, and eight scales later the surround would lie half of the
coarsest cell, 128 pixels, beside its centre.) Beyond its borders a map is mirrored, as if the picture went on: padded
with its last row, objects near a border would have fewer neighbours than others and stand out by that alone.
Source: Burt and Adelson 1983 (10.1109/TCOM.1983.1095851).
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

_BINOMIAL = tuple(float(math.comb(15, number)) for number in range(16))
"""A filter narrower than this lets through detail that the next scale cannot hold. A bar's peak would then depend, by
up to a third, on whether the bar lies on a cell of the coarse scale or between two."""


def pyramid(channel: Float[Tensor, "B H W"], levels: int) -> list[Float[Tensor, "B _ _"]]:
    """A channel at `levels` scales, the first as it is."""
    scales = [channel]
    while len(scales) < levels:
        scales.append(reduced(scales[-1]))
    return scales


def reduced(maps: Float[Tensor, "B h w"]) -> Float[Tensor, "B _ _"]:
    """Maps at half the size, rounded up."""
    weights = maps.new_tensor(_BINOMIAL) / sum(_BINOMIAL)
    reach = len(_BINOMIAL) // 2 - 1
    height, width = maps.shape[-2:]
    padded = mirrored(maps, (reach, reach + height % 2, reach, reach + width % 2)).unsqueeze(1)
    down = conv2d(padded, weights[None, None, :, None], stride=(2, 1))
    return conv2d(down, weights[None, None, None, :], stride=(1, 2)).squeeze(1)


def expanded(maps: Float[Tensor, "B h w"], times: int, size: tuple[int, int]) -> Float[Tensor, "B H W"]:
    """Maps at `times` their size, between whose cells values are interpolated, cut to `size` (height, width)."""
    height, width = (side * times for side in maps.shape[-2:])
    large = interpolate(maps.unsqueeze(1), size=(height, width), mode="bilinear", align_corners=False)
    return large.squeeze(1)[:, : size[0], : size[1]]


def mirrored(maps: Float[Tensor, "B h w"], beyond: tuple[int, int, int, int]) -> Float[Tensor, "B _ _"]:
    """Maps with as many mirrored cells above, below, left and right; more than there are is allowed."""
    above, below, left, right = beyond
    rows, columns = _reflected(maps.shape[-2], above, below), _reflected(maps.shape[-1], left, right)
    return maps[:, rows.to(maps.device)][:, :, columns.to(maps.device)]


def _reflected(length: int, before: int, after: int) -> Tensor:
    positions = torch.arange(-before, length + after) % (2 * length)
    return torch.where(positions < length, positions, 2 * length - 1 - positions)
