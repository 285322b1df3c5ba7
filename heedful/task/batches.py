"""Batches: by length for a model that answers, and as a stream of tensors for one that learns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

from torch import nn

from heedful.data.bucket import BatchPlan, BatchStream, Plan, Share
from heedful.train import Ranks, TrainSettings

B = TypeVar("B")
F = TypeVar("F")


@runtime_checkable
class Examples(Protocol):
    """What training reads: which examples make a batch, and the tensors of one.

    `counted` is what the losses count, as progress names it.
    """

    @property
    def counted(self) -> str: ...
    def plan(self, settings: TrainSettings, ranks: Ranks) -> Plan:
        """The batches of all epochs, for this process."""
        ...

    def collate(self, share: Share) -> Any:
        """The tensors of this process's share of a batch; a share may be empty."""
        ...


@dataclass(frozen=True)
class Bucketed:
    """Examples of which those of about the same length share a batch.

    `lengths` has each example's lengths in tokens, `make` makes tensors of rows of `items`, as `heedful.data.collate`.
    """

    items: Sequence[Any]
    lengths: Sequence[tuple[int, ...]]
    make: Callable[..., Any]
    counted: str = "tokens"

    def plan(self, settings: TrainSettings, ranks: Ranks) -> Plan:
        """Batches of at most ``train.tokens`` padded tokens."""
        tokens, seed = settings.tokens, settings.seed
        return BatchPlan(self.lengths, tokens=tokens, seed=seed, rank=ranks.rank, world=ranks.world)

    def collate(self, share: Share) -> Any:
        """The tensors of a share."""
        return self.make(self.items, share.rows, everyone=share.everyone)


def batches(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Indices of sentences of about the same length, the longest first, at most `tokens` padded tokens a batch.

    A sentence longer than that goes alone.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def in_chunks(questions: Iterator[B], size: int) -> Iterator[list[B]]:
    """Questions in lists of at most `size`, each given as soon as it is full or they end."""
    chunk: list[B] = []
    for question in questions:
        chunk.append(question)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def grouped(
    lengths: Sequence[int],
    find: Callable[[list[int], int], Sequence[F]],
    *,
    longest: Callable[[int], int],
    tokens: int,
) -> dict[int, F]:
    """What `find` finds for rows of like length together, by row; rows of length 0 are left out.

    `find` gets the rows of a batch and the most tokens that their answers may have. `longest` tells that from a row's
    own length, so that no answer depends on who shares its batch; `in_eights` keeps the groups few.
    """
    alike: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        if length:
            alike.setdefault(longest(length), []).append(row)
    found: dict[int, F] = {}
    for most, rows in sorted(alike.items(), reverse=True):
        for batch in batches([lengths[row] for row in rows], tokens):
            chosen = [rows[place] for place in batch]
            found.update(zip(chosen, find(chosen, most), strict=True))
    return found


def in_eights(length: int) -> int:
    """A length rounded up to a multiple of 8."""
    return -(-length // 8) * 8


def summed_loss(
    model: nn.Module, lengths: Sequence[int], make: Callable[[list[int]], Any], *, tokens: int
) -> tuple[float, int]:
    """The negative log-likelihood of examples in nats, without smoothing, and of how many tokens it is.

    `make` makes the batch of some rows; `tokens` is the most padded ones of a batch.
    """
    device = next(model.parameters()).device
    losses = [cast(Any, model).loss(make(rows).to(device)) for rows in batches(lengths, tokens)]
    return sum(float(loss.nll) for loss in losses), sum(loss.tokens for loss in losses)


class Batches(Generic[B]):
    """The tensors of a plan's batches, epoch after epoch; it stops and goes on wherever `BatchStream` does.

    `make` turns one rank's share of a batch into tensors; `counted` is what the losses count, as progress names it.
    """

    def __init__(self, plan: Plan, make: Callable[[Share], B], *, counted: str = "tokens") -> None:
        self._stream, self._make, self.counted = BatchStream(plan), make, counted

    def __len__(self) -> int:
        """How many batches an epoch has; a later epoch may have one or two more or fewer."""
        return len(self._stream.plan.batches(0))

    def __iter__(self) -> Iterator[B]:
        return map(self._make, self._stream)

    def state_dict(self) -> Mapping[str, Any]:
        """The place of the next batch."""
        return self._stream.state_dict()

    def load_state_dict(self, state: Any) -> None:
        """Goes to the place that `state_dict` gave."""
        self._stream.load_state_dict(state)
