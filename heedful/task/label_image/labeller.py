"""A trained classifier of pictures, which shows where it looked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from heedful.axes import Box
from heedful.errors import UserError
from heedful.model.picture.output import PictureOutput
from heedful.model.picture.policy import Policy
from heedful.shapes import describe
from heedful.task.answering import answering
from heedful.task.base import Parts, Predictor
from heedful.task.inputs import as_questions
from heedful.task.label_image.config import LabelImageConfig
from heedful.task.label_image.parts import reader_of
from heedful.task.label_image.reader import Item, Original, Reader, as_item
from heedful.task.models import model_title
from heedful.watch import Map, Mark, Overlay, ScanPath
from heedful.watch.notebook import answer_html


@dataclass(frozen=True, eq=False)
class PictureLabel:
    """The label of a picture, its probability, and where the model looked.

    `probabilities` has every label, in the order of the classes. `boxes` has what was looked at by name ("part 1",
    "beak", "glimpse 1"), as left, top, right and bottom in pixels of the original picture; boxes at an edge reach
    beyond it, so that the centre of a box is where the model looked. `maps` are drawn over the picture; there are none
    if attention was not asked for.
    """

    label: str
    probability: float
    probabilities: Mapping[str, float] = field(repr=False)
    boxes: Mapping[str, Box] = field(default_factory=dict[str, Box], repr=False)
    maps: Sequence[Map] = field(default=(), repr=False)

    def _repr_html_(self) -> str:
        """The label and its maps, for notebooks."""
        return answer_html(f"{self.label} {self.probability:.4f}", self.maps)


class PictureLabeller(Predictor[LabelImageConfig]):
    """A trained model with the labels and the way in which pictures are read, as `heedful.load(folder)` returns it."""

    model: Any

    def __init__(self, config: LabelImageConfig, model: nn.Module, parts: Parts, *, task: Any = None) -> None:
        super().__init__(config, model, parts, task=task)
        self._reader: Reader | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the scores."""
        return self.config.labels

    @property
    def reader(self) -> Reader:
        """How pictures are read.

        Raises: UserError, when features are read and their folder is missing or holds others than those of training.
        """
        # Not in `__init__`: a run loads although the folder of its training features is elsewhere by now.
        if self._reader is None:
            self._reader = reader_of(self.config, self.parts)
        return self._reader

    @property
    def row_names(self) -> tuple[str, ...]:
        """What the model looks at, by name; empty for a model that does not look."""
        return tuple(getattr(self.model, "row_names", ()))

    def predict(self, pictures: Sequence[str | Path | Any], *, attention: bool = True) -> list[PictureLabel]:
        """The label of each picture, in the order of the pictures; faster without `attention`.

        A picture is a path, or pixels as uint8 ``[height, width]`` or ``[height, width, 3]``.
        Raises: UserError, for a single picture in place of a list, for an item that is no picture, and for a file that
            cannot be read.
        """
        items = [
            as_item(value, f"item {position}") for position, value in enumerate(as_questions(pictures, "pictures"))
        ]
        return [
            self._labelled(items[row], output, index, attention=attention)
            for rows, output in self.outputs(items)
            for index, row in enumerate(rows)
        ]

    def outputs(self, items: Sequence[Item], policy: Policy | None = None) -> Iterator[tuple[range, PictureOutput]]:
        """The model's output for each batch of pictures, and the rows of the batch; `policy` looks in its place.

        Raises: UserError, when the model cannot be told where to look, or returns something else than scores.
        """
        size = self.config.answer.pictures
        with answering(self.model, self.config.answer.precision):
            for first in range(0, len(items), size):
                rows = range(first, min(first + size, len(items)))
                batch = self.reader.batch([items[row] for row in rows])
                yield rows, self.output(batch, policy)

    def output(self, batch: Tensor, policy: Policy | None = None) -> PictureOutput:
        """The model's output for pictures as `reader` reads them, on the CPU.

        Raises: UserError, as `outputs`.
        """
        further: dict[str, Any] = {} if policy is None else {"policy": policy}
        if policy is not None and not self.row_names:
            raise UserError(
                f"the model {self.config.model_name!r} does not choose where to look, so that it has no control",
                hint="compare it with the accuracy of a model that does",
            )
        output = self.model(batch.to(self.device), self.reader.grid, **further)
        if isinstance(output, Tensor):  # a model of the user's need not look anywhere
            output = PictureOutput(output)
        if not isinstance(output, PictureOutput) or output.logits.shape != (len(batch), len(self.labels)):
            found = describe(output.logits) if isinstance(output, PictureOutput) else type(output).__name__
            raise UserError(
                f"{type(self.model).__name__}.forward returned {found}",
                hint=f"expected scores [{len(batch)}, {len(self.labels)}]: one row per picture, one score per label",
            )
        tensors = (output.logits.float(), output.maps, output.boxes)
        logits, maps, boxes = (None if tensor is None else tensor.float().cpu() for tensor in tensors)
        assert logits is not None
        return PictureOutput(logits, maps, output.grid, boxes)

    def boxes(self, output: PictureOutput, index: int, original: Original) -> dict[str, Box]:
        """What the model looked at in one picture of an output, by name, in pixels of the original."""
        if output.boxes is None:
            return {}
        found = map(original.box, output.boxes[index].tolist())
        return dict(zip(self.row_names, found, strict=True))

    def _labelled(self, item: Item, output: PictureOutput, index: int, *, attention: bool) -> PictureLabel:
        shares = torch.softmax(output.logits[index], dim=-1).tolist()
        probabilities = dict(zip(self.labels, shares, strict=True))
        label = max(probabilities, key=probabilities.__getitem__)
        if not attention or output.boxes is None:
            return PictureLabel(label, probabilities[label], probabilities)
        original = self.reader.original(item)
        boxes = self.boxes(output, index, original)
        title = f"{model_title(self.config.model.name)}: {label}, probability {probabilities[label]:.2f}"
        maps = [_map_of(output, index, original, boxes, title=title)]
        return PictureLabel(label, probabilities[label], probabilities, boxes, maps)


def _map_of(output: PictureOutput, index: int, original: Original, boxes: Mapping[str, Box], *, title: str) -> Map:
    """Glimpses as a path over the picture; parts and soft attention as a map each, with the part's box."""
    if output.maps is None or output.grid is None:
        path = ScanPath([Mark.around(box) for box in boxes.values()])
        return Map(torch.zeros(1, 1), ["glimpses"], original.grid(1, 1), title, overlay=Overlay(marks=[[path]]))
    weights, grid = output.maps[index], original.grid(*output.grid)
    # A single map is that of soft attention, whose heaviest cell is outlined anyway.
    marks = [] if len(weights) == 1 else [[Mark.around(box)] for box in boxes.values()]
    return Map(weights, list(boxes), grid, title, overlay=Overlay(marks=marks))
