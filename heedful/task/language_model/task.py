"""Language modelling: a text in, what may come next out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heedful.data.notes import repeats
from heedful.data.report import Finding, Report, describe_texts, finding, tokenise_texts
from heedful.data.stream import collate_segments
from heedful.data.text import iterate_lines
from heedful.task.base import TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed, Examples
from heedful.task.hold_out import HeldOut
from heedful.task.language_model.config import LanguageConfig
from heedful.task.language_model.score import evaluate, validation_numbers
from heedful.task.language_model.texts import (
    Text,
    Tokens,
    Windows,
    as_tokens,
    hold_end_out,
    read_text,
    text_for_learning,
)
from heedful.task.language_model.writer import Continuation, Writer
from heedful.task.tokenisers import learn_tokeniser
from heedful.watch import Map

_LONG = 2000  # characters of a line that may not be meant as one
_MANY_UNKNOWN = 0.01  # the share of unknown tokens that validation text of the same kind hardly has


@dataclass(frozen=True)
class Validation:
    """The text to validate on, as lines and as tokens."""

    text: Text
    tokens: Tokens


class LanguageModelling(Task[Text, Validation]):
    """A text in, what may come next out."""

    summary = "plain text in, a model out that scores text and writes on"
    files = "a plain text file; it may be .gz"
    config = LanguageConfig
    predictor = Writer
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
        """The text of all files, one after the other."""
        return read_text(files.paths)

    def hold_out(self, config: LanguageConfig, raw: Text) -> HeldOut[Text]:
        """The end of each file is held out."""
        return hold_end_out(raw, config.data)

    def learn(self, config: LanguageConfig, raw: Text) -> Parts:
        """The tokeniser."""
        lines = list(text_for_learning(raw, config.data))
        return {TOKENISER: learn_tokeniser(config.data.text, lines, lowercase=config.data.lowercase)}

    def sizes(self, config: LanguageConfig, parts: Parts) -> Mapping[str, Any]:
        """How many tokens there are."""
        return {"size": parts[TOKENISER].size}

    def prepare(self, predictor: Writer, train: Text, valid: Text) -> Prepared[Validation]:
        """Text as tokens, in windows; a line about text that is short for its window, or strange to training."""
        data = predictor.config.data
        learnt, judged = (as_tokens(text, predictor.tokeniser, data) for text in (train, valid))
        return Prepared(_examples(predictor, learnt), Validation(valid, judged), [*_doubts(predictor, learnt, judged)])

    def measure(self, predictor: Writer, valid: Validation) -> Mapping[str, float]:
        """Loss in nats per token, and perplexity."""
        return validation_numbers(predictor, valid.tokens)

    def watch(self, predictor: Writer, valid: Validation) -> Callable[[], Map | None]:
        """Where the last tokens of a line of about 40 characters look."""
        line = min(valid.text.lines, key=lambda line: abs(len(line) - 40))
        return lambda: next(iter(predictor.looks(line)), None)

    def finish(self, predictor: Writer, valid: Validation, folder: Path) -> tuple[Any, Mapping[str, Any]]:
        """Counts the parameters, by which language models are compared."""
        return predictor.config, {"parameters": sum(one.numel() for one in predictor.model.parameters())}

    def questions(self, config: LanguageConfig, file: str) -> Iterator[str]:
        """Lines of text."""
        return iterate_lines(file)

    def answer(
        self, predictor: Writer, questions: Sequence[str], *, first: int, maps: bool, options: Options
    ) -> list[Answer]:
        """Each text with its continuation; the latter may have several lines."""
        return [
            _answered(predictor, found, f"line {number}", maps=maps, every=False)
            for number, found in enumerate(predictor.predict(questions), start=first)
        ]

    def show(self, predictor: Writer, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """A text with its continuation, and where its last tokens look."""
        return [_answered(predictor, predictor.predict(texts)[0], "the text", maps=True, every=every)]

    def score(self, predictor: Writer, raw: Text, options: Options) -> dict[str, Any]:
        """Perplexity, nats per token and per character, bits per character."""
        return evaluate(predictor, raw)

    def report(self, config: LanguageConfig, raw: Text, parts: Parts) -> Report:
        """Lines and their lengths, unknown tokens, lines that are empty, very long or seen before."""
        pieces = tokenise_texts(raw.lines, parts[TOKENISER])
        side = describe_texts(raw.lines, pieces, parts[TOKENISER])
        return Report({"line": side}, _facts(raw, len(set().union(*pieces))), _first_lines(raw, pieces))


def _examples(writer: Writer, tokens: Tokens) -> Examples:
    """Lines by length where they are documents, else windows of the one long text, at other places each epoch."""
    data = writer.config.data
    if data.documents == "line":
        runs = tokens.runs(data.window, 0)
        return Bucketed(runs, [(run.target_count,) for run in runs], collate_segments)
    (ids,) = tokens.documents
    return Windows(ids, data.window)


def _doubts(writer: Writer, train: Tokens, valid: Tokens) -> Iterator[str]:
    """Lines about text that is short for its window, and about validation text that is strange to training."""
    data, longest = writer.config.data, max(map(len, train.documents)) - 1
    if data.documents == "file" and longest < data.window:
        yield f"training: the text has {longest + 1} tokens only, fewer than data.window {data.window} and one"
    if valid.unknown > _MANY_UNKNOWN:
        yield f"validation: {valid.unknown:.1%} of the tokens are unknown; is it text of the same kind?"


def _answered(predictor: Writer, found: Continuation, what: str, *, maps: bool, every: bool) -> Answer:
    window = predictor.config.data.window
    note = f"{what} is too long; only its last {window} tokens were read" if found.is_cut else None
    seen = predictor.looks(found.prompt, every=every) if maps else []
    return Answer(found.whole, seen, note, {"text": found.prompt, "continuation": found.text})


def _facts(text: Text, different: int) -> dict[str, Finding]:
    twice = sum(1 for _ in repeats(((line, row) for row, line in enumerate(text.lines) if line), lambda one: one[0]))
    places = list(enumerate(text.lines, start=1))
    return {
        "lines": Finding(len(text.lines), []),
        "characters": Finding(text.characters, []),
        "different tokens": Finding(different, []),
        "empty lines": finding([f"{text.where}:{number}" for number, line in places if not line.strip()]),
        "lines seen before": Finding(twice, []),
        f"lines of more than {_LONG} characters": finding(
            [f"{text.where}:{number} ({len(line)})" for number, line in places if len(line) > _LONG]
        ),
    }


def _first_lines(text: Text, pieces: Sequence[list[str]]) -> list[tuple[str, Sequence[str]]]:
    """The first lines that have something in them."""
    some = [(number, own) for number, own in enumerate(pieces, start=1) if own][:3]
    return [(f"{text.where}:{number}", [" ".join(own[:60])]) for number, own in some]
