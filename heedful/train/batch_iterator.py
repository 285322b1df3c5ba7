"""Streams of batches: what training needs of one, and how Lightning iterates over it on all ranks alike."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn, Protocol, runtime_checkable

from heedful.errors import UserError
from heedful.train.ranks import Ranks


@runtime_checkable
class Batch(Protocol):
    """Anything that the model's `loss` takes; `tokens_total` counts the target tokens on all ranks together."""

    @property
    def tokens_total(self) -> int: ...


@runtime_checkable
class Stream(Protocol):
    """Batches, epoch after epoch; each `iter` yields the rest of the current epoch.

    A state taken after a batch has been yielded continues, once loaded, with the next batch. It consists of values
    that JSON can hold, is the same on every rank, and must not depend on global random state.
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
    """The batches of all epochs in a row; an epoch ends on every rank as soon as one rank has no more batches.

    Lightning and this class each fetch one batch ahead. So the stream's state is kept with its batch: asked for after
    a step, the stream would already be further.
    """

    def __init__(self, stream: Stream, ranks: Ranks, *, done: int, epochs: int | None) -> None:
        """`done` epochs are over already; iteration ends after epoch `epochs`, or never if that is None."""
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
        # One batch ahead, because only then it is known whether a batch is the last of its epoch.
        batch = self._next(batches)
        while batch is not None:
            state = dict(self._stream.state_dict())
            following = self._next(batches)
            if following is None:
                # The stream has now turned to the next epoch: resuming there saves an empty round.
                state = dict(self._stream.state_dict())
            yield TrackedBatch(batch, state, epoch, following is None)
            batch = following

    def _next(self, batches: Iterator[Any]) -> Any | None:
        batch = next(batches, None)
        if all(has for (has,) in self._ranks.all_gather([float(batch is not None)])):
            return batch
        # Batches that other ranks have no counterpart for are skipped: a step on some ranks only would wait for ever.
        for _ in batches:
            pass
        return None


def _refuse() -> NoReturn:
    raise UserError(
        "the training data gives no batches",
        hint="check that the files hold examples, and that the longest fits into the tokens of a batch",
    )
