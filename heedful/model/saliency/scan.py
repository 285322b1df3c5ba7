"""Where attention goes, shift by shift: the winner takes all, and is then inhibited for a while.

Source: Itti et al. 1998 (10.1109/34.730558), section 2.3.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


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
