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


class Fed(NamedTuple):
    """A batch, the stream's state after it, its epoch (from 1), and whether it is the last of it."""

    batch: Any
    state: Mapping[str, Any]
    epoch: int
    last: bool


class Feed:
    """The batches of all epochs in one row, cut short on every rank as soon as one rank has no more.

    Lightning and this class each look one batch ahead; so the stream's state travels with its batch.
    """

    def __init__(self, stream: Stream, ranks: Ranks, *, done: int, epochs: int | None) -> None:
        """`done` epochs lie behind; it ends after `epochs`, or never."""
        self._stream, self._ranks = stream, ranks
        self._done, self._epochs = done, epochs

    def __iter__(self) -> Iterator[Fed]:
        epoch, empty = self._done + 1, 0
        while self._epochs is None or epoch <= self._epochs:
            last = False
            for fed in self._one_epoch(epoch):
                last = fed.last
                yield fed
            empty = 0 if last else empty + 1  # once is right: a state taken at the very end of an epoch
            epoch += last
            if empty > 1:
                self._ranks.first(_refuse)

    def _one_epoch(self, epoch: int) -> Iterator[Fed]:
        batches = iter(self._stream)
        batch = self._next(batches)
        while batch is not None:
            state = dict(self._stream.state_dict())
            following = self._next(batches)
            if following is None:
                state = dict(self._stream.state_dict())
            yield Fed(batch, state, epoch, following is None)
            batch = following

    def _next(self, batches: Iterator[Any]) -> Any | None:
        batch = next(batches, None)
        if all(has for (has,) in self._ranks.rows([float(batch is not None)])):
            return batch
        for _ in batches:  # what the other ranks cannot match is left out
            pass
        return None


def _refuse() -> NoReturn:
    raise UserError(
        "the training data gives no batches",
        hint="check that the files hold pairs, and that the longest fits into the tokens of a batch",
    )
