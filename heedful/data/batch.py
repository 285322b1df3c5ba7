"""A batch of sentence pairs as padded tensors, with BOS and EOS added."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from heedful.data.tensors import TensorBatch, share_of
from heedful.shapes import BOS, EOS, PAD


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of a sentence and of its translation, without BOS and EOS."""

    source: list[int]
    target: list[int]


@dataclass(frozen=True)
class PairBatch(TensorBatch):
    """Sentence pairs as padded tensors. B rows, S longest source, T longest target, both with EOS.

    `source` ends with EOS, which the decoder may attend to. `target_in` starts with BOS; `target_out` is the same
    sequence shifted by one and ends with EOS. Positions after the end hold PAD. Lengths count EOS (in `target_in`,
    BOS instead). `rows` are the indices of the examples. `tokens_total` counts the target tokens of the whole batch
    over all ranks. A step divides its summed loss by it, so the loss does not depend on the number of processes.
    """

    source: Int64[Tensor, "B S"]
    source_lengths: Int64[Tensor, " B"]
    target_in: Int64[Tensor, "B T"]
    target_out: Int64[Tensor, "B T"]
    target_lengths: Int64[Tensor, " B"]
    rows: list[int]
    tokens_total: int


def collate(
    examples: Sequence[Example], rows: Sequence[int] | None = None, *, all_rows: Sequence[int] | None = None
) -> PairBatch:
    """Collates the examples at the indices `rows` (default: all) into one padded batch.

    `all_rows` are the indices of the whole batch over all ranks, when `rows` is one rank's share of it. A rank whose
    share is empty gets a copy of the batch's first source with an empty target. It then takes part in the step, as
    collective operations require, and contributes nothing to the loss or the gradients.

    Raises: ValueError, when `rows` and `all_rows` are empty.
    """
    rows, whole = share_of(len(examples), rows, all_rows)
    tokens_total = sum(len(examples[row].target) + 1 for row in whole)
    if not rows:
        return _blank(examples[whole[0]], tokens_total)
    source, source_lengths = padded([[*examples[row].source, EOS] for row in rows])
    target_in, target_lengths = padded([[BOS, *examples[row].target] for row in rows])
    target_out, _ = padded([[*examples[row].target, EOS] for row in rows])
    return PairBatch(source, source_lengths, target_in, target_out, target_lengths, rows, tokens_total)


def pad_sources(sources: Sequence[Sequence[int]]) -> tuple[Int64[Tensor, "B S"], Int64[Tensor, " B"]]:
    """Sources for a model's `encode`: padded ids, each with EOS appended, and their lengths including EOS."""
    return padded([[*ids, EOS] for ids in sources])


def _blank(example: Example, tokens_total: int) -> PairBatch:
    source, source_lengths = pad_sources([example.source])
    # The target is PAD alone: one position to compute, and none that the loss counts.
    no_length = torch.zeros(1, dtype=torch.int64)
    target_in, target_out = torch.tensor([[BOS]]), torch.tensor([[PAD]])
    return PairBatch(source, source_lengths, target_in, target_out, no_length, [], tokens_total)


def padded(sequences: Sequence[Sequence[int]]) -> tuple[Int64[Tensor, "B L"], Int64[Tensor, " B"]]:
    """Sequences of ids padded with PAD to the longest, and their lengths."""
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    # `initial` is for no sequences at all, of which there is no maximum.
    padded = np.full((len(sequences), int(lengths.max(initial=0))), PAD, dtype=np.int64)
    # One masked assignment is much quicker than a loop over rows; the mask selects in row order, as `chain` does.
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = np.fromiter(chain.from_iterable(sequences), dtype=np.int64)
    return torch.from_numpy(padded), torch.from_numpy(lengths)
