"""Which examples make a batch: length buckets, shuffled, shared between processes, resumable at any batch."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from heedful.data.batch import Example
from heedful.errors import UserError

_POOL = 100  # so many batches' worth of examples are sorted by length together


class Share(NamedTuple):
    """One rank's part of a batch; `collate(examples, share.rows, everyone=share.everyone)` makes the tensors.

    rows: the examples of this rank, perhaps none. everyone: those of all ranks together.
    epoch, position: the batch's place, both counted from 0.
    """

    rows: list[int]
    everyone: list[int]
    epoch: int
    position: int


class BatchPlan:
    """The batches of every epoch, the same whenever and by whomever they are asked for.

    An epoch is a fresh shuffle, by `seed` and epoch alone: examples of like length are put together until a batch
    is full, then the batches are shuffled. Every example comes exactly once. A batch's padded size, rows times its
    longest side, is at most `tokens`; an example that is longer than that comes alone.

    Batches do not depend on `world`. Each is dealt out to the ranks by turns, so all ranks have the same number
    of batches, and their union is the batch of a single process. The leftover rule: nothing is dropped or
    repeated, a rank that gets no row of a small batch has an empty share, and `collate` makes it a blank row.
    """

    def __init__(
        self, lengths: Sequence[tuple[int, ...]], *, tokens: int, seed: int, rank: int = 0, world: int = 1
    ) -> None:
        """`lengths` has for each example the length of its sides with EOS, see `lengths_of`."""
        if not 0 <= rank < world:
            raise ValueError(f"rank {rank} of {world}: expected 0 to {world - 1}")
        if not lengths or tokens < 1 or seed < 0:
            raise ValueError(
                f"got {len(lengths)} examples, {tokens} tokens and seed {seed}: expected 1, 1 and 0 or more"
            )
        self._lengths = np.asarray(lengths, dtype=np.int64)
        self.tokens, self.seed, self.rank, self.world = tokens, seed, rank, world

    def epoch(self, number: int) -> list[list[int]]:
        """The rows of this rank in each batch of an epoch (counted from 0)."""
        return [share.rows for share in self.shares(number)]

    def shares(self, number: int) -> list[Share]:
        """The share that this rank has of each batch of an epoch."""
        return [
            Share(batch[self.rank :: self.world], batch, number, position)
            for position, batch in enumerate(self.batches(number))
        ]

    def batches(self, number: int) -> list[list[int]]:
        """The rows of all ranks in each batch of an epoch."""
        random = np.random.default_rng([self.seed, number])
        order = np.argsort(random.random(len(self._lengths)), kind="stable")
        pool = max(1, round(_POOL * self.tokens / self._lengths.max(axis=1).mean()))
        batches = [batch for start in range(0, len(order), pool) for batch in self._fill(order[start : start + pool])]
        return [batches[index] for index in np.argsort(random.random(len(batches)), kind="stable")]

    def waste(self, number: int) -> float:
        """The share of an epoch's padded batches that is padding, over all sides."""
        padded = sum(len(batch) * int(self._lengths[batch].max(axis=0).sum()) for batch in self.batches(number))
        return 1 - int(self._lengths.sum()) / padded

    @property
    def fingerprint(self) -> int:
        """A number that tells whether two plans make the same batches, however many ranks share them."""
        return zlib.crc32(f"{self.tokens} {self.seed}".encode(), zlib.crc32(self._lengths.tobytes()))

    def _fill(self, pool: np.ndarray[Any, np.dtype[np.int64]]) -> Iterator[list[int]]:
        """Sorts a pool by length and cuts it where a batch is full."""
        sides = self._lengths[pool]
        longest = sides.max(axis=1)
        order = np.lexsort((*sides.T, longest))
        batch: list[int] = []
        for row, length in zip(pool[order].tolist(), longest[order].tolist(), strict=True):
            if batch and (len(batch) + 1) * length > self.tokens:
                yield batch
                batch = []
            batch.append(row)
        yield batch


@runtime_checkable
class Plan(Protocol):
    """The batches of every epoch, the same whenever they are asked for, and the share that one rank has of them."""

    def shares(self, number: int) -> list[Share]: ...
    def batches(self, number: int) -> list[list[int]]: ...
    @property
    def fingerprint(self) -> int: ...


class BatchStream:
    """Goes through a plan epoch by epoch, and can be stopped and taken up again after any batch.

    Each `iter` gives what is left of the current epoch. A batch counts as done when it has been handed out.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._epoch = self._position = 0

    def __iter__(self) -> Iterator[Share]:
        shares = self.plan.shares(self._epoch)
        for share in shares[self._position :]:
            self._go_to(share.epoch, share.position + 1, len(shares))
            yield share

    def state_dict(self) -> dict[str, int]:
        """The place of the next batch, and what the plan was made of."""
        return {"epoch": self._epoch, "position": self._position, "plan": self.plan.fingerprint}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Goes to the place that `state_dict` gave; ranks may be more or fewer than then.

        Raises: UserError, when the state belongs to other data, another batch size or another seed.
        """
        if state["plan"] != self.plan.fingerprint:
            raise UserError(
                "training cannot go on: its data, tokens per batch or seed are not those that it began with",
                hint="give the same files and settings, or start anew in another folder",
            )
        self._epoch, self._position = state["epoch"], state["position"]

    def seek(self, steps: int) -> None:
        """Goes to the place after the first `steps` batches of all, counted from the start of epoch 0."""
        epoch = 0
        while steps >= (count := len(self.plan.batches(epoch))):
            steps, epoch = steps - count, epoch + 1
        self._epoch, self._position = epoch, steps

    def _go_to(self, epoch: int, position: int, count: int) -> None:
        """The end of an epoch is the start of the next."""
        self._epoch, self._position = (epoch + 1, 0) if position == count else (epoch, position)


def lengths_of(examples: Sequence[Example]) -> list[tuple[int, int]]:
    """The lengths of both sides of each example, EOS included, as `BatchPlan` takes them."""
    return [(len(example.source) + 1, len(example.target) + 1) for example in examples]
