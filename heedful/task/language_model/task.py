"""Language modelling: scores and continues text."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.notes import repeats
from heedful.data.report import Finding, Report, describe_texts, finding, tokenise_texts
from heedful.data.stream import collate_segments
from heedful.data.text import iterate_lines
from heedful.task.base import STEPWISE, TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed, Examples
from heedful.task.hold_out import HeldOut
from heedful.task.language_model.config import LanguageConfig
from heedful.task.language_model.score import evaluate, validation_numbers
from heedful.task.language_model.texts import (
    Text,
    Tokens,
    WindowedText,
    as_tokens,
    hold_end_out,
    read_text,
    text_for_learning,
)
from heedful.task.language_model.writer import Continuation, Writer
from heedful.task.tokenisers import learn_tokeniser
from heedful.watch import Map

_LONG = 2000  # longer lines, in characters, are reported: they may not be meant as one line
_MANY_UNKNOWN = 0.01  # a higher fraction of unknown tokens suggests that validation text is of another kind


@dataclass(frozen=True)
class Validation:
    """The validation text, as lines and as tokens."""

    text: Text
    tokens: Tokens


class LanguageModelling(Task[Text, Validation]):
    """Scores and continues text."""

    summary = "trains a model that scores and continues text"
    files = "a plain text file; it may be .gz"
    config = LanguageConfig
    predictor = Writer
    model_methods: ClassVar[Mapping[str, str]] = STEPWISE
    usage = Usage(
        "a language model",
        "Continue each line of a file, score a text, or see where the model looks",
        (
            "heedful predict {run} FILE --set decode.temperature=0.8",
            "heedful eval {run} FILE",
            'heedful show {run} "how a text begins"',
        ),
        ("writer", 'print(writer.predict(["how a text begins"])[0].text)'),
    )

    def read(self, config: LanguageConfig, files: Files) -> Text:
        """The text of all files, joined in order."""
        return read_text(files.paths)

    def hold_out(self, config: LanguageConfig, raw: Text) -> HeldOut[Text]:
        """Holds out the end of each file."""
        return hold_end_out(raw, config.data)

    def learn(self, config: LanguageConfig, raw: Text) -> Parts:
        """The tokeniser, learnt from the training text."""
        lines = list(text_for_learning(raw, config.data))
        return {TOKENISER: learn_tokeniser(config.data.text, lines, lowercase=config.data.lowercase)}

    def sizes(self, config: LanguageConfig, parts: Parts) -> Mapping[str, Any]:
        """The size of the vocabulary."""
        return {"size": parts[TOKENISER].size}

    def prepare(self, predictor: Writer, train: Text, valid: Text) -> Prepared[Validation]:
        """Encodes text; warns of text that is shorter than a window, or has many unknown tokens."""
        data = predictor.config.data
        learnt, validated = (as_tokens(text, predictor.tokeniser, data) for text in (train, valid))
        warnings = [*_doubts(predictor, learnt, validated)]
        return Prepared(_examples(predictor, learnt), Validation(valid, validated), warnings)

    def measure(self, predictor: Writer, valid: Validation) -> Mapping[str, float]:
        """Loss in nats per token, and perplexity."""
        return validation_numbers(predictor, valid.tokens)

    def watch(self, predictor: Writer, valid: Validation) -> Callable[[], Map | None]:
        """The attention of the last tokens of a line of about 40 characters."""
        line = min(valid.text.lines, key=lambda line: abs(len(line) - 40))
        return lambda: next(iter(predictor.looks(line)), None)

    def finish(self, predictor: Writer, valid: Validation, folder: Path) -> tuple[Any, Mapping[str, Any]]:
        """Counts the parameters, since language models are compared at similar sizes."""
        return predictor.config, {"parameters": sum(weight.numel() for weight in predictor.model.parameters())}

    def questions(self, config: LanguageConfig, file: str) -> Iterator[str]:
        """Lines of text."""
        return iterate_lines(file)

    def answer(
        self,
        predictor: Writer,
        questions: Sequence[str],
        *,
        first: int,
        maps: bool,
        every: bool,
        options: Options,
    ) -> list[Answer]:
        """Each text with its continuation, in one line: line breaks are escaped."""
        answers = [
            _answered(predictor, written, f"question {number}", maps=maps, every=every)
            for number, written in enumerate(predictor.predict(questions), start=first)
        ]
        return [replace(answer, text=_in_one_line(answer.text)) for answer in answers]

    def show(self, predictor: Writer, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """A text with its continuation, and the attention of its last tokens."""
        return [_answered(predictor, predictor.predict(texts)[0], "the text", maps=True, every=every)]

    def score(self, predictor: Writer, raw: Text, options: Options) -> dict[str, Any]:
        """Perplexity, nats per token and per character, bits per character."""
        return evaluate(predictor, raw)

    def report(self, config: LanguageConfig, raw: Text, parts: Parts) -> Report:
        """Lines and their lengths, unknown tokens, and lines that are empty, very long or repeated."""
        pieces = tokenise_texts(raw.lines, parts[TOKENISER])
        side = describe_texts(raw.lines, pieces, parts[TOKENISER])
        return Report({"line": side}, _facts(raw, len(set().union(*pieces))), _first_lines(raw, pieces))


def _examples(writer: Writer, tokens: Tokens) -> Examples:
    """Lines, batched by length, if these are documents; else windows of the text, cut differently each epoch."""
    data = writer.config.data
    if data.documents == "line":
        runs = tokens.runs(data.window, 0)
        return Bucketed(runs, [(run.target_count,) for run in runs], collate_segments)
    (ids,) = tokens.documents
    return WindowedText(ids, data.window)


def _doubts(writer: Writer, train: Tokens, valid: Tokens) -> Iterator[str]:
    """Warnings about text that is shorter than a window, and about validation text with many unknown tokens."""
    data, longest = writer.config.data, max(map(len, train.documents)) - 1
    if data.documents == "file" and longest < data.window:
        yield f"training: the text has only {longest + 1} tokens, fewer than data.window {data.window} plus one"
    if valid.unknown > _MANY_UNKNOWN:
        yield f"validation: {valid.unknown:.1%} of the tokens are unknown; is it text of the same kind?"


def _answered(predictor: Writer, written: Continuation, what: str, *, maps: bool, every: bool) -> Answer:
    window = predictor.config.data.window
    note = f"{what} is too long; only its last {window} tokens were read" if written.is_cut else None
    shown = predictor.looks(written.prompt, every=every) if maps else []
    return Answer(written.whole, shown, note, {"text": written.prompt, "continuation": written.text})


def _in_one_line(text: str) -> str:
    """A text with its line breaks escaped, so that there is one line for each question."""
    return text.replace("\r", r"\r").replace("\n", r"\n")


def _facts(text: Text, different: int) -> dict[str, Finding]:
    lines = ((line, row) for row, line in enumerate(text.lines) if line)
    repeated = sum(1 for _ in repeats(lines, lambda numbered: numbered[0]))
    numbered = list(enumerate(text.lines, start=1))
    return {
        "lines": Finding(len(text.lines), []),
        "characters": Finding(text.characters, []),
        "different tokens": Finding(different, []),
        "empty lines": finding([f"{text.where}:{number}" for number, line in numbered if not line.strip()]),
        "lines seen before": Finding(repeated, []),
        f"lines of more than {_LONG} characters": finding(
            [f"{text.where}:{number} ({len(line)})" for number, line in numbered if len(line) > _LONG]
        ),
    }


def _first_lines(text: Text, pieces: Sequence[list[str]]) -> list[tuple[str, Sequence[str]]]:
    """The first lines that are not empty."""
    first = [(number, of_line) for number, of_line in enumerate(pieces, start=1) if of_line][:3]
    return [(f"{text.where}:{number}", [" ".join(of_line[:60])]) for number, of_line in first]
