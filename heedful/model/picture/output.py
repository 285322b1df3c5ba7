"""What models that label pictures take and return, whether they look at parts of a picture or not."""

import math
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from heedful.model.encoder import encode_source
from heedful.shapes import ShapeError, describe

GridSize = tuple[int, int]
"""The rows and columns of a grid of cells."""


@runtime_checkable
class LabelledPictures(Protocol):
    """A batch of pictures; a negative label means unlabelled.

    `pictures` are normalised pixels ``[B, 3, H, W]``, or precomputed features ``[B, S, D]`` of a grid of cells, row by
    row; `grid` is then its number of rows and columns. It is None for pixels.
    """

    @property
    def pictures(self) -> Float[Tensor, "B ..."]: ...
    @property
    def labels(self) -> Int[Tensor, " B"]: ...
    @property
    def grid(self) -> GridSize | None: ...


class PictureOutput(NamedTuple):
    """The logits of the labels, and where the model looked: K maps, parts or glimpses of each picture.

    `maps` are weights over the cells of `grid`, row by row; None for glimpses, which have no cells. `boxes` are left,
    top, right and bottom as fractions of the picture that the model read; those at an edge reach beyond it, so that the
    centre of a box is where the model looked. Both are None for a model that does not look.
    """

    logits: Float[Tensor, "B C"]
    maps: Float[Tensor, "B K S"] | None = None
    grid: GridSize | None = None
    boxes: Float[Tensor, "B K 4"] | None = None


def encode_cells(
    encoder: nn.Module, pictures: Float[Tensor, "B ..."], grid: GridSize | None
) -> Float[Tensor, "B A h w"]:
    """The states of an encoder as a grid.

    An encoder of pixels has a method ``grid(height, width)``, the rows and columns of its cells; without it, they are
    taken to divide the picture into cells that are as square as their number allows.
    Raises: ShapeError, when there is not one state for each cell of the grid.
    """
    lengths = torch.full((pictures.shape[0],), pictures.shape[1], device=pictures.device)
    states = encode_source(encoder, pictures, lengths).states
    height, width = _cells(encoder, pictures, states.shape[1]) if grid is None else grid
    if states.shape[1] != height * width:
        raise ShapeError(f"states are {describe(states)}, expected one for each of {height} × {width} cells.")
    return states.transpose(1, 2).unflatten(2, (height, width))


def _cells(encoder: nn.Module, pictures: Tensor, count: int) -> GridSize:
    """The rows and columns of an encoder's `count` cells."""
    if not isinstance(getattr(encoder, "grid", None), nn.Module | None):  # a part of an encoder may be called so
        asked: Any = encoder
        height, width = asked.grid(*pictures.shape[-2:])
        return height, width
    proportion = pictures.shape[-2] / pictures.shape[-1]
    divisors = (rows for rows in range(1, count + 1) if count % rows == 0)
    rows = min(divisors, key=lambda rows: abs(math.log(rows / (count / rows) / proportion)))
    return rows, count // rows


def window_boxes(index: Int[Tensor, "B K"], grid: GridSize, size: int) -> Float[Tensor, "B K 4"]:
    """The windows of `size` × `size` cells around some cells, as fractions of the picture: see `PictureOutput`."""
    height, width = grid
    x, y = (index % width + 0.5) / width, (index // width + 0.5) / height
    across, down = size / (2 * width), size / (2 * height)
    return torch.stack([x - across, y - down, x + across, y + down], dim=-1)
