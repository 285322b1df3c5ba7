"""Classification: one text in, its label out."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, cast

import torch
from torch import nn

from heedful.data.document import Document, as_document, collate_documents
from heedful.data.labelled import Labelled, read_labelled
from heedful.data.notes import count_note, once_note, repeats
from heedful.data.report import Finding, Report, describe_texts, finding
from heedful.data.table import read_column
from heedful.data.tokenise import load_tokeniser
from heedful.data.unlabelled import unlabelled_columns
from heedful.errors import UserError
from heedful.model.text import TextClassifier
from heedful.task.base import TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.classes import class_numbers, sorted_labels
from heedful.task.classify.classifier import Classification, Classifier
from heedful.task.classify.config import ClassifyConfig
from heedful.task.classify.options import OPTIONS
from heedful.task.classify.score import evaluate, fit_temperature, scored_documents
from heedful.task.hold_out import Strata
from heedful.task.tokenisers import learn_tokeniser
from heedful.task.vectors import begin_from
from heedful.watch import Map

_FEW = 5  # texts of a class that are too few to learn it from
_MANY = 20  # labels, more than which are doubted where there are hardly more texts
_COLUMN = "is the column of labels the right one (data.label_column)?"


@dataclass(frozen=True)
class Validation:
    """The texts to validate on, as they were written and as the model reads them."""

    texts: Sequence[Labelled]
    documents: Sequence[Document]


class Classify(Task[list[Labelled], Validation]):
    """One text in, its label out."""

    summary = "labelled texts in, a classifier out"
    files = (
        "a .tsv, .csv or .jsonl file with text and label, or a folder: a folder a label with a text a file, or a file "
        "a label with a text a line"
    )
    config = ClassifyConfig
    predictor = Classifier
    options = OPTIONS
    usage = Usage(
        "a classifier",
        "Label a file, one text a line, see what it goes by, or score it on labelled texts",
        ("heedful predict {run} FILE > OUT", 'heedful show {run} "a text"', "heedful eval {run} FILE"),
        ("classifier", 'print(classifier.predict(["a text"])[0].label)'),
    )
    model_methods: ClassVar[Mapping[str, str]] = {"logits": "logits(tokens, lengths, sentences) -> [B, classes]"}

    def read(self, config: ClassifyConfig, files: Files) -> list[Labelled]:
        """The texts with their labels."""
        return read_labelled(files.paths, text=config.data.text_column, label=config.data.label_column)

    def settle(self, config: ClassifyConfig, raw: list[Labelled]) -> ClassifyConfig:
        """The labels that the training texts have."""
        labels = sorted_labels(one.label for one in raw)
        if len(labels) < 2:
            raise UserError(
                f"all training texts have the label {raw[0].label!r}, so that there is nothing to tell apart",
                where=raw[0].where,
                hint=f"give texts of two classes or more; {_COLUMN}",
            )
        return config.model_copy(update={"labels": labels})

    def strata(self, config: ClassifyConfig, raw: list[Labelled]) -> Strata:
        """Texts of each class."""
        labels = [one.label for one in raw]
        hint = f"give texts with --valid, or two or more of a class (there are {len(set(labels))}); {_COLUMN}"
        return Strata("texts", kinds=labels, hint=hint)

    def learn(self, config: ClassifyConfig, raw: list[Labelled]) -> Parts:
        """The tokeniser: that of the pretraining where there is one."""
        if config.start is not None:
            return {TOKENISER: load_tokeniser(Path(config.start), TOKENISER)}
        texts = [one.text for one in raw]
        return {TOKENISER: learn_tokeniser(config.data.text, texts, lowercase=config.data.lowercase)}

    def sizes(self, config: ClassifyConfig, parts: Parts) -> Mapping[str, Any]:
        """How many tokens and classes there are."""
        return {"size": parts[TOKENISER].size, "classes": len(config.labels)}

    def begin(self, config: ClassifyConfig, model: nn.Module, parts: Parts) -> list[str]:
        """Words and recurrent layers of a pretraining, or word vectors."""
        if config.start is None and config.data.vectors is None:
            return []
        if not isinstance(model, TextClassifier):
            raise UserError("start and data.vectors are for models of this package", hint="leave them out")
        if config.data.vectors is not None:
            return [begin_from(model.vectors, Path(config.data.vectors), parts[TOKENISER])]
        from heedful.task.commands import load  # a run of another task: which one, its folder says

        pretrained: Any = load(cast(str, config.start)).model
        model.transplant(pretrained.embedding, pretrained.recurrent)
        return [f"words and recurrent layers begin from {config.start}"]

    def prepare(self, predictor: Classifier, train: list[Labelled], valid: list[Labelled]) -> Prepared[Validation]:
        """Texts as documents; those that are cut, empty or of strange labels are told."""
        learnt, warnings = _documents(predictor, train, "training")
        judged, more = _documents(predictor, valid, "validation")
        examples = Bucketed(learnt, [(one.length,) for one in learnt], collate_documents, counted="texts")
        return Prepared(examples, Validation(valid, judged), [*_doubts(train), *warnings, *more])

    def measure(self, predictor: Classifier, valid: Validation) -> Mapping[str, float]:
        """Accuracy, macro F1 and loss."""
        return scored_documents(predictor, valid.documents)

    def watch(self, predictor: Classifier, valid: Validation) -> Callable[[], Map | None]:
        """What the model goes by in a text of about 80 characters."""
        text = min(valid.texts, key=lambda one: abs(len(one.text) - 80)).text
        return lambda: next(iter(predictor.predict([text])[0].words), None)

    def finish(self, predictor: Classifier, valid: Validation, folder: Path) -> tuple[Any, Mapping[str, Any]]:
        """Calibrates on the validation texts, and keeps the temperature in the settings."""
        gold = torch.tensor([one.label for one in valid.documents])
        temperature = fit_temperature(predictor.scores(valid.documents), gold)
        answer = predictor.config.answer.model_copy(update={"temperature": temperature})
        return predictor.config.model_copy(update={"answer": answer}), {"temperature": temperature}

    def questions(self, config: ClassifyConfig, file: str) -> Iterator[str]:
        """Lines of text, or the column of texts of a table, whose texts may be of several lines."""
        data = config.data
        return read_column(file, unlabelled_columns(data.text_column, data.label_column))

    def answer(
        self, predictor: Classifier, questions: Sequence[str], *, first: int, maps: bool, options: Options
    ) -> list[Answer]:
        """A label and its probability, with a tab between."""
        longest = predictor.config.data.max_length
        return [
            _answered(found, f"line {number} is too long; only its first {longest} tokens were read")
            for number, found in enumerate(predictor.predict(questions, attention=maps), start=first)
        ]

    def show(self, predictor: Classifier, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The label with its probability, and the words and sentences that it went by."""
        found = predictor.predict(texts)[0]
        answer = _answered(found, f"too long; only its first {predictor.config.data.max_length} tokens were read")
        all_maps = predictor.every_map(texts[0]) if every else []
        return [replace(answer, maps=all_maps) if all_maps else answer]

    def score(self, predictor: Classifier, raw: list[Labelled], options: Options) -> dict[str, Any]:
        """Accuracy, macro F1, loss, calibration error, and each class."""
        return evaluate(predictor, raw)

    def report(self, config: ClassifyConfig, raw: list[Labelled], parts: Parts) -> Report:
        """Labels and how often each comes, lengths, unknown words, empty and repeated texts."""
        tokeniser, longest = parts[TOKENISER], config.data.max_length
        pieces = [tokeniser.pieces(tokeniser.encode(one.text)) for one in raw]
        counts = Counter(one.label for one in raw)
        twice = [
            (f"{one.where} (as {first.where})", one.label == first.label)
            for one, first in repeats(raw, lambda one: one.text)
        ]
        facts = {
            "texts": Finding(len(raw), []),
            "labels": Finding(len(counts), [f"{label} {count}" for label, count in counts.most_common(12)]),
            f"labels of fewer than {_FEW} texts": finding([label for label, count in counts.items() if count < _FEW]),
            "empty": finding([one.where for one in raw if not one.text]),
            "seen before": finding([where for where, same_label in twice if same_label]),
            "seen before with another label": finding([where for where, same_label in twice if not same_label]),
            f"cut after {longest} tokens": finding(
                [f"{one.where} ({len(own)})" for one, own in zip(raw, pieces, strict=True) if len(own) > longest]
            ),
        }
        examples = [
            (one.where, [one.label, " ".join(own[:60])]) for one, own in list(zip(raw, pieces, strict=True))[:3]
        ]
        return Report({"text": describe_texts([one.text for one in raw], pieces, tokeniser)}, facts, examples)


def _documents(classifier: Classifier, texts: Sequence[Labelled], split: str) -> tuple[list[Document], list[str]]:
    """The texts as documents, and lines about those that are cut, empty or strange."""
    longest = classifier.config.data.max_length
    numbers, strange = class_numbers(texts, classifier.labels, "texts")
    read = [
        as_document(one.text, classifier.tokeniser, longest=longest, label=number)
        for one, number in zip(texts, numbers, strict=True)
    ]
    cut = [one.where for one, (_, is_cut) in zip(texts, read, strict=True) if is_cut]
    empty = [one.where for one, (document, _) in zip(texts, read, strict=True) if not any(document.sentences)]
    notes = [strange] if strange else []
    notes += count_note(cut, len(texts), f"texts are cut after {longest} tokens (data.max_length)")
    notes += count_note(empty, len(texts), "texts are empty, and read as one unknown word")
    return [document for document, _ in read], [f"{split}: {note}" for note in notes]


def _doubts(texts: Sequence[Labelled]) -> list[str]:
    """Lines about classes with one example, and about very many classes."""
    labels = len({one.label for one in texts})
    many = labels > _MANY and 2 * labels > len(texts)
    doubt = [f"training: {labels} labels for {len(texts)} texts; {_COLUMN}"] if many else []
    return [*doubt, *once_note((one.label for one in texts), "text")]


def _answered(found: Classification, note: str) -> Answer:
    record: dict[str, Any] = {"label": found.label, "probability": round(found.probability, 4)}
    record["probabilities"] = {label: round(value, 4) for label, value in found.probabilities.items()}
    text = f"{found.label}\t{found.probability:.4f}"
    return Answer(text, found.words, note if found.is_cut else None, record)
