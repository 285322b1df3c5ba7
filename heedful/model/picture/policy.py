"""Where to look without looking first: the controls of a model that has learnt where to look.

A model takes one of these in place of what it has learnt; everything else in it stays as it is.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor

from heedful.model.picture.output import GridSize

POLICIES = ("learned", "frozen", "centre")
"""How a model is trained to choose where it looks: by reward, by initial random weights, or always at the centre."""


@runtime_checkable
class Policy(Protocol):
    """Chooses cells, or locations, for a number of pictures."""

    def cells(self, count: tuple[int, int], grid: GridSize) -> Int64[Tensor, "B K"]:
        """A cell for each of `count` (pictures, parts)."""
        ...

    def locations(self, count: int) -> Float[Tensor, "B 2"]:
        """Where to look in each picture: x and y, from -1 at the left and top edge to 1 at the others."""
        ...


@dataclass(frozen=True)
class CentrePolicy:
    """The centre of every picture; with an even number of cells, the cell right of it and below."""

    def cells(self, count: tuple[int, int], grid: GridSize) -> Int64[Tensor, "B K"]:
        return torch.full(count, grid[0] // 2 * grid[1] + grid[1] // 2)

    def locations(self, count: int) -> Float[Tensor, "B 2"]:
        return torch.zeros(count, 2)


@dataclass(frozen=True)
class RandomPolicy:
    """Anywhere in the picture with equal probability, drawn from a generator."""

    generator: Generator

    def cells(self, count: tuple[int, int], grid: GridSize) -> Int64[Tensor, "B K"]:
        return torch.randint(grid[0] * grid[1], count, generator=self.generator)

    def locations(self, count: int) -> Float[Tensor, "B 2"]:
        return torch.rand(count, 2, generator=self.generator) * 2 - 1
