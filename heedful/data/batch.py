"""A batch of sentence pairs as tensors: padded, with BOS and EOS in their places."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from heedful.shapes import BOS, EOS, PAD


@dataclass(frozen=True, slots=True)
class Example:
    """The ids of a sentence and of its translation, without BOS and EOS."""

    source: list[int]
    target: list[int]


@dataclass(frozen=True)
class PairBatch:
    """Sentence pairs side by side. B rows, S the longest source, T the longest target, each with its EOS.

    `source` ends with EOS, which the decoder may look at; `target_in` starts with BOS; `target_out` is the same
    shifted, with EOS at the end; PAD stands beyond. Lengths count EOS (and BOS in its stead). `rows` says which
    examples these are. `tokens_total` counts the target tokens of the WHOLE batch over all ranks: a step's loss
    is the sum over tokens divided by it, so that it does not matter how many processes share the batch.
    """

    source: Int64[Tensor, "B S"]
    source_lengths: Int64[Tensor, " B"]
    target_in: Int64[Tensor, "B T"]
    target_out: Int64[Tensor, "B T"]
    target_lengths: Int64[Tensor, " B"]
    rows: list[int]
    tokens_total: int

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "PairBatch":
        """The same batch on another device."""
        return replace(
            self, **{name: tensor.to(device, non_blocking=non_blocking) for name, tensor in self._tensors().items()}
        )

    def pin_memory(self) -> "PairBatch":
        """The same batch in page-locked memory, from where a GPU copies faster."""
        return replace(self, **{name: tensor.pin_memory() for name, tensor in self._tensors().items()})

    def _tensors(self) -> dict[str, Tensor]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}


def collate(
    examples: Sequence[Example], rows: Sequence[int] | None = None, *, everyone: Sequence[int] | None = None
) -> PairBatch:
    """Puts the given rows of `examples` (all without `rows`) side by side.

    `everyone` names the rows of the whole batch over all ranks, when `rows` is one rank's share of it. A rank whose
    share is empty gets a copy of the batch's first source with a blank target of length 0: it takes part in the
    step, as collective operations ask for, and adds nothing to loss or gradients.

    Raises: ValueError, when there is no row at all.
    """
    rows = list(range(len(examples)) if rows is None else rows)
    whole = rows if everyone is None else everyone
    if not whole:
        raise ValueError("a batch needs at least one row")
    tokens_total = sum(len(examples[row].target) + 1 for row in whole)
    if not rows:
        return _blank(examples[whole[0]], tokens_total)
    source, source_lengths = padded([[*examples[row].source, EOS] for row in rows])
    target_in, target_lengths = padded([[BOS, *examples[row].target] for row in rows])
    target_out, _ = padded([[*examples[row].target, EOS] for row in rows])
    return PairBatch(source, source_lengths, target_in, target_out, target_lengths, rows, tokens_total)


def pad_sources(sources: Sequence[Sequence[int]]) -> tuple[Int64[Tensor, "B S"], Int64[Tensor, " B"]]:
    """Sources alone, as `encode` of a model takes them: ids with EOS, padded, and their lengths with EOS."""
    return padded([[*ids, EOS] for ids in sources])


def _blank(example: Example, tokens_total: int) -> PairBatch:
    source, source_lengths = pad_sources([example.source])
    none = torch.zeros(1, dtype=torch.int64)
    target_in, target_out = torch.tensor([[BOS]]), torch.tensor([[PAD]])
    return PairBatch(source, source_lengths, target_in, target_out, none, [], tokens_total)


def padded(sequences: Sequence[Sequence[int]]) -> tuple[Int64[Tensor, "B L"], Int64[Tensor, " B"]]:
    """Sequences of ids side by side, with PAD up to the longest, and their lengths."""
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    padded = np.full((len(sequences), int(lengths.max(initial=0))), PAD, dtype=np.int64)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = np.fromiter(chain.from_iterable(sequences), dtype=np.int64)
    return torch.from_numpy(padded), torch.from_numpy(lengths)
