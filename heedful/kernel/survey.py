"""What can be said of a map of weights without keeping it: the mass of its blocks, and the best keys of each row."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Wanted:
    """What a survey is to find: the mass of ``grid = (rows, columns)`` blocks, and so many `best` keys a query."""

    grid: tuple[int, int] = (0, 0)
    best: int = 0


class Survey(NamedTuple):
    """A map of weights in short. Only the context has a gradient.

    `mass` is the mean, over the queries of a block, of their weight on a block of keys: a row of it sums to 1 where the
    rows of the map do. Block i of r begins at query ``i T // r``, block j of c at key ``j S // c``.
    """

    context: Float[Tensor, "... T V"]
    mass: Float[Tensor, "... r c"]
    index: Int[Tensor, "... T k"]  # pyright: ignore[reportIncompatibleMethodOverride]  # hides tuple.index, on purpose
    weight: Float[Tensor, "... T k"]
    entropy: Float[Tensor, "... T"]


def edges(length: int, blocks: int) -> list[int]:
    """Where blocks of a length begin, and the end."""
    return [block * length // max(1, blocks) for block in range(blocks + 1)]


def owners(length: int, blocks: int, device: torch.device) -> Int[Tensor, " length"]:
    """In which of so many blocks each place of a length lies."""
    inner = torch.tensor(edges(length, blocks)[1:], device=device)
    return torch.bucketize(torch.arange(length, device=device), inner, right=True)
