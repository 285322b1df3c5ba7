"""Labelling pictures: which class a picture is of, and where that is seen."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from heedful.data.columns import Columns
from heedful.data.document import UNLABELLED
from heedful.data.image import (
    Augmenter,
    LabelledPicture,
    PictureReader,
    at_row,
    check_pictures,
    label_columns,
    load_pictures,
    picture_paths,
    read_labelled_pictures,
)
from heedful.data.labels import alike_labels, alike_note, class_numbers, sorted_labels
from heedful.data.notes import once_note
from heedful.data.report import Finding, Report, finding
from heedful.errors import UserError
from heedful.task.base import Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.hold_out import Strata
from heedful.task.label_image.config import LabelImageConfig
from heedful.task.label_image.examples import LabelledPictureExamples
from heedful.task.label_image.labeller import PictureLabel, PictureLabeller
from heedful.task.label_image.options import OPTIONS
from heedful.task.label_image.parts import PICTURE, attributes_of, learn_parts, read_parts, with_features
from heedful.task.label_image.score import evaluate, label_scores
from heedful.watch import Map

_FEW = 5  # classes with fewer pictures are reported as hard to learn
_COLUMN = "is the column of labels the right one (data.label_column)?"


@dataclass(frozen=True)
class Validation:
    """The validation pictures, and their tensors by row."""

    examples: Sequence[LabelledPicture]
    items: LabelledPictureExamples


class LabelImage(Task[list[LabelledPicture], Validation]):
    """Labels pictures."""

    summary = "trains a classifier on labelled pictures that shows where it looks"
    files = "a .csv, .tsv or .jsonl file with image and label, or a folder with one folder of pictures per label"
    config = LabelImageConfig
    predictor = PictureLabeller
    options = OPTIONS
    usage = Usage(
        "a classifier of pictures",
        "Label pictures, see where a label comes from, or score it on labelled pictures",
        ("heedful predict {run} FOLDER > OUT", "heedful show {run} PICTURE", "heedful eval {run} FILE"),
        ("labeller", 'print(labeller.predict(["picture.jpg"])[0].label)'),
    )
    model_methods: ClassVar[Mapping[str, str]] = {
        "forward": "forward(pictures, grid) -> scores [B, classes], or a heedful.model.picture.output.PictureOutput"
    }

    def read(self, config: LabelImageConfig, files: Files) -> list[LabelledPicture]:
        """The pictures with their labels, boxes and parts."""
        data = config.data
        pictures = None if data.pictures is None else Path(data.pictures)
        return read_labelled_pictures(files.paths, image=data.image_column, label=data.label_column, pictures=pictures)

    def columns(self, config: LabelImageConfig) -> Columns:
        """The columns image and label, by their names in the settings."""
        return label_columns(config.data.image_column, config.data.label_column)

    def settle(self, config: LabelImageConfig, raw: list[LabelledPicture]) -> LabelImageConfig:
        """Sets the labels to those of the training pictures, and the width of precomputed features."""
        labels = sorted_labels(example.label for example in raw)
        if len(labels) < 2:
            raise UserError(
                f"all training pictures have the label {raw[0].label!r}, so that there is nothing to learn",
                where=raw[0].where,
                hint=f"give pictures of at least two classes; {_COLUMN}",
            )
        return with_features(config.model_copy(update={"labels": labels}))

    def strata(self, config: LabelImageConfig, raw: list[LabelledPicture]) -> Strata:
        """Pictures are stratified by label; a picture that is there several times is held out with all its rows."""
        hint = f"give pictures with --valid, or two or more of a class; {_COLUMN}"
        return Strata(
            "pictures", kinds=[example.label for example in raw], groups=[example.picture for example in raw], hint=hint
        )

    def learn(self, config: LabelImageConfig, raw: list[LabelledPicture]) -> Parts:
        """How pictures are read, and the attributes of labels."""
        return learn_parts(config, raw)

    def load_parts(self, config: LabelImageConfig, folder: Path) -> Parts:
        """The parts in a run folder."""
        return read_parts(config, folder)

    def sizes(self, config: LabelImageConfig, parts: Parts) -> Mapping[str, Any]:
        """The number of classes, and their attributes or None."""
        return {"classes": len(config.labels), "attributes": attributes_of(parts)}

    def prepare(
        self, predictor: PictureLabeller, train: list[LabelledPicture], valid: list[LabelledPicture]
    ) -> Prepared[Validation]:
        """Reads pictures; warns of those that cannot be read and of unknown labels."""
        names = predictor.config.data.augment
        learnt, _, warnings = _items(predictor, train, "training", Augmenter(names) if names else None)
        validated, examples, more = _items(predictor, valid, "validation", None)
        doubts = [*alike_note(each.label for each in train), *once_note((each.label for each in train), "picture")]
        return Prepared(learnt, Validation(examples, validated), [*doubts, *warnings, *more])

    def measure(self, predictor: PictureLabeller, valid: Validation) -> Mapping[str, float]:
        """Accuracy, macro F1 and loss."""
        items, size = valid.items, predictor.config.answer.pictures
        rows = range(len(items))
        logits = [predictor.output(items.read(rows[first : first + size])).logits for first in rows[::size]]
        return label_scores(torch.cat(logits), items.labels)

    def above_chance(self, predictor: PictureLabeller, valid: Validation, metric: float) -> float | None:
        """From the accuracy of always answering the most frequent label to 1."""
        if predictor.config.train.metric != "valid_accuracy":
            return None
        chance = max(Counter(each.label for each in valid.examples).values()) / len(valid.examples)
        return (metric - chance) / (1 - chance) if chance < 1 else None

    def watch(self, predictor: PictureLabeller, valid: Validation) -> Callable[[], Map | None]:
        """Where the model looks at the first validation picture."""
        picture = valid.examples[0].picture
        return lambda: next(iter(predictor.predict([picture])[0].maps), None)

    def questions(self, config: LabelImageConfig, file: str) -> Iterator[str]:
        """The picture, the pictures of a folder, those of a table, or those whose names are in a file."""
        data = config.data
        pictures = None if data.pictures is None else Path(data.pictures)
        return (str(path) for path in picture_paths(file, image=data.image_column, pictures=pictures))

    def answer(
        self,
        predictor: PictureLabeller,
        questions: Sequence[str],
        *,
        first: int,
        maps: bool,
        options: Options,
        every: bool = False,
    ) -> list[Answer]:
        """The label and its probability, separated by a tab. The maps are all that there are."""
        return [_answered(label) for label in predictor.predict(questions, attention=maps)]

    def show(self, predictor: PictureLabeller, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The label of the picture with this name, and where the model looked."""
        return [_answered(predictor.predict(texts)[0])]

    def score(self, predictor: PictureLabeller, raw: list[LabelledPicture], options: Options) -> dict[str, Any]:
        """Accuracy, macro F1, loss, numbers of each class, hits in boxes and near parts, and controls."""
        return evaluate(predictor, raw, str(options.get("control") or ""))

    def report(self, config: LabelImageConfig, raw: list[LabelledPicture], parts: Parts) -> Report:
        """Sizes of pictures, those that cannot be read or are repeated, labels, boxes and parts."""
        found = check_pictures(raw, PictureReader(config.data.max_megapixels))
        counts = Counter(example.label for example in raw)
        facts = {
            "labels": Finding(len(counts), [f"{label} {count}" for label, count in counts.most_common(12)]),
            f"labels of fewer than {_FEW} pictures": finding([each for each, count in counts.items() if count < _FEW]),
            "labels that look alike": finding(alike_labels(example.label for example in raw)),
            "pictures with a box": Finding(sum(example.box is not None for example in raw), []),
            "pictures with parts": Finding(sum(bool(example.parts) for example in raw), []),
        }
        examples = [(example.where, [f"{example.picture.name}: {example.label}"]) for example in raw[:3]]
        return Report(found.sides, {**found.facts, **facts}, examples)


def _items(
    labeller: PictureLabeller, examples: Sequence[LabelledPicture], split: str, augmenter: Augmenter | None
) -> tuple[LabelledPictureExamples, Sequence[LabelledPicture], list[str]]:
    """The pictures of a data set, the examples that can be read, and notes about those that cannot."""
    data, reader = labeller.config.data, labeller.reader
    if PICTURE in labeller.parts:
        loaded = load_pictures(examples, labeller.parts[PICTURE], strict=data.strict, memory=data.cache * 1_000_000)
        examples, notes = loaded.examples, list(loaded.warnings)

        def read(rows: Sequence[int]) -> Tensor:
            return loaded.pictures.batch(rows, augmenter)
    else:
        examples, features, notes = _features(labeller, examples)

        def read(rows: Sequence[int]) -> Tensor:
            return features[list(rows)]

    numbers, unknown = class_numbers(examples, labeller.labels, "pictures")
    notes += [unknown] if unknown else []
    assert split != "training" or UNLABELLED not in numbers
    return LabelledPictureExamples(read, numbers, reader.grid), examples, [f"{split}: {note}" for note in notes]


def _features(
    labeller: PictureLabeller, examples: Sequence[LabelledPicture]
) -> tuple[list[LabelledPicture], Tensor, list[str]]:
    """The features of all pictures that have them."""
    kept: list[LabelledPicture] = []
    found: list[Tensor] = []
    skipped: list[UserError] = []
    for example in examples:
        try:
            found.append(labeller.reader.batch([example.picture]))
            kept.append(example)
        except UserError as error:
            skipped.append(at_row(error, example))
            if labeller.config.data.strict:
                raise skipped[-1] from error
    if not kept:
        raise skipped[0]
    note = f"{len(skipped)} of {len(examples)} pictures have no features that can be read, and are left out; the first"
    return kept, torch.cat(found), [f"{note} is {skipped[0]}"] if skipped else []


def _answered(result: PictureLabel) -> Answer:
    """The answer as text and as JSON."""
    record: dict[str, Any] = {"label": result.label, "probability": round(result.probability, 4)}
    record["probabilities"] = {label: round(value, 4) for label, value in result.probabilities.items()}
    if result.boxes:
        record["boxes"] = {name: [round(edge, 1) for edge in box] for name, box in result.boxes.items()}
    return Answer(f"{result.label}\t{result.probability:.4f}", result.maps, record=record)
