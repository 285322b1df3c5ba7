"""Trains a classifier on labelled texts and leaves a run folder that predicts, resumes, and tells what it reached."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from heedful.data.document import Document, collate_documents
from heedful.data.labelled import Labelled
from heedful.data.tokenise import Tokeniser, load_tokeniser
from heedful.task.base import Draw, Shown, Trained
from heedful.task.batches import Batches
from heedful.task.classify.classifier import TOKENISER, Classifier, build_model, save_texts, write_readme
from heedful.task.classify.config import ClassifyConfig
from heedful.task.classify.documents import as_document, find_labels, label_numbers
from heedful.task.classify.score import evaluate, fit_temperature, scored_documents
from heedful.task.folder import load_settings, save_config
from heedful.task.hold_out import hold_out
from heedful.task.pretrain.reader import load
from heedful.task.run import Course, Finished, Lesson, of_test
from heedful.task.tokenisers import learn_tokeniser
from heedful.task.vectors import begin_from

_MANY = 20  # labels, more than which are doubted where there are hardly more texts


@dataclass(frozen=True)
class Texts:
    """The labelled texts of a run; where there are none for validation, some of training's are held out."""

    train: Sequence[Labelled]
    valid: Sequence[Labelled] = ()
    test: Sequence[Labelled] = ()


def train_classifier(
    config: ClassifyConfig, texts: Texts, out: Path, *, resume: bool = False, shown: Shown | None = None
) -> Trained:
    """Trains a classifier and leaves it in the folder `out`.

    Raises: UserError, when the folder holds a run and `resume` is not asked for, or the texts or settings do not fit.
    """
    course = Course(config, out, resume=resume, shown=shown)
    if not texts.valid:
        texts, note = held_out(texts, config.data.hold_out, config.train.seed)
        course.say([note])
    classifier, told = _begin(course, config, texts)
    if course.leads:
        save_texts(out, classifier.config, classifier.tokeniser)
    train, warnings = _prepare(classifier, texts.train, "training")
    valid, others = _prepare(classifier, texts.valid, "validation")
    course.say([*told, *_doubts(texts.train), *warnings, *others])
    plan = course.plan([(one.length,) for one in train], config)
    return course.teach(
        Lesson(
            classifier,
            Batches(plan, lambda share: collate_documents(train, share.rows, all_rows=share.all_rows), counted="texts"),
            validate=lambda model, step: scored_documents(classifier, valid),
            finish=lambda: _finish(classifier, valid, texts.test, out),
            readme=write_readme,
            watch=lambda draw: _Window(classifier, texts.valid, draw),
        )
    )


def held_out(texts: Texts, share: float, seed: int) -> tuple[Texts, str]:
    """The texts with a share of each class's training texts moved to validation, and a line that says so.

    Raises: UserError, when no class has two texts.
    """
    labels = [one.label for one in texts.train]
    hint = f"give texts with --valid, or two or more of a class (there are {len(set(labels))}); is the column of "
    hint += "labels the right one (data.label_column)?"
    parted = hold_out(texts.train, share, seed, what="texts", kinds=labels, hint=hint)
    return Texts(parted.train, parted.valid, texts.test), parted.note


def make_tokeniser(config: ClassifyConfig, texts: Sequence[Labelled]) -> Tokeniser:
    """The tokeniser learnt from training texts."""
    return learn_tokeniser(config.data.text, [one.text for one in texts], lowercase=config.data.lowercase)


def _begin(course: Course, config: ClassifyConfig, texts: Texts) -> tuple[Classifier, list[str]]:
    """A classifier with fresh weights, and words about them; tokeniser and labels of the run if it has any yet."""
    start = load(Path(config.start)) if config.start is not None and not course.has_begun else None
    if course.has_parts:
        tokeniser, labels = load_tokeniser(course.out, TOKENISER), load_settings(ClassifyConfig, course.out).labels
    else:
        labels = find_labels(texts.train)
        tokeniser = make_tokeniser(config, texts.train) if start is None else start.tokeniser
    config = config.model_copy(update={"labels": labels})
    torch.manual_seed(config.train.seed)
    model = build_model(config, tokeniser.size)
    notes: list[str] = []
    if start is not None:
        model.transplant(start.model.embedding, start.model.recurrent)
        notes.append(f"words and recurrent layers begin from {config.start}")
    if config.data.vectors is not None and not course.has_begun:
        notes.append(begin_from(model.vectors, Path(config.data.vectors), tokeniser))
    return Classifier(config, model, tokeniser), notes


def _prepare(classifier: Classifier, texts: Sequence[Labelled], what: str) -> tuple[list[Document], list[str]]:
    """The texts as documents, and a word about those that are cut, empty or strange."""
    longest = classifier.config.data.max_length
    numbers, strange = label_numbers(texts, classifier.labels)
    read = [
        as_document(one.text, classifier.tokeniser, longest=longest, label=number)
        for one, number in zip(texts, numbers, strict=True)
    ]
    cut = [one.where for one, (_, is_cut) in zip(texts, read, strict=True) if is_cut]
    empty = [one.where for one, (document, _) in zip(texts, read, strict=True) if not any(document.sentences)]
    faults = (
        (cut, f"are cut after {longest} tokens (data.max_length)"),
        (empty, "are empty, and read as one unknown word"),
    )
    warnings = [f"{what}: {strange}"] if strange else []
    for places, fault in faults:
        if places:
            warnings.append(f"{what}: {len(places)} of {len(texts)} texts {fault}; the first is {places[0]}")
    return [document for document, _ in read], warnings


def _doubts(texts: Sequence[Labelled]) -> Iterator[str]:
    """A word about classes with one example, which can be learned by heart but not checked, and about very many."""
    counts = Counter(one.label for one in texts)
    if len(counts) > _MANY and 2 * len(counts) > len(texts):
        yield (
            f"training: {len(counts)} labels for {len(texts)} texts; "
            "is the column of labels the right one (data.label_column)?"
        )
    alone = sorted(label for label, count in counts.items() if count == 1)
    if alone:
        yield f"training: one text only of {', '.join(map(repr, alone[:5]))}{' and others' if len(alone) > 5 else ''}"


class _Window:
    """One validation text: what the model goes by, drawn as it learns."""

    def __init__(self, classifier: Classifier, valid: Sequence[Labelled], draw: Draw) -> None:
        self._classifier, self._draw = classifier, draw
        self._text = min(valid, key=lambda one: abs(len(one.text) - 80)).text

    def __call__(self, model: nn.Module) -> Any:
        words = self._classifier.predict([self._text])[0].words
        return self._draw(words[0]) if words else None


def _finish(classifier: Classifier, valid: Sequence[Document], test: Sequence[Labelled], out: Path) -> Finished:
    """Calibrates on the validation texts, keeps the temperature in the settings, and scores the test texts."""
    gold = torch.tensor([one.label for one in valid])
    temperature = fit_temperature(classifier.scores(valid), gold)
    answer = classifier.config.answer.model_copy(update={"temperature": temperature})
    config = classifier.config.model_copy(update={"answer": answer})
    save_config(config, out)
    classifier = Classifier(config, classifier.model.eval(), classifier.tokeniser)
    tested = evaluate(classifier, test) if test else {}
    told = {name: value for name, value in tested.items() if name not in ("classes", "confusion")}
    return classifier, {"temperature": temperature, **of_test(told)}
