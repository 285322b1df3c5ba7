"""The model of Itti, Koch and Niebur: 42 feature maps, three conspicuity maps, one saliency map.

Nothing is learnt. The maps compare fine and coarse scales of intensity, two pairs of opponent colours and four
orientations; maps with one strong peak are promoted, and the sum is the saliency map.

Source: Itti et al. 1998 (IEEE TPAMI 20(11):1254-1259).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

from heedful.model.saliency.promote import FLAT, promoted
from heedful.model.saliency.pyramid import expanded, mirrored, pyramid, reduced

LEVELS = 9
CENTRES, DELTAS = (2, 3, 4), (3, 4)
ORIENTATIONS = (0, 45, 90, 135)
"""Degrees of the bars that a map answers to: 0 is horizontal."""
OUTPUT_LEVEL = 4
"""The scale at which maps are added: one number for 16 × 16 pixels."""
FEATURES = ("intensity", "red-green", "blue-yellow", *(f"orientation {angle}" for angle in ORIENTATIONS))
"""What the maps are of, in their order; each has six, of the scales 2-5, 2-6, 3-6, 3-7, 4-7 and 4-8."""

_CELL = 2**OUTPUT_LEVEL
_LONGER_SIDE, _SHORTER_SIDE = 640, 256
_GABOR_SIZE, _GABOR_SIGMA, _GABOR_PERIOD = 9, 7 / 3, 7.0
_DARK = 0.1
"""Hues are not seen where a pixel is darker than this share of the brightest."""


class Saliency(NamedTuple):
    """What the model finds in a batch of pictures.

    `total` ``[B, h, w]`` is the saliency map, at a sixteenth of the size that was looked at, and `conspicuity` its
    three parts before they are added: intensity, colour and orientation. `maps` are the 42 feature maps by name, such
    as "red-green 2-5" or "orientation 45 3-7", each at its centre's scale.
    """

    total: Float[Tensor, "B h w"]
    conspicuity: Mapping[str, Float[Tensor, "B h w"]]
    maps: Mapping[str, Float[Tensor, "B _ _"]]

    def at_output_scale(self, name: str) -> Float[Tensor, "B h w"]:
        """A feature map at the size of the saliency map.

        Raises: KeyError, when no map has this name.
        """
        centre = int(name.rpartition(" ")[2].partition("-")[0])
        return _reduced_by(self.maps[name], OUTPUT_LEVEL - centre)


class IttiKoch(nn.Module):
    """The saliency of pictures ``[B, 3, H, W]`` in RGB from 0 to 1, all of one size.

    Pictures are first scaled to 640 pixels along the longer side, the size in the paper, or to 256 along the shorter
    one where that is more: the coarsest of the nine scales is 1 / 256. Sides are rounded to multiples of 16 pixels.
    Source: Itti et al. 1998 (10.1109/34.730558).
    """

    gabors: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gabors", _gabor_filters(), persistent=False)

    def forward(self, pictures: Float[Tensor, "B 3 H W"]) -> Saliency:
        """The saliency map, its parts, and the 42 feature maps."""
        pictures = _scaled(pictures)
        channels = self._channels(pictures)
        maps = {
            f"{feature} {centre}-{centre + delta}": _difference(channels[feature], centre, delta)
            for centre in CENTRES
            for delta in DELTAS
            for feature in FEATURES
        }
        of_feature = {feature: _added(maps, feature) for feature in FEATURES}
        conspicuity = {
            "intensity": of_feature["intensity"],
            "colour": of_feature["red-green"] + of_feature["blue-yellow"],
            "orientation": torch.stack([promoted(of_feature[f"orientation {angle}"]) for angle in ORIENTATIONS]).sum(0),
        }
        total = torch.stack([promoted(each) for each in conspicuity.values()]).mean(0)
        return Saliency(total, conspicuity, maps)

    def _channels(self, pictures: Float[Tensor, "B 3 H W"]) -> dict[str, list[Tensor]]:
        """Every feature at nine scales."""
        intensity = pictures.mean(1)
        scales = pyramid(intensity, LEVELS)
        red_green, blue_yellow = _opponents(pictures, intensity)
        channels = {
            "intensity": scales,
            "red-green": pyramid(red_green, LEVELS),
            "blue-yellow": pyramid(blue_yellow, LEVELS),
        }
        oriented = [self._oriented(level) for level in scales]
        for index, angle in enumerate(ORIENTATIONS):
            channels[f"orientation {angle}"] = [level[:, index] for level in oriented]
        return channels

    def _oriented(self, level: Float[Tensor, "B h w"]) -> Float[Tensor, "B 4 h w"]:
        """How strongly each place answers to bars of each orientation: the energy of an even and an odd filter."""
        reach = _GABOR_SIZE // 2
        answers = conv2d(mirrored(level, (reach, reach, reach, reach)).unsqueeze(1), self.gabors)
        return answers.unflatten(1, (len(ORIENTATIONS), 2)).square().sum(2).sqrt()


def _scaled(pictures: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B 3 h w"]:
    height, width = pictures.shape[-2:]
    factor = max(_LONGER_SIDE / max(height, width), _SHORTER_SIDE / min(height, width))
    # Whole cells of the saliency map, so that its cells divide the picture evenly.
    size = round(height * factor / _CELL) * _CELL, round(width * factor / _CELL) * _CELL
    if size == (height, width):
        return pictures
    return interpolate(pictures, size=size, mode="bilinear", antialias=factor < 1, align_corners=False)


def _opponents(pictures: Float[Tensor, "B 3 H W"], intensity: Float[Tensor, "B H W"]) -> tuple[Tensor, Tensor]:
    """R - G and B - Y of the broadly tuned colours, from hues that do not depend on brightness."""
    is_bright = intensity > _DARK * intensity.amax((1, 2), keepdim=True)
    hues = torch.where(is_bright.unsqueeze(1), pictures / intensity.unsqueeze(1).clamp_min(FLAT), 0.0)
    r, g, b = hues.unbind(1)
    red, green, blue = (r - (g + b) / 2).relu(), (g - (r + b) / 2).relu(), (b - (r + g) / 2).relu()
    yellow = ((r + g) / 2 - (r - g).abs() / 2 - b).relu()
    return red - green, blue - yellow


def _difference(levels: list[Tensor], centre: int, delta: int) -> Float[Tensor, "B h w"]:
    """The absolute difference of a fine scale and a coarse one, at the fine one's size.

    For colours this is double opponency: R - G of the centre less R - G of the surround. The paper writes G - R at the
    surround, for cells that are excited by red and inhibited by green in their centre, "while the converse is true in
    the surround"; subtracted once more, an even red picture would be salient everywhere.
    """
    height, width = levels[centre].shape[-2:]
    return (levels[centre] - expanded(levels[centre + delta], 2**delta, (height, width))).abs()


def _added(maps: Mapping[str, Tensor], feature: str) -> Float[Tensor, "B h w"]:
    """The six promoted maps of a feature, each reduced to the scale of the output, and added."""
    reduced: list[Tensor] = []
    for centre in CENTRES:
        for delta in DELTAS:
            each = promoted(maps[f"{feature} {centre}-{centre + delta}"])
            reduced.append(_reduced_by(each, OUTPUT_LEVEL - centre))
    return torch.stack(reduced).sum(0)


def _reduced_by(maps: Float[Tensor, "B h w"], levels: int) -> Float[Tensor, "B _ _"]:
    for _ in range(levels):
        maps = reduced(maps)
    return maps


def _gabor_filters() -> Float[Tensor, "8 1 K K"]:
    """An even and an odd filter for each orientation, each with mean 0 and of equal energy."""
    reach = _GABOR_SIZE // 2
    y, x = torch.meshgrid(*(torch.arange(-reach, reach + 1.0),) * 2, indexing="ij")
    envelope = torch.exp(-(x.square() + y.square()) / (2 * _GABOR_SIGMA**2))
    filters = []
    for angle in ORIENTATIONS:
        # Across the bar. Rows grow downwards, so that a bar that rises to the right has a negative angle in them.
        across = x * math.sin(math.radians(angle)) + y * math.cos(math.radians(angle))
        for phase in (0.0, math.pi / 2):
            wave = envelope * torch.cos(2 * math.pi * across / _GABOR_PERIOD - phase)
            wave = wave - envelope * (wave.sum() / envelope.sum())  # an even picture gives no answer
            filters.append(wave / wave.square().sum().sqrt())
    return torch.stack(filters).unsqueeze(1)
