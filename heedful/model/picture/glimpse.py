"""Glimpses: what a retina sees of a picture at a location, sharp in a small window and coarser in larger ones."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def retina(
    pictures: Float[Tensor, "B C H W"], locations: Float[Tensor, "B 2"], *, size: int, scales: int
) -> Float[Tensor, "B L C size size"]:
    """`scales` concentric windows of each picture, all reduced to `size` × `size`.

    Window k covers ``size * 2**k`` pixels a side, and each of its entries is the mean of ``2**k * 2**k`` samples.
    Locations are x and y of the centre, from -1 at the left and top edge of the picture to 1 at the right and bottom
    edge. Between pixels, samples are interpolated linearly. Beyond the picture everything is 0, which is the mean of
    normalised pictures. No gradient reaches the locations: they are trained by reward.
    Source: Mnih et al. 2014, section 3.1 (arXiv:1406.6247).
    """
    height, width = pictures.shape[-2:]
    # A gradient through the samples would move a location towards higher contrast, not towards higher reward.
    centres = locations.detach().to(pictures.dtype)
    windows: list[Tensor] = []
    for scale in range(scales):
        pixels = size * 2**scale
        offsets = torch.arange(pixels, dtype=pictures.dtype, device=pictures.device) - (pixels - 1) / 2
        # A pixel is 2 / width wide in coordinates from -1 to 1, edge to edge (align_corners=False).
        x = centres[:, 0, None] + offsets * (2 / width)
        y = centres[:, 1, None] + offsets * (2 / height)
        grid = torch.stack([x[:, None, :].expand(-1, pixels, -1), y[:, :, None].expand(-1, -1, pixels)], dim=-1)
        window = functional.grid_sample(pictures, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        windows.append(functional.avg_pool2d(window, 2**scale))
    return torch.stack(windows, dim=1)


def glimpse_boxes(locations: Float[Tensor, "B K 2"], *, size: int, picture: tuple[int, int]) -> Float[Tensor, "B K 4"]:
    """The sharp windows of glimpses: left, top, right and bottom as fractions of a picture (height, width).

    Those at an edge reach beyond the picture, so that the centre of a box is where the glimpse was.
    """
    height, width = picture
    centre = (locations + 1) / 2
    half = centre.new_tensor([size / (2 * width), size / (2 * height)])
    return torch.cat([centre - half, centre + half], dim=-1)
