"""A case to time: an attention at a size, described by values that every peer can use."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Query, key and value ``[*B, length, D]`` in, context ``[*B, T, D]`` out."""

PASSES = ("forward", "forward + backward")


def unchanged(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """Features that are the vectors themselves."""
    return query, key


@dataclass(frozen=True)
class Workload:
    """What every peer has to compute: `ours` makes our call for an engine, the rest describes it to peers.

    `features` projects queries and keys. A pair scores ``scale * <x, y>``, or ``sum_c weight_c tanh(x_c + y_c)``
    where there is a `weight`. A query at position ``t`` sees the keys with ``-left <= s - t <= right`` (None: no
    limit). With a `centre` it sees those within `radius` of it, and after the softmax their weights are multiplied
    by ``exp(-(s - centre)^2 / (2 (radius / 2)^2))``.
    """

    ours: Callable[[str], Attend]
    features: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = unchanged
    weight: Tensor | None = None
    scale: float = 1.0
    left: int | None = None
    right: int | None = None
    centre: Callable[[Tensor], Tensor] | None = None
    radius: float = 0.0

    @property
    def causal(self) -> bool:
        """Whether the region is exactly the causal one."""
        return self.left is None and self.right == 0 and self.centre is None

    @property
    def banded(self) -> bool:
        """Whether some keys are out of visible_and_gate by position."""
        return self.left is not None or self.right is not None


@dataclass(frozen=True)
class Case:
    """A piece of work at a size: queries ``[*B, T, D]``, `keys` keys and values as wide."""

    name: str
    length: int
    shape: tuple[int, ...]
    keys: int
    work: Workload
    device: torch.device
    dtype: torch.dtype = torch.float32

    @property
    def size(self) -> str:
        """The size as a table shows it."""
        more = "" if self.keys == self.shape[-2] else f", {self.keys} keys"
        return "x".join(map(str, self.shape)) + more

    @property
    def pairs(self) -> int:
        """Queries times keys, including invisible pairs."""
        return torch.Size(self.shape[:-1]).numel() * self.keys

    @property
    def terms(self) -> int:
        """Products, or tanh, that cannot be avoided: visible pairs times width."""
        queries, work = self.shape[-2], self.work
        aligned = torch.arange(queries) + (self.keys - queries)
        first = torch.zeros_like(aligned) if work.left is None else (aligned - work.left).clamp(min=0)
        last = (
            torch.full_like(aligned, self.keys - 1)
            if work.right is None
            else (aligned + work.right).clamp(max=self.keys - 1)
        )
        visible = (last - first + 1).clamp(min=0)
        if work.centre is not None:
            visible = visible.clamp(max=int(2 * work.radius) + 1)
        return int(visible.sum()) * torch.Size(self.shape[:-2]).numel() * self.shape[-1]

    def inputs(self) -> list[Tensor]:
        """Query, key and value, the same each time."""
        generator = torch.Generator().manual_seed(2)
        keys = (*self.shape[:-2], self.keys, self.shape[-1])
        drawn = [torch.randn(shape, generator=generator) for shape in (self.shape, keys, keys)]
        return [tensor.to(self.device, self.dtype).requires_grad_() for tensor in drawn]
