"""Classification: labels texts."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, cast

from torch import nn

from heedful.data.columns import Columns
from heedful.data.document import Document, as_document, collate_documents
from heedful.data.labelled import Labelled, labelled_columns, read_labelled
from heedful.data.labels import alike_labels, alike_note, class_numbers, sorted_labels
from heedful.data.notes import count_note, once_note, repeats
from heedful.data.packed import PackedDocuments
from heedful.data.report import Finding, Report, describe_texts, finding
from heedful.data.table import read_column
from heedful.data.tokenise import load_tokeniser
from heedful.data.unlabelled import unlabelled_columns
from heedful.errors import UserError
from heedful.model.text import TextClassifier
from heedful.task.base import TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Balanced, Bucketed
from heedful.task.classify.classifier import Classification, Classifier
from heedful.task.classify.config import ClassifyConfig
from heedful.task.classify.options import OPTIONS
from heedful.task.classify.score import evaluate, scored_documents, temperature_of
from heedful.task.hold_out import Strata
from heedful.task.tokenisers import learn_tokeniser
from heedful.task.vectors import begin_from
from heedful.watch import Map

_FEW = 5  # classes with fewer texts are reported as hard to learn
_MANY = 20  # more labels than this are suspicious if there are hardly more texts
_COLUMN = "is the column of labels the right one (data.label_column)?"


@dataclass(frozen=True)
class Validation:
    """The validation texts as written, and as documents of ids."""

    texts: Sequence[Labelled]
    documents: Sequence[Document]


class Classify(Task[list[Labelled], Validation]):
    """Labels texts."""

    summary = "trains a classifier on labelled texts"
    files = (
        "a .tsv, .csv or .jsonl file with text and label, or a folder: one folder per label with one text per file, or "
        "one file per label with one text per line"
    )
    config = ClassifyConfig
    predictor = Classifier
    options = OPTIONS
    usage = Usage(
        "a classifier",
        "Label a file with one text per line, see the words behind a label, or score it on labelled texts",
        ("heedful predict {run} FILE > OUT", 'heedful show {run} "a text"', "heedful eval {run} FILE"),
        ("classifier", 'print(classifier.predict(["a text"])[0].label)'),
    )
    model_methods: ClassVar[Mapping[str, str]] = {"logits": "logits(tokens, lengths, sentences) -> [B, classes]"}

    def read(self, config: ClassifyConfig, files: Files) -> list[Labelled]:
        """The texts with their labels."""
        data, labels = config.data, config.labels if files.split is None else None
        return read_labelled(
            files.paths, text=data.text_column, label=data.label_column, order=data.columns, labels=labels
        )

    def columns(self, config: ClassifyConfig) -> Columns:
        """The columns text and label, by their names in the settings."""
        return labelled_columns(config.data.text_column, config.data.label_column)

    def settle(self, config: ClassifyConfig, raw: list[Labelled]) -> ClassifyConfig:
        """Sets the labels to those of the training texts."""
        labels = sorted_labels(text.label for text in raw)
        if len(labels) < 2:
            raise UserError(
                f"all training texts have the label {raw[0].label!r}, so that there is nothing to learn",
                where=raw[0].where,
                hint=f"give texts of at least two classes; {_COLUMN}",
            )
        return config.model_copy(update={"labels": labels})

    def strata(self, config: ClassifyConfig, raw: list[Labelled]) -> Strata:
        """Texts are stratified by label."""
        labels = [text.label for text in raw]
        hint = f"give texts with --valid, or two or more of a class (there are {len(set(labels))}); {_COLUMN}"
        return Strata("texts", kinds=labels, hint=hint)

    def learn(self, config: ClassifyConfig, raw: list[Labelled]) -> Parts:
        """The tokeniser; that of the pretraining if the classifier is initialised from one."""
        if config.start is not None:
            return {TOKENISER: load_tokeniser(Path(config.start), TOKENISER)}
        texts = [text.text for text in raw]
        return {TOKENISER: learn_tokeniser(config.data.text, texts, lowercase=config.data.lowercase)}

    def sizes(self, config: ClassifyConfig, parts: Parts) -> Mapping[str, Any]:
        """The size of the vocabulary and the number of classes."""
        return {"size": parts[TOKENISER].size, "classes": len(config.labels)}

    def begin(self, config: ClassifyConfig, model: nn.Module, parts: Parts) -> list[str]:
        """Initialises embeddings and recurrent layers from a pretraining, or embeddings from word vectors."""
        if config.start is None and config.data.vectors is None:
            return []
        if not isinstance(model, TextClassifier):
            raise UserError("start and data.vectors only work with models of this package", hint="leave them out")
        if config.data.vectors is not None:
            return [begin_from(model.vectors, Path(config.data.vectors), parts[TOKENISER])]
        # Through `load`, since tasks must not import each other: the folder says which task it is of.
        from heedful.task.commands import load

        pretrained: Any = load(cast(str, config.start)).model
        model.transplant(pretrained.embedding, pretrained.recurrent)
        return [f"words and recurrent layers begin from {config.start}"]

    def prepare(self, predictor: Classifier, train: list[Labelled], valid: list[Labelled]) -> Prepared[Validation]:
        """Encodes texts; warns of those that are truncated, empty or have unknown labels."""
        learnt, warnings = _documents(predictor, train, "training")
        validated, more = _documents(predictor, valid, "validation")
        lengths, balance = learnt.lengths[:, None], predictor.config.data.balance
        if balance:
            labels = learnt.labels.tolist()
            examples = Balanced(learnt, lengths, collate_documents, labels=labels, balance=balance, counted="texts")
        else:
            examples = Bucketed(learnt, lengths, collate_documents, counted="texts")
        return Prepared(examples, Validation(valid, validated), [*_doubts(train), *warnings, *more])

    def measure(self, predictor: Classifier, valid: Validation) -> Mapping[str, float]:
        """Accuracy (with many labels also among the 3 and 5 best), macro F1 and loss."""
        return scored_documents(predictor, valid.documents)

    def above_chance(self, predictor: Classifier, valid: Validation, metric: float) -> float | None:
        """From the accuracy of always answering the most frequent label to 1."""
        if predictor.config.train.metric != "valid_accuracy":
            return None
        chance = max(Counter(text.label for text in valid.texts).values()) / len(valid.texts)
        return (metric - chance) / (1 - chance) if chance < 1 else None

    def watch(self, predictor: Classifier, valid: Validation) -> Callable[[], Map | None]:
        """The map of the first sentence of a text of about 80 characters."""
        text = min(valid.texts, key=lambda labelled: abs(len(labelled.text) - 80)).text
        return lambda: next(iter(predictor.predict([text])[0].words), None)

    def finish(self, predictor: Classifier, valid: Validation, folder: Path) -> tuple[Any, Mapping[str, Any]]:
        """Fits the temperature on the validation texts and stores it in the settings."""
        temperature = temperature_of(predictor, valid.documents)
        answer = predictor.config.answer.model_copy(update={"temperature": temperature})
        return predictor.config.model_copy(update={"answer": answer}), {"temperature": temperature}

    def questions(self, config: ClassifyConfig, file: str) -> Iterator[str]:
        """Lines of text, or the text column of a table, whose texts may have several lines."""
        data = config.data
        columns = unlabelled_columns(data.text_column, data.label_column, data.columns, labels=config.labels)
        return read_column(file, columns)

    def answer(
        self,
        predictor: Classifier,
        questions: Sequence[str],
        *,
        first: int,
        maps: bool,
        every: bool,
        options: Options,
    ) -> list[Answer]:
        """Labels and their probabilities, separated by tabs: the best label, or all that were asked for."""
        longest, top = predictor.config.data.max_length, options.get("top")
        results = predictor.predict(questions, attention=maps, top=top)
        answers = [
            _answered(
                result,
                f"question {number} is too long; only its first {longest} tokens were read",
                lists=top is not None,
            )
            for number, result in enumerate(results, start=first)
        ]
        if not (maps and every):
            return answers
        every_map = map(predictor.every_map, questions, results)
        return [replace(answer, maps=maps_) for answer, maps_ in zip(answers, every_map, strict=True)]

    def show(self, predictor: Classifier, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The label with its probability, and the weights of words and sentences."""
        result = predictor.predict(texts)[0]
        answer = _answered(result, f"too long; only its first {predictor.config.data.max_length} tokens were read")
        return [replace(answer, maps=predictor.every_map(texts[0], result)) if every else answer]

    def score(self, predictor: Classifier, raw: list[Labelled], options: Options) -> dict[str, Any]:
        """Accuracy, macro F1, loss, calibration error, and numbers of each class."""
        per_label = options.get("per_label")
        return evaluate(predictor, raw, per_label=None if per_label is None else Path(per_label))

    def report(self, config: ClassifyConfig, raw: list[Labelled], parts: Parts) -> Report:
        """Labels and their counts, lengths, unknown words, empty and repeated texts."""
        tokeniser, longest = parts[TOKENISER], config.data.max_length
        pieces = [tokeniser.pieces(tokeniser.encode(text.text)) for text in raw]
        counts = Counter(text.label for text in raw)
        repeated = [
            (f"{text.where} (as {first.where})", text.label == first.label)
            for text, first in repeats(raw, lambda text: text.text)
        ]
        facts = {
            "texts": Finding(len(raw), []),
            "labels": Finding(len(counts), [f"{label} {count}" for label, count in counts.most_common(12)]),
            f"labels of fewer than {_FEW} texts": finding([label for label, count in counts.items() if count < _FEW]),
            "labels that look alike": finding(alike_labels(text.label for text in raw)),
            "empty": finding([text.where for text in raw if not text.text]),
            "seen before": finding([where for where, same_label in repeated if same_label]),
            "seen before with another label": finding([where for where, same_label in repeated if not same_label]),
            f"cut after {longest} tokens": finding(
                [
                    f"{text.where} ({len(of_text)})"
                    for text, of_text in zip(raw, pieces, strict=True)
                    if len(of_text) > longest
                ]
            ),
        }
        examples = [
            (text.where, [text.label, " ".join(of_text[:60])])
            for text, of_text in list(zip(raw, pieces, strict=True))[:3]
        ]
        return Report({"text": describe_texts([text.text for text in raw], pieces, tokeniser)}, facts, examples)


def _documents(classifier: Classifier, texts: Sequence[Labelled], split: str) -> tuple[PackedDocuments, list[str]]:
    """The texts as documents, and notes about those that are truncated, empty or have unknown labels."""
    longest = classifier.config.data.max_length
    numbers, unknown = class_numbers(texts, classifier.labels, "texts")
    cut: list[str] = []
    empty: list[str] = []

    def encoded() -> Iterator[Document]:
        for text, number in zip(texts, numbers, strict=True):
            document, is_cut = as_document(text.text, classifier.tokeniser, longest=longest, label=number)
            cut.extend([text.where] if is_cut else [])
            empty.extend([] if any(document.sentences) else [text.where])
            yield document

    documents = PackedDocuments(encoded())
    notes = [unknown] if unknown else []
    notes += count_note(cut, len(texts), f"texts are cut after {longest} tokens (data.max_length)")
    notes += count_note(empty, len(texts), "texts are empty, and read as one unknown word")
    return documents, [f"{split}: {note}" for note in notes]


def _doubts(texts: Sequence[Labelled]) -> list[str]:
    """Notes about classes with a single example, and about suspiciously many classes."""
    labels = len({text.label for text in texts})
    # A wrong column, such as an id, gives almost every text a label of its own.
    many = labels > _MANY and 2 * labels > len(texts)
    doubt = [f"training: {labels} labels for {len(texts)} texts; {_COLUMN}"] if many else []
    alike = alike_note(text.label for text in texts)
    return [*doubt, *alike, *once_note((text.label for text in texts), "text")]


def _answered(result: Classification, note: str, *, lists: bool = False) -> Answer:
    """The answer as text and as JSON; the text has the best label, or with `lists` all labels of the result."""
    record: dict[str, Any] = {"label": result.label, "probability": round(result.probability, 4)}
    record["probabilities"] = {label: round(value, 4) for label, value in result.probabilities.items()}
    listed = result.probabilities if lists else {result.label: result.probability}
    # With all labels the probabilities are in the order of the classes; a line begins with the best.
    ranked = sorted(listed.items(), key=lambda entry: -entry[1])
    text = "\t".join(f"{label}\t{value:.4f}" for label, value in ranked)
    return Answer(text, result.words, note if result.is_cut else None, record)
