"""Batches by length: shuffled each epoch, divided among processes, and resumable at any batch."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from heedful.data.batch import Example
from heedful.errors import UserError

_POOL = (
    100  # sort this many batches' worth of examples by length together: enough for little padding, few enough to mix
)


Lengths = Sequence[tuple[int, ...]] | np.ndarray[Any, np.dtype[np.int64]]
"""The length of each side of each example: tuples, or an array [examples, sides], which takes less memory."""


class Share(NamedTuple):
    """One rank's part of a batch; tensors come from `collate(examples, share.rows, all_rows=share.all_rows)`.

    rows: indices of this rank's examples; may be empty. all_rows: those of all ranks together.
    epoch, position: which batch of which epoch this is, both counted from 0.
    """

    rows: list[int]
    all_rows: list[int]
    epoch: int
    position: int


class BatchPlan:
    """The batches of every epoch, as a pure function of the lengths, the seed and the epoch.

    Each epoch shuffles the examples, groups those of similar length into batches, and shuffles the batches. Every
    example occurs exactly once. A batch's padded size (rows times longest side) is at most `tokens`; a longer
    example forms a batch by itself.

    Batches do not depend on `world`, the number of ranks. Rank r takes rows r, r + world, … of each batch, so that
    all ranks have the same number of batches. No example is dropped or repeated: a rank that gets no row of a small
    batch has an empty share, for which `collate` makes a row that does not count.

    >>> plan = BatchPlan([(3, 3), (4, 2), (9, 9), (2, 2)], tokens=9, seed=1)
    >>> sorted(sorted(batch) for batch in plan.epoch(0))
    [[0, 3], [1], [2]]
    """

    def __init__(self, lengths: Lengths, *, tokens: int, seed: int, rank: int = 0, world: int = 1) -> None:
        """`lengths` holds, for each example, the length of each side with EOS; see `lengths_of`."""
        if not 0 <= rank < world:
            raise ValueError(f"rank {rank} of {world}: expected 0 to {world - 1}")
        if not len(lengths) or tokens < 1 or seed < 0:
            raise ValueError(
                f"got {len(lengths)} examples, {tokens} tokens and seed {seed}: expected 1, 1 and 0 or more"
            )
        # One type of number, since the fingerprint is a checksum of the bytes.
        self._lengths = np.asarray(lengths, dtype=np.int64)
        self.tokens, self.seed, self.rank, self.world = tokens, seed, rank, world

    def epoch(self, number: int) -> list[list[int]]:
        """The rows of this rank in each batch of epoch `number`, counted from 0."""
        return [share.rows for share in self.shares(number)]

    def shares(self, number: int) -> list[Share]:
        """The share of this rank in each batch of an epoch."""
        return [
            # A stride and not a block: rows are sorted by length, so that all ranks get rows of similar lengths.
            Share(batch[self.rank :: self.world], batch, number, position)
            for position, batch in enumerate(self.batches(number))
        ]

    def batches(self, number: int) -> list[list[int]]:
        """The rows of each batch of an epoch, over all ranks."""
        # A generator for each epoch, so that `seek` and a resumed run need not make the epochs before it.
        random = np.random.default_rng([self.seed, number])
        # Sorting random keys is a shuffle; a stable sort breaks ties in the same way on every machine.
        order = np.argsort(random.random(len(self._lengths)), kind="stable")
        # A batch holds about tokens / length examples; the longer side decides, as it does in `_fill`.
        pool = max(1, round(_POOL * self.tokens / self._lengths.max(axis=1).mean()))
        batches = [batch for start in range(0, len(order), pool) for batch in self._fill(order[start : start + pool])]
        # Within a pool batches go from short to long. Unshuffled, training would, too.
        return [batches[index] for index in np.argsort(random.random(len(batches)), kind="stable")]

    def waste(self, number: int) -> float:
        """The fraction of an epoch's padded batches that is padding, over all sides."""
        padded = sum(len(batch) * int(self._lengths[batch].max(axis=0).sum()) for batch in self.batches(number))
        return 1 - int(self._lengths.sum()) / padded

    @property
    def fingerprint(self) -> int:
        """A checksum: equal for two plans that make the same batches, whatever the number of ranks."""
        return zlib.crc32(f"{self.tokens} {self.seed}".encode(), zlib.crc32(self._lengths.tobytes()))

    def _fill(self, pool: np.ndarray[Any, np.dtype[np.int64]]) -> Iterator[list[int]]:
        """Sorts a pool by length and splits it where a batch is full."""
        sides = self._lengths[pool]
        longest = sides.max(axis=1)
        order = np.lexsort((*sides.T, longest))  # by the longest side, then by the last side, and so on
        batch: list[int] = []
        for row, length in zip(pool[order].tolist(), longest[order].tolist(), strict=True):
            # Lengths ascend, so `length` is the longest of the batch. A row that is too long alone still gets a batch.
            if batch and (len(batch) + 1) * length > self.tokens:
                yield batch
                batch = []
            batch.append(row)
        yield batch


@runtime_checkable
class Plan(Protocol):
    """What training reads batches from: the batches of every epoch, and one rank's share of each."""

    def shares(self, number: int) -> list[Share]: ...
    def batches(self, number: int) -> list[list[int]]: ...
    @property
    def fingerprint(self) -> int: ...


class BatchStream:
    """Iterates over a plan epoch by epoch, and can be stopped and resumed after any batch.

    Each `iter` yields the rest of the current epoch. A batch counts as done once it has been yielded.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._epoch = self._position = 0

    def __iter__(self) -> Iterator[Share]:
        shares = self.plan.shares(self._epoch)
        for share in shares[self._position :]:
            # Before the yield: a state saved while the caller works on this batch must name the next one.
            self._move_to(share.epoch, share.position + 1, len(shares))
            yield share

    def state_dict(self) -> dict[str, int]:
        """The epoch and position of the next batch, and the plan's fingerprint."""
        return {"epoch": self._epoch, "position": self._position, "plan": self.plan.fingerprint}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Restores the position that `state_dict` returned; the number of ranks may differ.

        Raises: UserError, when the state belongs to other data, another batch size or another seed.
        """
        if state["plan"] != self.plan.fingerprint:
            raise UserError(
                "cannot resume: the data, the tokens per batch or the seed differ from those this training began with",
                hint="give the same files and settings, or start a new run in another folder",
            )
        self._epoch, self._position = state["epoch"], state["position"]

    def seek(self, steps: int) -> None:
        """Moves to the position after the first `steps` batches, counted from the start of epoch 0."""
        epoch = 0
        while steps >= (count := len(self.plan.batches(epoch))):
            steps, epoch = steps - count, epoch + 1
        self._epoch, self._position = epoch, steps

    def _move_to(self, epoch: int, position: int, count: int) -> None:
        """Sets the position; the end of an epoch is the start of the next."""
        self._epoch, self._position = (epoch + 1, 0) if position == count else (epoch, position)


def lengths_of(examples: Sequence[Example]) -> list[tuple[int, int]]:
    """The lengths of both sides of each example, with EOS, as `BatchPlan` expects them."""
    return [(len(example.source) + 1, len(example.target) + 1) for example in examples]


def batches_by_length(lengths: Sequence[int], tokens: int, *, rows: int | None = None) -> Iterator[list[int]]:
    """Indices of sentences of similar length, longest first, at most `tokens` padded tokens per batch.

    A sentence of more than `tokens` tokens forms a batch of its own. `rows` limits the sentences of a batch.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        # Indices come longest first, so the first one of a batch is the length that the others are padded to.
        if batch and ((len(batch) + 1) * lengths[batch[0]] > tokens or len(batch) == rows):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
