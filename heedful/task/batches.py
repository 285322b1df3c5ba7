"""Batches: by length for a model that answers, and as a stream of tensors for one that learns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from heedful.data.batch import Example, PairBatch, collate
from heedful.data.bucket import BatchPlan, BatchStream


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


class PairStream:
    """The tensors of a plan's batches, epoch after epoch; it stops and goes on wherever `BatchStream` does."""

    def __init__(self, examples: Sequence[Example], plan: BatchPlan) -> None:
        self._examples = examples
        self._stream = BatchStream(plan)

    def __len__(self) -> int:
        """How many batches an epoch has; a later epoch may have one or two more or fewer."""
        return len(self._stream.plan.batches(0))

    def __iter__(self) -> Iterator[PairBatch]:
        for share in self._stream:
            yield collate(self._examples, share.rows, everyone=share.everyone)

    def state_dict(self) -> Mapping[str, Any]:
        """The place of the next batch."""
        return self._stream.state_dict()

    def load_state_dict(self, state: Any) -> None:
        """Goes to the place that `state_dict` gave."""
        self._stream.load_state_dict(state)
