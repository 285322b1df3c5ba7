"""Saliency by Itti, Koch and Niebur: which places of a picture stand out, and in which order they are attended to.

Nothing is learnt. 42 maps compare fine and coarse scales of intensity, two pairs of opponent colours and four
orientations; maps with one strong peak are promoted, and the sum is the saliency map.

Source: Itti et al. 1998 (IEEE TPAMI 20(11):1254-1259).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, pad

LEVELS = 9
CENTRES, DELTAS = (2, 3, 4), (3, 4)
ORIENTATIONS = (0, 45, 90, 135)
"""Degrees of the bars that a map answers to: 0 is horizontal."""
OUTPUT_LEVEL = 4
"""The scale at which maps are added: one number for 16 × 16 pixels."""

_LONGER_SIDE, _SHORTER_SIDE = 640, 256
_GABOR_SIZE, _GABOR_SIGMA, _GABOR_PERIOD = 9, 7 / 3, 7.0
_DARK = 0.1
"""Hues are not seen where a pixel is darker than this share of the brightest."""
_FLAT = 1e-5
"""Maps that vary by less are flat: the rest is rounding, which normalising would turn into noise."""


class Saliency(NamedTuple):
    """What the model finds in a batch of pictures.

    `total` ``[B, h, w]`` is the saliency map, at a sixteenth of the size that was looked at, and `conspicuity` its
    three parts before they are added: intensity, colour and orientation. `maps` are the 42 feature maps by name, such
    as "red-green 2-5" or "orientation 45 3-7", each at its centre's scale.
    """

    total: Float[Tensor, "B h w"]
    conspicuity: Mapping[str, Float[Tensor, "B h w"]]
    maps: Mapping[str, Float[Tensor, "B _ _"]]


class IttiKoch(nn.Module):
    """The saliency of pictures ``[B, 3, H, W]`` in RGB from 0 to 1, all of one size.

    Pictures are first scaled to 640 pixels along the longer side, the size in the paper, or to 256 along the shorter
    one where that is more: the coarsest of the nine scales is 1 / 256.
    Source: Itti et al. 1998 (10.1109/34.730558).
    """

    gabors: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gabors", _gabor_filters(), persistent=False)

    def forward(self, pictures: Float[Tensor, "B 3 H W"]) -> Saliency:
        """The saliency map, its parts, and the 42 feature maps."""
        pictures = _scaled(pictures)
        red, green, blue = pictures.unbind(1)
        intensity = (red + green + blue) / 3
        colours = _opponents(pictures, intensity)
        of_intensity, *of_colours = (_pyramid(channel) for channel in (intensity, *colours))
        of_orientations = [self._oriented(level) for level in of_intensity]
        maps: dict[str, Tensor] = {}
        for centre in CENTRES:
            for delta in DELTAS:
                scales = f"{centre}-{centre + delta}"
                maps[f"intensity {scales}"] = _difference(of_intensity, centre, delta)
                # Double opponency: R - G of the centre less R - G of the surround, so that an even picture gives 0. The
                # paper's formula has G - R at the surround, which read literally would add the two.
                for name, channel in zip(("red-green", "blue-yellow"), of_colours, strict=True):
                    maps[f"{name} {scales}"] = _difference(channel, centre, delta)
                for index, angle in enumerate(ORIENTATIONS):
                    levels = [level[:, index] for level in of_orientations]
                    maps[f"orientation {angle} {scales}"] = _difference(levels, centre, delta)
        size = of_intensity[OUTPUT_LEVEL].shape[-2:]
        conspicuity = {
            "intensity": _added(maps, "intensity", size),
            "colour": _added(maps, "red-green", size) + _added(maps, "blue-yellow", size),
            "orientation": torch.stack(
                [promoted(_added(maps, f"orientation {angle} ", size)) for angle in ORIENTATIONS]
            ).sum(0),
        }
        total = torch.stack([promoted(each) for each in conspicuity.values()]).mean(0)
        return Saliency(total, conspicuity, maps)

    def _oriented(self, level: Float[Tensor, "B h w"]) -> Float[Tensor, "B 4 h w"]:
        """How strongly each place answers to bars of each orientation: the energy of an even and an odd filter."""
        reach = _GABOR_SIZE // 2
        answers = conv2d(_padded(level, reach).unsqueeze(1), self.gabors)
        return answers.unflatten(1, (len(ORIENTATIONS), 2)).square().sum(2).sqrt()


def promoted(maps: Float[Tensor, "B h w"]) -> Float[Tensor, "B h w"]:
    """N(.) of the paper: a map with one strong peak is promoted, one with many equal peaks is suppressed.

    Each map is scaled to 0 .. 1 and multiplied by ``(1 - m)^2``, m the mean of its local maxima other than the highest.
    """
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    span = high - low
    scaled = torch.where(span > _FLAT, (maps - low) / span.clamp_min(_FLAT), 0.0)
    peaks = _local_maxima(scaled)
    # The highest is one of the local maxima, and the only one that counts 1 after scaling: take it out of the sum.
    others = (peaks.sum((1, 2)) - 1).clamp_min(0)
    mean = ((scaled * peaks).sum((1, 2)) - 1).clamp_min(0) / others.clamp_min(1)
    return scaled * (1 - mean).square()[:, None, None]


@dataclass(frozen=True)
class Attended:
    """One shift of attention: when it happens, in milliseconds, and where, in fractions of the width and the height."""

    time: float
    x: float
    y: float


def scan_path(saliency: Float[Tensor, "h w"], shifts: int = 5) -> list[Attended]:
    """The places that are attended to, in order: the winner takes all, and is then inhibited for a while.

    The winner is the most salient place that is not inhibited; the time that it takes to win, 30 to 70 ms, grows as its
    saliency falls. A disc of a sixth of the shorter side around it is then inhibited, which wears off evenly within
    700 ms. It ends early when nothing salient is left.
    Source: Itti et al. 1998, section 2.3, whose layers of integrate-and-fire neurons these times summarise.
    """
    height, width = saliency.shape
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    radius, highest = min(height, width) / 6, float(saliency.max())
    inhibited_at = torch.full((height, width), -math.inf)
    path: list[Attended] = []
    time = 0.0
    while highest > 0 and len(path) < shifts:
        free = ((time - inhibited_at) / _RECOVERY).clamp(0, 1)
        index = int((saliency * free).argmax())
        row, column = divmod(index, width)
        strength = float((saliency * free)[row, column]) / highest
        if strength <= 0:
            break
        time += _FASTEST + (_SLOWEST - _FASTEST) * (1 - strength)
        path.append(Attended(time, (column + 0.5) / width, (row + 0.5) / height))
        # At least the place itself: on a tiny map the disc is smaller than a cell.
        disc = (rows - row).square() + (columns - column).square() <= max(radius, 0.5) ** 2
        inhibited_at[disc] = time
    return path


_FASTEST, _SLOWEST, _RECOVERY = 30.0, 70.0, 700.0
"""Milliseconds of a shift to the most and the least salient place, and until an inhibited place is free again."""


def _scaled(pictures: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B 3 h w"]:
    height, width = pictures.shape[-2:]
    factor = max(_LONGER_SIDE / max(height, width), _SHORTER_SIDE / min(height, width))
    size = max(round(height * factor), _SHORTER_SIDE), max(round(width * factor), _SHORTER_SIDE)
    if size == (height, width):
        return pictures
    return interpolate(pictures, size=size, mode="bilinear", antialias=factor < 1, align_corners=False)


def _opponents(pictures: Float[Tensor, "B 3 H W"], intensity: Float[Tensor, "B H W"]) -> tuple[Tensor, Tensor]:
    """R - G and B - Y of the broadly tuned colours, from hues that do not depend on brightness."""
    seen = intensity > _DARK * intensity.amax((1, 2), keepdim=True)
    hues = torch.where(seen.unsqueeze(1), pictures / intensity.unsqueeze(1).clamp_min(_FLAT), 0.0)
    r, g, b = hues.unbind(1)
    red, green, blue = (r - (g + b) / 2).relu(), (g - (r + b) / 2).relu(), (b - (r + g) / 2).relu()
    yellow = ((r + g) / 2 - (r - g).abs() / 2 - b).relu()
    return red - green, blue - yellow


def _pyramid(channel: Float[Tensor, "B H W"]) -> list[Float[Tensor, "B _ _"]]:
    """Nine scales, each a blurred half of the one before (Burt and Adelson 1983)."""
    weights = channel.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = torch.outer(weights, weights)[None, None]
    levels = [channel]
    while len(levels) < LEVELS:
        levels.append(conv2d(_padded(levels[-1], 2).unsqueeze(1), kernel, stride=2).squeeze(1))
    return levels


def _difference(levels: list[Tensor], centre: int, delta: int) -> Float[Tensor, "B h w"]:
    """The absolute difference of a fine scale and a coarse one, at the fine one's size."""
    fine, coarse = levels[centre], levels[centre + delta]
    return (fine - _resized(coarse, fine.shape[-2:])).abs()


def _added(maps: Mapping[str, Tensor], name: str, size: tuple[int, ...]) -> Float[Tensor, "B h w"]:
    """The promoted maps of a feature, added across scales."""
    found = [promoted(each) for key, each in maps.items() if key.startswith(name)]
    return torch.stack([_resized(each, size) for each in found]).sum(0)


def _resized(maps: Float[Tensor, "B h w"], size: tuple[int, ...]) -> Float[Tensor, "B H W"]:
    if tuple(maps.shape[-2:]) == tuple(size):
        return maps
    shrinks = maps.shape[-1] > size[-1]
    resized = interpolate(maps.unsqueeze(1), size=tuple(size), mode="bilinear", antialias=shrinks, align_corners=False)
    return resized.squeeze(1)


def _padded(maps: Float[Tensor, "B h w"], reach: int) -> Float[Tensor, "B H W"]:
    # Repeated and not mirrored: the coarsest scales are smaller than the filters' reach.
    return pad(maps.unsqueeze(1), (reach, reach, reach, reach), mode="replicate").squeeze(1)


def _local_maxima(maps: Float[Tensor, "B h w"]) -> Float[Tensor, "B h w"]:
    """1 where a value is the highest of the nine around it; of equal neighbours only the first counts."""
    around = pad(maps, (1, 1, 1, 1), value=-math.inf)
    height, width = maps.shape[-2:]
    offsets = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]
    neighbours = [around[:, dy : dy + height, dx : dx + width] for dy, dx in offsets]
    before, after = neighbours[:4], neighbours[4:]
    above = torch.stack([maps > each for each in before]).all(0) & torch.stack([maps >= each for each in after]).all(0)
    return (above & (maps > 0)).to(maps.dtype)


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
