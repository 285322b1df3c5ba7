"""N(.): promotes a map with few strong peaks and suppresses one with many equal peaks.

Source: Itti et al. 1998 (10.1109/34.730558), section 2.2.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

FLAT = 1e-5
"""Maps that vary by less are flat: the rest is rounding, which normalising would turn into noise."""

_ACTIVE = 0.1
"""The share of the highest value from which on a local maximum counts. The paper compares "meaningful activation spots"
and ignores homogeneous areas; this is the threshold of its authors' own code. Without it, the many faint ripples
between peaks lower the mean, so that a map of equal peaks is hardly suppressed."""


def promoted(maps: Float[Tensor, "B h w"]) -> Float[Tensor, "B h w"]:
    """N(.) of the paper: each map is scaled to 0 .. 1 and multiplied by ``(1 - m)^2``.

    m is the mean of the map's local maxima other than the highest one.
    """
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    span = high - low
    scaled = torch.where(span > FLAT, (maps - low) / span.clamp_min(FLAT), 0.0)
    return scaled * (1 - mean_of_other_peaks(scaled)).square()


def promotion(maps: Float[Tensor, "B h w"]) -> Float[Tensor, "B"]:
    """The factor ``(1 - m)^2`` by which N(.) multiplies each map, once it is scaled to 0 .. 1; 0 for a flat map."""
    return promoted(maps).amax((1, 2))


def mean_of_other_peaks(maps: Float[Tensor, "B h w"]) -> Float[Tensor, "B 1 1"]:
    """The mean of the local maxima without the highest one, of those above a tenth of it; 0 if there are no others."""
    highest = maps.amax((1, 2), keepdim=True)
    peaks = local_maxima(maps) & (maps >= _ACTIVE * highest)
    # The highest value is a peak wherever it is; of several that are equally high only one is left out.
    others = (peaks.sum((1, 2), keepdim=True) - 1).clamp_min(0)
    total = ((maps * peaks).sum((1, 2), keepdim=True) - highest).clamp_min(0)
    return total / others.clamp_min(1)


def local_maxima(maps: Float[Tensor, "B h w"]) -> Tensor:
    """Whether a value is above 0 and the highest of the nine around it; of equal neighbours only the first is."""
    around = pad(maps, (1, 1, 1, 1), value=-math.inf)
    height, width = maps.shape[-2:]
    offsets = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]
    neighbours = [around[:, dy : dy + height, dx : dx + width] for dy, dx in offsets]
    before, after = neighbours[:4], neighbours[4:]
    above = torch.stack([maps > each for each in before]).all(0) & torch.stack([maps >= each for each in after]).all(0)
    return above & (maps > 0)
