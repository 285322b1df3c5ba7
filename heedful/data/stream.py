"""Text for language models: one long stream cut into windows, or documents with a beginning and an end.

Either is cut into `Run`s of ids: a run's ids but the last are the inputs, its ids but the first the targets.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from heedful.data.bucket import Share
from heedful.shapes import BOS, EOS, PAD

Ids = np.ndarray[Any, np.dtype[np.int64]]


class Run(NamedTuple):
    """Ids in a row; the first `lead` targets are not asked for: their tokens are only there to be looked at."""

    ids: Ids
    lead: int = 0

    @property
    def asked(self) -> int:
        """How many targets count."""
        return max(0, len(self.ids) - 1 - self.lead)


@runtime_checkable
class Runs(Protocol):
    """Runs by number: a list of them, or the windows of a text by their first token."""

    def __getitem__(self, row: int, /) -> Run: ...


@dataclass(frozen=True)
class SequenceBatch:
    """Runs side by side: B rows of T inputs, the target after each, and PAD where none is asked for.

    `rows` says which runs these are. `tokens_total` counts the targets of the WHOLE batch over all ranks.
    """

    inputs: Int64[Tensor, "B T"]
    targets: Int64[Tensor, "B T"]
    rows: list[int]
    tokens_total: int

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "SequenceBatch":
        """The same batch on another device."""
        inputs, targets = (one.to(device, non_blocking=non_blocking) for one in (self.inputs, self.targets))
        return replace(self, inputs=inputs, targets=targets)

    def pin_memory(self) -> "SequenceBatch":
        """The same batch in page-locked memory, from where a GPU copies faster."""
        return replace(self, inputs=self.inputs.pin_memory(), targets=self.targets.pin_memory())


def line_up(runs: Runs, rows: Sequence[int], *, everyone: Sequence[int] | None = None) -> SequenceBatch:
    """Puts the runs of these rows side by side, padded at the end.

    `everyone` names the rows of the whole batch over all ranks, when `rows` is one rank's share of it. A rank whose
    share is empty gets a run without targets: it takes part in the step, and adds nothing to it.
    Raises: ValueError, when there is no row at all.
    """
    whole = list(rows if everyone is None else everyone)
    if not whole:
        raise ValueError("a batch needs at least one row")
    chosen = [runs[row] for row in rows] or [Run(runs[whole[0]].ids[:2], lead=1)]
    longest = max(len(run.ids) for run in chosen) - 1
    inputs, targets = np.full((2, len(chosen), longest), PAD, dtype=np.int64)
    for row, run in enumerate(chosen):
        size = len(run.ids) - 1
        inputs[row, :size] = run.ids[:-1]
        targets[row, run.lead : size] = run.ids[1 + run.lead :]
    total = sum(runs[row].asked for row in whole)
    return SequenceBatch(torch.from_numpy(inputs), torch.from_numpy(targets), list(rows), total)


def document(ids: Sequence[int]) -> Ids:
    """A document's ids between BOS and EOS."""
    return np.array([BOS, *ids, EOS], dtype=np.int64)


def documents_cut(documents: Iterable[Sequence[int]], window: int) -> list[Run]:
    """Documents between BOS and EOS, one of more than `window` tokens in several runs one after the other."""
    return [run for ids in documents for run in cut(document(ids), window)]


def cut(ids: Ids, window: int, *, context: int = 0) -> list[Run]:
    """Runs of at most `window` inputs that ask for every token but the first exactly once.

    All but the first begin with `context` tokens that were asked for before, so that what follows has something to
    look at.
    Raises: ValueError, when the context fills the window.
    """
    if not 0 <= context < window:
        raise ValueError(
            f"a context of {context} tokens does not fit into a window of {window} with a token to ask for"
        )
    runs = [Run(ids[: window + 1])]
    for first in range(window - context, max(len(ids) - 1 - context, 0), window - context):
        runs.append(Run(ids[first : first + window + 1], lead=context))
    return runs


@dataclass(frozen=True, eq=False)
class TextWindows:
    """The windows of a text by the place of their first token; the last ones are shorter."""

    ids: Ids
    window: int

    def __getitem__(self, row: int, /) -> Run:
        return Run(self.ids[row : row + self.window + 1])


class StreamPlan:
    """The batches of a long text, epoch by epoch: windows beside each other, shifted anew each time.

    An epoch is made by `seed` and its number alone: the text is cut every `window` tokens from a random place among
    the first `window`, and the windows are shuffled; what is left over at both ends comes in other epochs. A batch has
    as many windows as fit into `tokens`, one at least; the last of an epoch may have fewer. A row is the place of a
    window's first token. Ranks share batches as those of `BatchPlan`.
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
        self.window = min(window, len(ids) - 1)
        self.tokens, self.seed, self.rank, self.world = tokens, seed, rank, world

    def shares(self, number: int) -> list[Share]:
        """The share that this rank has of each batch of an epoch."""
        return [
            Share(batch[self.rank :: self.world], batch, number, position)
            for position, batch in enumerate(self.batches(number))
        ]

    def batches(self, number: int) -> list[list[int]]:
        """The windows of all ranks in each batch of an epoch, by their first tokens."""
        random = np.random.default_rng([self.seed, number])
        targets = len(self._ids) - 1
        first = int(random.integers(min(self.window, targets - self.window + 1)))
        starts = random.permutation(np.arange(first, targets - self.window + 1, self.window)).tolist()
        size = max(1, self.tokens // self.window)
        return [starts[place : place + size] for place in range(0, len(starts), size)]

    @property
    def fingerprint(self) -> int:
        """A number that tells whether two plans make the same batches, however many ranks share them."""
        return zlib.crc32(f"{self.window} {self.tokens} {self.seed}".encode(), zlib.crc32(self._ids.tobytes()))
