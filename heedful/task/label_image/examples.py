"""Training pictures as tensors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jaxtyping import Int64, Shaped
from torch import Tensor, tensor

from heedful.data.document import UNLABELLED
from heedful.data.tensors import TensorBatch


@dataclass(frozen=True)
class LabelledPictureBatch(TensorBatch):
    """A batch, as `heedful.model.picture.output.LabelledPictures` describes it; `tokens_total` counts pictures."""

    pictures: Shaped[Tensor, "B ..."]
    labels: Int64[Tensor, " B"]
    grid: tuple[int, int] | None
    tokens_total: int


@dataclass(frozen=True)
class LabelledPictureItems:
    """The pictures of a data set by row: `read` makes a tensor of some rows, and `labels` are their classes."""

    read: Callable[[Sequence[int]], Tensor]
    labels: Sequence[int]
    grid: tuple[int, int] | None

    def __len__(self) -> int:
        return len(self.labels)


def collate_pictures(
    items: LabelledPictureItems, rows: Sequence[int], *, all_rows: Sequence[int]
) -> LabelledPictureBatch:
    """The tensors of some rows; `all_rows` are those of the batch over all processes.

    An empty share has a picture of the batch without its label: the process takes part in the step, and counts nothing.
    """
    chosen = list(rows) or list(all_rows[:1])
    labels = [items.labels[row] for row in rows] or [UNLABELLED]
    return LabelledPictureBatch(items.read(chosen), tensor(labels), items.grid, len(all_rows))
