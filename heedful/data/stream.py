"""Text for language models: one long stream split into windows, or documents between BOS and EOS.

Both are split into `Segment`s of ids. The inputs of a segment are its ids without the last, the targets its ids without
the first.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from heedful.data.bucket import Share
from heedful.data.tensors import TensorBatch, share_of
from heedful.shapes import BOS, EOS, PAD

Ids = np.ndarray[Any, np.dtype[np.int64]]


class Segment(NamedTuple):
    """Consecutive ids. The first `context` targets carry no loss: their tokens are only there to be attended to."""

    ids: Ids
    context: int = 0

    @property
    def target_count(self) -> int:
        """The number of targets that carry loss."""
        # The first id is no target, and a text of context alone has none.
        return max(0, len(self.ids) - 1 - self.context)


@runtime_checkable
class Segments(Protocol):
    """Segments by row: a list, or the windows of a text by the position of their first token."""

    def __getitem__(self, row: int, /) -> Segment: ...


@dataclass(frozen=True)
class SequenceBatch(TensorBatch):
    """Segments as padded tensors: B rows of T inputs and their targets; a target is PAD where it carries no loss.

    `rows` are the rows of the segments. `tokens_total` counts the targets of the whole batch over all ranks.
    """

    inputs: Int64[Tensor, "B T"]
    targets: Int64[Tensor, "B T"]
    rows: list[int]
    tokens_total: int


def collate_segments(
    segments: Segments, rows: Sequence[int], *, all_rows: Sequence[int] | None = None
) -> SequenceBatch:
    """Collates the segments of these rows into one batch, padded at the end.

    `all_rows` are the rows of the whole batch over all ranks, when `rows` is one rank's share of it. A rank whose share
    is empty gets a segment without targets. It then takes part in the step and contributes nothing to it.
    Raises: ValueError, when `rows` and `all_rows` are empty.
    """
    rows, whole = share_of(len(rows), rows, all_rows)
    chosen = [segments[row] for row in rows] or [Segment(segments[whole[0]].ids[:2], context=1)]
    longest = max(len(segment.ids) for segment in chosen) - 1
    inputs, targets = np.full((2, len(chosen), longest), PAD, dtype=np.int64)
    for row, segment in enumerate(chosen):
        size = len(segment.ids) - 1
        inputs[row, :size] = segment.ids[:-1]
        targets[row, segment.context : size] = segment.ids[1 + segment.context :]
    total = sum(segments[row].target_count for row in whole)
    return SequenceBatch(torch.from_numpy(inputs), torch.from_numpy(targets), list(rows), total)


def with_boundaries(ids: Sequence[int]) -> Ids:
    """A document's ids between BOS and EOS."""
    return np.array([BOS, *ids, EOS], dtype=np.int64)


def split_documents(documents: Iterable[Sequence[int]], window: int) -> list[Segment]:
    """Documents between BOS and EOS; one of more than `window` tokens becomes several consecutive segments."""
    return [segment for ids in documents for segment in split_tokens(with_boundaries(ids), window)]


def split_tokens(ids: Ids, window: int, *, context: int = 0) -> list[Segment]:
    """Segments of at most `window` inputs in which every token but the first is a target exactly once.

    Each segment but the first begins with the last `context` tokens of the one before, so that its first targets have
    something to attend to.
    Raises: ValueError, when the context fills the window.
    """
    if not 0 <= context < window:
        raise ValueError(f"a context of {context} tokens leaves no room for a target in a window of {window}")
    segments = [Segment(ids[: window + 1])]
    # It stops where only context would be left: such a segment has no target.
    for first in range(window - context, max(len(ids) - 1 - context, 0), window - context):
        segments.append(Segment(ids[first : first + window + 1], context=context))
    return segments


@dataclass(frozen=True, eq=False)
class TextWindows:
    """The windows of a text by the position of their first token; the last ones are shorter."""

    ids: Ids
    window: int

    def __getitem__(self, row: int, /) -> Segment:
        return Segment(self.ids[row : row + self.window + 1])


class StreamPlan:
    """The batches of a long text: adjacent windows, with a new random offset in each epoch.

    An epoch is a pure function of the text, the seed and its number. It splits the text every `window` tokens, from a
    random offset among the first `window`, and shuffles the windows. The tokens left over at both ends come in other
    epochs. A batch has as many windows as fit into `tokens`, at least one; the last of an epoch may have fewer. A row
    is the position of a window's first token. Ranks divide batches as in `BatchPlan`.
    """

    def __init__(self, ids: Ids, *, window: int, tokens: int, seed: int, rank: int = 0, world: int = 1) -> None:
        """Raises: ValueError, when there is nothing to predict, or a number is out of its range."""
        if not 0 <= rank < world:
            raise ValueError(f"rank {rank} of {world}: expected 0 to {world - 1}")
        if len(ids) < 2 or window < 1 or tokens < 1 or seed < 0:
            raise ValueError(
                f"got {len(ids)} ids, window {window}, {tokens} tokens and seed {seed}: expected 2, 1, 1 and 0 or more"
            )
        self._ids = ids
        self.window = min(window, len(ids) - 1)  # a short text is a single window
        self.tokens, self.seed, self.rank, self.world = tokens, seed, rank, world

    def shares(self, number: int) -> list[Share]:
        """The share of this rank in each batch of an epoch."""
        return [
            Share(batch[self.rank :: self.world], batch, number, position)
            for position, batch in enumerate(self.batches(number))
        ]

    def batches(self, number: int) -> list[list[int]]:
        """The windows of each batch of an epoch, over all ranks, by the position of their first token."""
        random = np.random.default_rng([self.seed, number])
        targets = len(self._ids) - 1
        # The bound keeps at least one whole window in a text that is barely longer than one.
        first = int(random.integers(min(self.window, targets - self.window + 1)))
        # Whole windows only: what is left at the end is shorter, and another epoch reads it from another offset.
        starts = random.permutation(np.arange(first, targets - self.window + 1, self.window)).tolist()
        size = max(1, self.tokens // self.window)
        return [starts[index : index + size] for index in range(0, len(starts), size)]

    @property
    def fingerprint(self) -> int:
        """A checksum: equal for two plans that make the same batches, whatever the number of ranks."""
        return zlib.crc32(f"{self.window} {self.tokens} {self.seed}".encode(), zlib.crc32(self._ids.tobytes()))
