"""Batches: by length for a model that answers, and as a stream of tensors for one that learns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from heedful.data.bucket import BatchStream, Plan, Share

B = TypeVar("B")


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
