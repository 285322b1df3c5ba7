"""Communication between the processes of one training run.

It uses a process group of its own over gloo, on the CPU, so that it never waits for a GPU.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import distributed

T = TypeVar("T")

# The other ranks wait while rank 0 validates, however long that takes. A rank that died is noticed without a timeout.
_PATIENCE = timedelta(days=7)


class RankFailed(Exception):
    """Rank 0 has failed, which it reports itself; this rank only has to exit."""


class Ranks:
    """The processes that run the same steps: `world` of them, of which this one is number `rank`."""

    def __init__(self, rank: int, world: int) -> None:
        self.rank, self.world = rank, world

    def __repr__(self) -> str:
        return f"Ranks(rank={self.rank}, world={self.world})"

    @cached_property
    def _group(self) -> Any:
        return distributed.new_group(backend="gloo", timeout=_PATIENCE)

    def all_gather(self, values: Sequence[float]) -> list[list[float]]:
        """The values of every rank, by rank. All ranks must call this with the same number of values."""
        if self.world == 1:
            return [list(values)]
        mine = torch.tensor(values, dtype=torch.float64)
        all_rows = [torch.empty_like(mine) for _ in range(self.world)]
        distributed.all_gather(all_rows, mine, group=self._group)
        return [row.tolist() for row in all_rows]

    def all_gather_objects(self, item: T) -> list[T]:
        """The items of every rank, by rank. All ranks must call this."""
        if self.world == 1:
            return [item]
        items: list[Any] = [None] * self.world
        distributed.all_gather_object(items, item, group=self._group)
        return items

    def on_rank_zero(self, action: Callable[[], T]) -> T:
        """Runs `action` on rank 0 only and returns its result on every rank. All ranks must call this.

        Raises: what `action` raises on rank 0, and RankFailed on the others.
        """
        if self.world == 1:
            return action()
        box: list[Any] = [None, None]  # the result, and the message of an error
        failure: Exception | None = None
        if self.rank == 0:
            try:
                box[0] = action()
            except Exception as error:
                failure, box[1] = error, f"{type(error).__name__}: {error}"
        distributed.broadcast_object_list(box, src=0, group=self._group)
        if failure is not None:
            raise failure
        if box[1] is not None:
            raise RankFailed(box[1])
        return box[0]
