"""Training examples: a caption and its picture, in batches of captions of similar length."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from heedful.data.batch import padded
from heedful.data.bucket import BatchPlan, Plan, Share
from heedful.data.tensors import TensorBatch
from heedful.shapes import BOS, EOS, PAD
from heedful.task.caption.sources import Inputs
from heedful.train import Ranks, TrainSettings


@dataclass(frozen=True)
class CaptionBatch(TensorBatch):
    """Pictures and captions as tensors: B rows, T tokens of the longest caption.

    `source` is what the encoder reads, and `source_lengths` its lengths (see `lengths_of`). `target_in`, `target_out`
    and `tokens_total` are as in `PairBatch`.
    """

    source: Shaped[Tensor, "B ..."]
    source_lengths: Int64[Tensor, " B"]
    target_in: Int64[Tensor, "B T"]
    target_out: Int64[Tensor, "B T"]
    tokens_total: int


@dataclass(frozen=True)
class Example:
    """The row of a picture, and the token ids of one of its captions, without BOS and EOS."""

    row: int
    ids: list[int]


@dataclass(frozen=True)
class CaptionExamples:
    """Examples as training reads them; a picture with several captions is in several examples."""

    inputs: Inputs
    items: Sequence[Example]
    counted: str = "tokens"

    def plan(self, settings: TrainSettings, ranks: Ranks) -> Plan:
        """Batches of at most ``train.tokens`` padded tokens each."""
        lengths = [(len(item.ids) + 1,) for item in self.items]
        return BatchPlan(lengths, tokens=settings.tokens, seed=settings.seed, rank=ranks.rank, world=ranks.world)

    def collate(self, share: Share) -> CaptionBatch:
        """The tensors of a share.

        An empty one has a picture of the batch and no word: the rank takes part in the step, and counts nothing.
        """
        total = sum(len(self.items[row].ids) + 1 for row in share.all_rows)
        if share.rows:
            return collate(self.inputs, [self.items[row] for row in share.rows], tokens_total=total)
        batch = collate(self.inputs, [Example(self.items[share.all_rows[0]].row, [])], tokens_total=total)
        batch.target_out.fill_(PAD)
        return batch


def collate(inputs: Inputs, items: Sequence[Example], *, tokens_total: int | None = None) -> CaptionBatch:
    """A batch of examples; `tokens_total` counts the tokens of the batch over all ranks, by default those here.

    Raises: UserError, for a picture that cannot be read.
    """
    source = inputs.batch([item.row for item in items])
    target_in, _ = padded([[BOS, *item.ids] for item in items])
    target_out, counts = padded([[*item.ids, EOS] for item in items])
    total = int(counts.sum()) if tokens_total is None else tokens_total
    return CaptionBatch(source, lengths_of(source), target_in, target_out, total)


def lengths_of(source: Shaped[Tensor, "B ..."]) -> Int64[Tensor, " B"]:
    """The lengths that an encoder takes: the number of cells of features, all of them real; 1 for pictures."""
    return torch.full((source.shape[0],), source.shape[1] if source.ndim == 3 else 1)
