"""Classification as the command line sees it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.labelled import Labelled, read_labelled
from heedful.data.report import Finding, Report, describe_texts, finding
from heedful.data.table import read_column
from heedful.data.unlabelled import unlabelled_columns
from heedful.errors import UserError
from heedful.task.base import Answer, Options, Shown, Trained
from heedful.task.classify.classifier import Classification, Classifier, load
from heedful.task.classify.config import ClassifyConfig
from heedful.task.classify.models import MODELS
from heedful.task.config import as_paths, expect_files
from heedful.task.models import Models

_FEW = 5  # texts of a class that are too few to learn it from


class Classify:
    """One text in, its label out."""

    name = "classify"
    summary = "labelled texts in, a classifier out"
    files = (
        "a .tsv, .csv or .jsonl file with text and label, or a folder: a folder a label with a text a file, or a file "
        "a label with a text a line"
    )
    question = "text"
    pairs_of_files = False
    options: ClassVar[Mapping[str, frozenset[str]]] = {"train": frozenset({"folds", "vectors", "start"})}
    models: Models = MODELS
    config = ClassifyConfig

    def train(self, config: ClassifyConfig, out: Path, *, resume: bool, shown: Shown, options: Options) -> Trained:
        """Reads the texts, holds some out if there are none for validation, and trains; or cross-validates."""
        from heedful.task.classify.fit import Texts, train_classifier
        from heedful.task.classify.folds import train_folds

        expect_files(config.data, self.files)
        data = config.data
        train, valid, test = (self._read(config, files) for files in (data.train, data.valid, data.test))
        folds = options.get("folds")
        if folds is None:
            return train_classifier(config, Texts(train, valid, test), out, resume=resume, shown=shown)
        if valid or test:
            raise UserError("--folds makes its own validation and test texts", hint="leave out --valid and --test")
        return train_folds(config, train, out, count=folds, resume=resume, shown=shown)

    def load(self, folder: Path, device: str, changes: Mapping[str, Any]) -> Classifier:
        """The classifier of a run folder."""
        return load(folder, device, changes)

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
        if len(texts) != 1:
            raise UserError(f"expected one text, got {len(texts)}", hint="put quotes around it")
        found = predictor.predict(texts)[0]
        answer = _answered(found, f"too long; only its first {predictor.config.data.max_length} tokens were read")
        all_maps = predictor.every_map(texts[0]) if every else []
        return [replace(answer, maps=all_maps) if all_maps else answer]

    def evaluate(self, predictor: Classifier, files: Sequence[Path], *, options: Options) -> dict[str, Any]:
        """Accuracy, macro F1, loss, calibration error, and each class."""
        from heedful.task.classify.score import evaluate

        return evaluate(predictor, self._read(predictor.config, [str(file) for file in files]))

    def check(self, files: Sequence[Path], config: ClassifyConfig, predictor: Classifier | None) -> Report:
        """Labels and how often each comes, lengths, unknown words, empty and repeated texts."""
        from heedful.task.classify.fit import make_tokeniser

        config = config if predictor is None else predictor.config
        texts = self._read(config, [str(file) for file in files])
        tokeniser = make_tokeniser(config, texts) if predictor is None else predictor.tokeniser
        return _report(texts, [tokeniser.pieces(tokeniser.encode(one.text)) for one in texts], config, tokeniser)

    def next_commands(self, folder: str) -> list[str]:
        """Label a file, see a text, score."""
        return [
            f"heedful predict {folder} FILE > OUT",
            f'heedful show {folder} "a text"',
            f"heedful eval {folder} FILE",
        ]

    def _read(self, config: ClassifyConfig, files: Sequence[str]) -> list[Labelled]:
        data = config.data
        return read_labelled(as_paths(files), text=data.text_column, label=data.label_column) if files else []


def _answered(found: Classification, note: str) -> Answer:
    record: dict[str, Any] = {"label": found.label, "probability": round(found.probability, 4)}
    record["probabilities"] = {label: round(value, 4) for label, value in found.probabilities.items()}
    text = f"{found.label}\t{found.probability:.4f}"
    return Answer(text, found.words, note if found.is_cut else None, record)


def _report(texts: Sequence[Labelled], pieces: list[list[str]], config: ClassifyConfig, tokeniser: Any) -> Report:
    counts = Counter(one.label for one in texts)
    first: dict[str, Labelled] = {}
    twice: list[str] = []
    other_label: list[str] = []
    for one in texts:
        seen = first.setdefault(one.text, one)
        if seen is not one:
            (twice if seen.label == one.label else other_label).append(f"{one.where} (as {seen.where})")
    longest = config.data.max_length
    facts = {
        "texts": Finding(len(texts), []),
        "labels": Finding(len(counts), [f"{label} {count}" for label, count in counts.most_common(12)]),
        f"labels of fewer than {_FEW} texts": finding([label for label, count in counts.items() if count < _FEW]),
        "empty": finding([one.where for one in texts if not one.text]),
        "seen before": finding(twice),
        "seen before with another label": finding(other_label),
        f"cut after {longest} tokens": finding(
            [f"{one.where} ({len(own)})" for one, own in zip(texts, pieces, strict=True) if len(own) > longest]
        ),
    }
    shown = [(one.where, [one.label, " ".join(own[:60])]) for one, own in list(zip(texts, pieces, strict=True))[:3]]
    return Report({"text": describe_texts([one.text for one in texts], pieces, tokeniser)}, facts, shown)
