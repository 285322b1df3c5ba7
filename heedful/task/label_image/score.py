"""Scores labels of pictures and where the model looked, beside controls that look elsewhere."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from heedful.axes import Box
from heedful.data.document import UNLABELLED
from heedful.data.image import LabelledPicture, at_row
from heedful.data.labels import class_numbers
from heedful.errors import UserError, did_you_mean
from heedful.metric.classes import class_scores, confusion_matrix, count_classes
from heedful.metric.pointing import Point, hit_rates, part_rates
from heedful.model.picture.policy import CentrePolicy, Policy, RandomPolicy
from heedful.task.answering import answering
from heedful.task.label_image.labeller import PictureLabeller
from heedful.task.label_image.options import CONTROLS

_SEED = 1
"""Of the control that looks anywhere."""

_FEW = 100
"""With at most so many labels, tables list all of them."""


@dataclass
class Scored:
    """What the model said of pictures that can be read, and where it looked, in pixels of the originals.

    `glimpses` says that it looked at one thing after another, so that the last one counts.
    """

    examples: list[LabelledPicture] = field(default_factory=list[LabelledPicture])
    logits: list[Tensor] = field(default_factory=list[Tensor])
    boxes: list[Mapping[str, Box]] = field(default_factory=list[Mapping[str, Box]])
    skipped: list[UserError] = field(default_factory=list[UserError])
    glimpses: bool = False


def evaluate(labeller: PictureLabeller, examples: Sequence[LabelledPicture], controls: str = "") -> dict[str, Any]:
    """Labels pictures and compares the labels with those of the table, and where the model looked with its boxes.

    A picture whose label training has not seen counts as an error; the loss leaves it out. Pictures that cannot be read
    are left out of everything. `controls` are names of `CONTROLS`, separated by commas.

    Returns: pictures, accuracy, macro_f1, loss (nats), classes, confusion, pictures_per_second; where the table has
        boxes, hit_rate (of the last glimpse, or the mean of all parts) and looks (of each thing that was looked at, the
        share in the box, and within 0.15 diagonals of the box from each part); where a localiser has a part's name,
        parts_rate, the mean of their shares; controls, with accuracy and the means of looks; a note of labels and
        pictures left out.
    Raises: UserError, when there is no picture or none with a known label, and for an unknown control.
    """
    names = control_names(controls)
    if names and not labeller.row_names:
        raise UserError(
            f"the model {labeller.config.model_name!r} does not choose where to look, so that it has no control",
            hint="leave --control out",
        )
    start = time.perf_counter()
    found = scored(labeller, examples)
    seconds = time.perf_counter() - start
    if not found.examples:
        raise found.skipped[0] if found.skipped else UserError("there is nothing to evaluate: no labelled picture")
    numbers, note = class_numbers(found.examples, labeller.labels, "pictures")
    logits = torch.cat(found.logits)
    results: dict[str, Any] = {"pictures": len(found.examples)} | label_scores(logits, numbers)
    results |= where_scores(found.examples, found.boxes, glimpses=found.glimpses)
    results |= _tables(logits, numbers, labeller.labels)
    if names:
        results["controls"] = {name: _control(labeller, found.examples, numbers, name) for name in names}
    results["pictures_per_second"] = round(len(found.examples) / max(seconds, 1e-9), 1)
    notes = [note] if note else []
    if found.skipped:
        notes.append(f"{len(found.skipped)} pictures cannot be read and are left out; the first is {found.skipped[0]}")
    return results | ({"note": "; ".join(notes)} if notes else {})


def scored(
    labeller: PictureLabeller, examples: Sequence[LabelledPicture], policy: Policy | None = None, *, name: str = ""
) -> Scored:
    """The model's answers for pictures, batch by batch; those that cannot be read are listed."""
    found, size = Scored(), labeller.config.answer.pictures
    where = any(example.box is not None for example in examples) and labeller.row_names
    for first in range(0, len(examples), size):
        readable, inputs = _readable(labeller, examples[first : first + size], found)
        if not readable:
            continue
        with answering(labeller.model, labeller.config.answer.precision):
            output = labeller.output(torch.cat(inputs), policy)
        found.glimpses = output.maps is None
        found.logits.append(output.logits)
        found.examples += readable
        for index, example in enumerate(readable):
            if not where:
                found.boxes.append({})
                continue
            original = labeller.reader.original(example.picture)
            if name == "centre":
                # Not of the cell in the middle, which with an even number of cells lies beside the centre.
                found.boxes.append({"centre": original.box((0.5, 0.5, 0.5, 0.5))})
            else:
                found.boxes.append(labeller.boxes(output, index, original))
    return found


def _readable(
    labeller: PictureLabeller, examples: Sequence[LabelledPicture], found: Scored
) -> tuple[list[LabelledPicture], list[Tensor]]:
    """The examples whose picture can be read, and what the model reads of each; the errors of the others are kept."""
    readable: list[LabelledPicture] = []
    inputs: list[Tensor] = []
    for example in examples:
        try:
            inputs.append(labeller.reader.batch([example.picture]))
            readable.append(example)
        except UserError as error:
            found.skipped.append(at_row(error, example))
    return readable, inputs


def label_scores(logits: Float[Tensor, "N C"], gold: Sequence[int]) -> dict[str, float]:
    """Accuracy, macro F1 and loss."""
    scores = class_scores(logits.argmax(-1).numpy(), gold, logits.shape[1])
    labels = torch.tensor(gold)
    known = labels != UNLABELLED
    loss = torch.nn.functional.cross_entropy(logits[known].double(), labels[known]) if known.any() else float("nan")
    return {name: round(value, 4) for name, value in scores.items()} | {"loss": round(float(loss), 4)}


def where_scores(
    examples: Sequence[LabelledPicture], boxes: Sequence[Mapping[str, Box]], *, glimpses: bool
) -> dict[str, Any]:
    """Hits in the boxes and near the parts of a table; empty where it has none, or the model does not look."""
    points = [{name: _centre(box) for name, box in of_picture.items()} for of_picture in boxes]
    if glimpses:  # where the model is led to, and not how it got there
        points = [dict(list(of_picture.items())[-1:]) for of_picture in points]
    known = [example.box for example in examples]
    hits = hit_rates(points, known)
    if not hits:
        return {}
    parts = part_rates(points, known, [example.parts for example in examples])
    same = [rates[part] for part, rates in parts.items() if part in rates]
    results: dict[str, Any] = {"hit_rate": round(sum(hits.values()) / len(hits), 4)}
    if same:
        results["parts_rate"] = round(sum(same) / len(same), 4)
    # A row for each thing that was looked at, a column for the box and for each part.
    results["looks"] = {
        name: {"box": round(rate, 4), **{part: round(rates[name], 4) for part, rates in parts.items()}}
        for name, rate in hits.items()
    }
    return results


def control_names(controls: str) -> list[str]:
    """The names of controls in a text with commas.

    Raises: UserError, for an unknown name.
    """
    names = [name.strip() for name in controls.split(",") if name.strip()]
    for name in names:
        if name not in CONTROLS:
            raise UserError(f"no control is called {name!r}", hint=did_you_mean(name, CONTROLS))
    return names


def _control(
    labeller: PictureLabeller, examples: Sequence[LabelledPicture], gold: Sequence[int], name: str
) -> dict[str, Any]:
    """The same model, looking where a control looks."""
    policy = CentrePolicy() if name == "centre" else RandomPolicy(torch.Generator().manual_seed(_SEED))
    found = scored(labeller, examples, policy, name=name)
    numbers = {"accuracy": label_scores(torch.cat(found.logits), gold)["accuracy"]}
    where = where_scores(found.examples, found.boxes, glimpses=found.glimpses)
    if not where:
        return numbers
    # One row for the control: what it looks at has no names that mean anything.
    rows: list[dict[str, float]] = list(where["looks"].values())
    return numbers | {column: round(sum(row[column] for row in rows) / len(rows), 4) for column in rows[0]}


def _centre(box: Box) -> Point:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _tables(logits: Float[Tensor, "N C"], gold: Sequence[int], labels: Sequence[str]) -> dict[str, Any]:
    """Precision, recall and F1 of each label, and the confusion; none with very many labels."""
    if len(labels) > _FEW:
        return {}
    predicted = logits.argmax(-1).numpy()
    counts = count_classes(predicted, gold, len(labels))
    columns = (counts.precision.tolist(), counts.recall.tolist(), counts.f1.tolist(), counts.gold.tolist())
    classes = {
        label: {"precision": round(p, 4), "recall": round(r, 4), "f1": round(f, 4), "pictures": n}
        for label, p, r, f, n in zip(labels, *columns, strict=True)
    }
    matrix: list[list[int]] = np.asarray(confusion_matrix(predicted, gold, len(labels))).tolist()
    confusion = {label: dict(zip(labels, row, strict=True)) for label, row in zip(labels, matrix, strict=True)}
    return {"classes": classes, "confusion": confusion}
