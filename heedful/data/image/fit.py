"""Fits pictures of any size to the size that a model reads, and keeps which part of the original that is.

A `Fit` is a function from a `Picture` to a `Fitted`. `Fitted.region` is in pixels of the original, so that
`heedful.axes.Grid` puts a model's cells back on the picture as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from heedful.axes import Box, Grid
from heedful.data.image.picture import Picture
from heedful.errors import require

_PADDING = 255
"""White, on which transparency is laid, too."""


class Fitted(NamedTuple):
    """A picture in the size of a model: `pixels` are RGB; `region` is the part of the original that they show.

    The region may reach beyond the original where that was padded.
    """

    pixels: UInt8[Tensor, "3 H W"]
    region: Box

    def grid(self, height: int, width: int, picture: Picture) -> Grid:
        """The axis of a model's `height` times `width` cells, on the original picture."""
        return Grid(height, width, picture.size, crop=self.region, pixels=picture.pixels)


Fit = Callable[[Picture], Fitted]
"""How a picture of any size becomes one of a model's size."""


@final
@dataclass(frozen=True)
class CentreCrop:
    """The largest part in the middle that has the model's proportions; what is left and right of it is not seen."""

    height: int
    width: int

    def __call__(self, picture: Picture) -> Fitted:
        width, height = picture.size
        scale = min(width / self.width, height / self.height)
        across, down = self.width * scale, self.height * scale
        left, top = (width - across) / 2, (height - down) / 2
        return resized(picture, (left, top, left + across, top + down), (self.height, self.width))


@final
@dataclass(frozen=True)
class Letterbox:
    """The whole picture in its own proportions, with white beside or above and below it."""

    height: int
    width: int

    def __call__(self, picture: Picture) -> Fitted:
        width, height = picture.size
        scale = max(width / self.width, height / self.height)
        across, down = self.width * scale, self.height * scale
        left, top = (width - across) / 2, (height - down) / 2
        return resized(picture, (left, top, left + across, top + down), (self.height, self.width))


@final
@dataclass(frozen=True)
class Stretch:
    """The whole picture, its proportions changed to the model's."""

    height: int
    width: int

    def __call__(self, picture: Picture) -> Fitted:
        width, height = picture.size
        return resized(picture, (0.0, 0.0, float(width), float(height)), (self.height, self.width))


def resized(picture: Picture, region: Box, size: tuple[int, int]) -> Fitted:
    """A region of a picture, in `size` (height, width) pixels; what lies beyond the picture is white.

    Bicubic, with antialiasing where it shrinks.
    """
    pillow: Any = require("PIL.Image", extra="image")
    height, width = size
    left, top, right, bottom = region
    inside = (max(left, 0.0), max(top, 0.0), min(right, picture.size[0]), min(bottom, picture.size[1]))
    # Where the inside lies in the result. At least one pixel: the side of a picture that is nearly a line rounds to 0.
    across, down = width / (right - left), height / (bottom - top)
    x0, y0 = round((inside[0] - left) * across), round((inside[1] - top) * down)
    x1 = max(round((inside[2] - left) * across), x0 + 1)
    y1 = max(round((inside[3] - top) * down), y0 + 1)
    image = pillow.fromarray(picture.pixels).resize((x1 - x0, y1 - y0), pillow.Resampling.BICUBIC, box=inside)
    if (x1 - x0, y1 - y0) == (width, height):
        pixels = np.array(image)
    else:
        pixels = np.full((height, width, 3), _PADDING, np.uint8)
        pixels[y0:y1, x0:x1] = np.asarray(image)[: height - y0, : width - x0]
    return Fitted(torch.from_numpy(pixels).permute(2, 0, 1).contiguous(), region)
