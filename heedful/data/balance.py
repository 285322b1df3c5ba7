"""Class-balanced sampling: batches in which rare labels are more frequent than in the data."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from heedful.data.bucket import BatchPlan, Lengths, Share

Rows = np.ndarray[Any, np.dtype[np.int64]]


class BalancedPlan:
    """The batches of `BatchPlan` for examples that are sampled anew in each epoch, by their labels.

    A label with n examples is sampled in proportion to n^(1 - balance): as often as it occurs with 0, all labels
    equally often with 1. An epoch has as many examples as the data. Of a label that gets more than it has, every
    example occurs equally often up to one; of a label that gets fewer, the examples are drawn without replacement.
    So all examples of a frequent label are seen over the epochs. The draw depends only on the seed and the epoch.
    Source: Mikolov et al. 2013, section 2.3 (arXiv:1310.4546), and Kang et al. 2020, eq. 1 (arXiv:1910.09217), for
    sampling by a power of the frequency.
    """

    def __init__(
        self,
        lengths: Lengths,
        labels: Sequence[int],
        *,
        balance: float,
        tokens: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        """`lengths` and the remaining arguments are those of `BatchPlan`; `labels` holds the class of each example."""
        if not 0.0 <= balance <= 1.0:
            raise ValueError(f"balance is {balance}, expected 0 (as in the data) to 1 (all labels equally often)")
        # It checks the other arguments, and its fingerprint covers the lengths.
        self._plain = BatchPlan(lengths, tokens=tokens, seed=seed, rank=rank, world=world)
        self._lengths = np.asarray(lengths, dtype=np.int64)
        # Labels as numbers from 0; examples without a label (UNLABELLED) are sampled like a label of their own.
        _, self._labels, self._counts = np.unique(
            np.asarray(labels, dtype=np.int64), return_inverse=True, return_counts=True
        )
        self.balance, self.tokens, self.seed, self.rank, self.world = balance, tokens, seed, rank, world

    def shares(self, number: int) -> list[Share]:
        """The share of this rank in each batch of an epoch."""
        return [
            Share(batch[self.rank :: self.world], batch, number, position)
            for position, batch in enumerate(self.batches(number))
        ]

    def batches(self, number: int) -> list[list[int]]:
        """The rows of each batch of an epoch, over all ranks; a row may occur more than once."""
        rows = self.sample(number)
        plan = BatchPlan(self._lengths[rows], tokens=self.tokens, seed=self.seed)
        return [rows[batch].tolist() for batch in plan.batches(number)]

    def sample(self, number: int) -> Rows:
        """The rows that an epoch consists of, by label."""
        # Another generator than that of `BatchPlan`, which shuffles what is drawn here with [seed, number].
        random = np.random.default_rng([self.seed, number, 1])
        weight = self._counts ** (1.0 - self.balance)
        # Systematic rounding: each label gets its expected number, rounded down or up, and the total is exact.
        bounds = np.concatenate([[0.0], np.cumsum(weight[:-1]) / weight.sum(), [1.0]]) * len(self._labels)
        wanted = np.diff(np.floor(bounds + random.random()).astype(np.int64))
        # The examples of each label in random order: the first ones occur once more than the others.
        order = np.lexsort((random.random(len(self._labels)), self._labels))
        position = np.arange(len(order)) - np.repeat(np.cumsum(self._counts) - self._counts, self._counts)
        whole, rest = np.divmod(wanted, self._counts)
        of_row = self._labels[order]
        return np.repeat(order, whole[of_row] + (position < rest[of_row]))

    @property
    def fingerprint(self) -> int:
        """A checksum: equal for two plans that make the same batches, whatever the number of ranks."""
        return zlib.crc32(f"{self._plain.fingerprint} {self.balance}".encode(), zlib.crc32(self._labels.tobytes()))
