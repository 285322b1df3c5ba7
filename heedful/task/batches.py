"""Batches: by length for inference, and as a resumable stream of tensors for training."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

from torch import nn

from heedful.data.balance import BalancedPlan
from heedful.data.bucket import BatchPlan, BatchStream, Lengths, Plan, Share, batches_by_length
from heedful.train import Ranks, TrainSettings

B = TypeVar("B")
F = TypeVar("F")


@runtime_checkable
class Examples(Protocol):
    """What training reads: which examples form a batch, and the tensors of a batch.

    `counted` is the unit that losses count, such as "tokens", as the progress line shows it.
    """

    @property
    def counted(self) -> str: ...
    def plan(self, settings: TrainSettings, ranks: Ranks) -> Plan:
        """The batches of all epochs, of which this process takes its share."""
        ...

    def collate(self, share: Share) -> Any:
        """The tensors of this process's share of a batch. A share may be empty."""
        ...


@dataclass(frozen=True)
class Bucketed:
    """Examples that are batched with others of similar length.

    `lengths` are each example's lengths in tokens. `make` collates rows of `items` into tensors, as
    `heedful.data.collate` does.
    """

    items: Sequence[Any]
    lengths: Lengths
    make: Callable[..., Any]
    counted: str = "tokens"

    def plan(self, settings: TrainSettings, ranks: Ranks) -> Plan:
        """Batches of at most ``train.tokens`` padded tokens each."""
        tokens, seed = settings.tokens, settings.seed
        return BatchPlan(self.lengths, tokens=tokens, seed=seed, rank=ranks.rank, world=ranks.world)

    def collate(self, share: Share) -> Any:
        """The tensors of a share."""
        return self.make(self.items, share.rows, all_rows=share.all_rows)


@dataclass(frozen=True)
class Balanced:
    """As `Bucketed`, with examples drawn by their `labels`: see `heedful.data.balance.BalancedPlan` for `balance`."""

    items: Sequence[Any]
    lengths: Lengths
    make: Callable[..., Any]
    labels: Sequence[int]
    balance: float
    counted: str = "tokens"

    def plan(self, settings: TrainSettings, ranks: Ranks) -> Plan:
        """Batches of at most ``train.tokens`` padded tokens each."""
        return BalancedPlan(
            self.lengths,
            self.labels,
            balance=self.balance,
            tokens=settings.tokens,
            seed=settings.seed,
            rank=ranks.rank,
            world=ranks.world,
        )

    def collate(self, share: Share) -> Any:
        """The tensors of a share."""
        return self.make(self.items, share.rows, all_rows=share.all_rows)


def in_chunks(questions: Iterator[B], size: int) -> Iterator[list[B]]:
    """Questions in lists of at most `size`. A list is yielded as soon as it is full or the questions end."""
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
    """Runs `find` over batches of rows of similar length; returns its results by row. Rows of length 0 are left out.

    `find` takes the rows of a batch and the longest output that they may have. `longest` computes that limit from the
    length of a row.
    """
    # Rows are grouped by their output limit first. A batch with several limits would have to use the largest, and an
    # answer would then depend on which rows share its batch.
    by_limit: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        if length:
            by_limit.setdefault(longest(length), []).append(row)
    results: dict[int, F] = {}
    for limit, rows in sorted(by_limit.items(), reverse=True):
        for batch in batches_by_length([lengths[row] for row in rows], tokens):
            batch_rows = [rows[index] for index in batch]
            results.update(zip(batch_rows, find(batch_rows, limit), strict=True))
    return results


def in_eights(length: int) -> int:
    """A length rounded up to a multiple of 8, so that `grouped` makes few groups."""
    return -(-length // 8) * 8


def summed_loss(
    model: nn.Module, lengths: Sequence[int], make: Callable[[list[int]], Any], *, tokens: int
) -> tuple[float, int]:
    """The total negative log-likelihood in nats, without label smoothing, and the number of tokens in it.

    `make` collates the batch of some rows. A batch has at most `tokens` padded tokens.
    """
    device = next(model.parameters()).device
    losses = [cast(Any, model).loss(make(rows).to(device)) for rows in batches_by_length(lengths, tokens)]
    return float(sum(float(loss.nll) for loss in losses)), sum(loss.tokens for loss in losses)


class Batches(Generic[B]):
    """The tensors of a plan's batches, epoch after epoch. It can be resumed at any batch, as `BatchStream` can.

    `make` turns one rank's share of a batch into tensors. `counted` is as in `Examples`.
    """

    def __init__(self, plan: Plan, make: Callable[[Share], B], *, counted: str = "tokens") -> None:
        self._stream, self._make, self.counted = BatchStream(plan), make, counted

    def __len__(self) -> int:
        """The number of batches in the first epoch; a later epoch may have one or two more or fewer."""
        return len(self._stream.plan.batches(0))

    def __iter__(self) -> Iterator[B]:
        return map(self._make, self._stream)

    def state_dict(self) -> Mapping[str, Any]:
        """The position of the next batch."""
        return self._stream.state_dict()

    def load_state_dict(self, state: Any) -> None:
        """Continues at the position that `state_dict` returned."""
        self._stream.load_state_dict(state)
