"""What training needs of a stream of batches, and how it is handed to Lightning without an end or a hang."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn, Protocol, runtime_checkable

from heedful.errors import UserError
from heedful.train.ranks import Ranks


@runtime_checkable
class Batch(Protocol):
    """Anything that the model's `loss` takes, with the target tokens of the batch on all ranks together."""

    @property
    def tokens_total(self) -> int: ...


@runtime_checkable
class Stream(Protocol):
    """Batches, epoch after epoch; each `iter` gives what is left of the current one.

    The state taken when a batch has been handed out leads, once loaded, to the batch after it. It is made of plain
    values that JSON keeps, is the same on every rank, and owes nothing to global random numbers.
    """

    def __iter__(self) -> Iterator[Any]: ...
    def state_dict(self) -> Mapping[str, Any]: ...
    def load_state_dict(self, state: Any, /) -> None: ...


class TrackedBatch(NamedTuple):
    """A batch with the stream's state after it, its epoch (from 1), and whether it is the last of the epoch."""

    batch: Any
    stream_state: Mapping[str, Any]
    epoch: int
    is_last: bool


class BatchIterator:
    """The batches of all epochs in one row, cut short on every rank as soon as one rank has no more.

    Lightning and this class each look one batch ahead; so the stream's state travels with its batch.
    """

    def __init__(self, stream: Stream, ranks: Ranks, *, done: int, epochs: int | None) -> None:
        """`done` epochs lie behind; it ends after `epochs`, or never."""
        self._stream, self._ranks = stream, ranks
        self._done, self._epochs = done, epochs

    def __iter__(self) -> Iterator[TrackedBatch]:
        epoch, empty = self._done + 1, 0
        while self._epochs is None or epoch <= self._epochs:
            ended = False
            for tracked in self._rest_of_epoch(epoch):
                ended = tracked.is_last
                yield tracked
            # One empty round is normal: the stream was resumed from a state taken at the very end of an epoch.
            empty = 0 if ended else empty + 1
            epoch += ended
            if empty > 1:
                self._ranks.on_rank_zero(_refuse)

    def _rest_of_epoch(self, epoch: int) -> Iterator[TrackedBatch]:
        batches = iter(self._stream)
        batch = self._next(batches)
        while batch is not None:
            state = dict(self._stream.state_dict())
            following = self._next(batches)
            if following is None:
                state = dict(self._stream.state_dict())
            yield TrackedBatch(batch, state, epoch, following is None)
            batch = following

    def _next(self, batches: Iterator[Any]) -> Any | None:
        batch = next(batches, None)
        if all(has for (has,) in self._ranks.all_gather([float(batch is not None)])):
            return batch
        for _ in batches:  # what the other ranks cannot match is left out
            pass
        return None


def _refuse() -> NoReturn:
    raise UserError(
        "the training data gives no batches",
        hint="check that the files hold pairs, and that the longest fits into the tokens of a batch",
    )
