"""Training pictures as tensors, in batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jaxtyping import Int64, Shaped
from torch import Tensor, tensor

from heedful.data.bucket import BatchPlan, Plan, Share
from heedful.data.document import UNLABELLED
from heedful.data.tensors import TensorBatch
from heedful.train import Ranks, TrainSettings


@dataclass(frozen=True)
class LabelledPictureBatch(TensorBatch):
    """A batch, as `heedful.model.picture.output.LabelledPictures` describes it; `tokens_total` counts pictures."""

    pictures: Shaped[Tensor, "B ..."]
    labels: Int64[Tensor, " B"]
    grid: tuple[int, int] | None
    tokens_total: int


@dataclass(frozen=True)
class LabelledPictureExamples:
    """The pictures of a data set by row: `read` makes a tensor of some rows, and `labels` are their classes."""

    read: Callable[[Sequence[int]], Tensor]
    labels: Sequence[int]
    grid: tuple[int, int] | None
    counted: str = "pictures"

    def __len__(self) -> int:
        return len(self.labels)

    def plan(self, settings: TrainSettings, ranks: Ranks) -> Plan:
        """Batches of ``train.tokens`` pictures each."""
        lengths = [(1,)] * len(self)
        return BatchPlan(lengths, tokens=settings.tokens, seed=settings.seed, rank=ranks.rank, world=ranks.world)

    def collate(self, share: Share) -> LabelledPictureBatch:
        """The tensors of a share.

        An empty one has a picture of the batch without its label: the process takes part in the step, and counts
        nothing.
        """
        rows = list(share.rows) or list(share.all_rows[:1])
        labels = [self.labels[row] for row in share.rows] or [UNLABELLED]
        return LabelledPictureBatch(self.read(rows), tensor(labels), self.grid, len(share.all_rows))
