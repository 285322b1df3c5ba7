"""What all batches of tensors share: moving to a device, and the rows of a rank's share."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor

# Not `typing.Self`: jaxtyping's import hook, which the tests use, checks functions one by one and refuses it.
BatchT = TypeVar("BatchT", bound="TensorBatch")


class TensorBatch:
    """A base of frozen dataclasses some of whose fields are tensors."""

    def to(self: BatchT, device: torch.device | str, non_blocking: bool = False) -> BatchT:
        """The same batch on another device."""
        return self._with({name: value.to(device, non_blocking=non_blocking) for name, value in self._tensors()})

    def pin_memory(self: BatchT) -> BatchT:
        """The same batch in page-locked memory, from which copies to a GPU are faster."""
        return self._with({name: value.pin_memory() for name, value in self._tensors()})

    def _tensors(self) -> list[tuple[str, Tensor]]:
        return [(name, value) for name, value in vars(self).items() if isinstance(value, Tensor)]

    def _with(self: BatchT, tensors: dict[str, Tensor]) -> BatchT:
        batch: Any = self  # a dataclass, as every subclass is
        return replace(batch, **tensors)


def share_of(total: int, rows: Sequence[int] | None, all_rows: Sequence[int] | None) -> tuple[list[int], Sequence[int]]:
    """The rows of this rank's share of a batch (default: all of `total`), and those of the whole batch.

    Raises: ValueError, when the whole batch is empty. A share may be.
    """
    share = list(range(total) if rows is None else rows)
    whole = share if all_rows is None else all_rows
    if not whole:
        raise ValueError("expected the indices of at least one row, got none")
    return share, whole
