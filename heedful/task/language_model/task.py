"""Language modelling as the command line sees it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.report import Finding, Report, describe_texts, finding, tokenise_texts
from heedful.data.text import iterate_lines
from heedful.errors import UserError
from heedful.task.base import Answer, Options, Shown, Trained
from heedful.task.config import expect_files
from heedful.task.language_model.config import LanguageConfig
from heedful.task.language_model.models import MODELS
from heedful.task.language_model.texts import Text, read_text
from heedful.task.language_model.writer import Continuation, Writer, load
from heedful.task.models import Models

_LONG = 2000  # characters of a line that may not be meant as one


class LanguageModelling:
    """A text in, what may come next out."""

    name = "language-model"
    summary = "plain text in, a model out that scores text and writes on"
    files = "a plain text file; it may be .gz"
    question = "text"
    pairs_of_files = False
    options: ClassVar[Mapping[str, frozenset[str]]] = {}
    models: Models = MODELS
    config = LanguageConfig

    def train(self, config: LanguageConfig, out: Path, *, resume: bool, shown: Shown, options: Options) -> Trained:
        """Reads the texts, holds their ends out if there are none for validation, and trains."""
        from heedful.task.language_model.fit import Texts, train_writer

        expect_files(config.data, self.files)
        data = config.data
        valid, test = (read_text(files) if files else None for files in (data.valid, data.test))
        return train_writer(config, Texts(read_text(data.train), valid, test), out, resume=resume, shown=shown)

    def load(self, folder: Path, device: str, changes: Mapping[str, Any]) -> Writer:
        """The language model of a run folder."""
        return load(folder, device, changes)

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
        if len(texts) != 1:
            raise UserError(f"expected one text, got {len(texts)}", hint="put quotes around it")
        return [_answered(predictor, predictor.predict(texts)[0], "the text", maps=True, every=every)]

    def evaluate(self, predictor: Writer, files: Sequence[Path], *, options: Options) -> dict[str, Any]:
        """Perplexity, nats per token and per character, bits per character."""
        from heedful.task.language_model.score import evaluate

        return evaluate(predictor, read_text([str(file) for file in files]))

    def check(self, files: Sequence[Path], config: LanguageConfig, predictor: Writer | None) -> Report:
        """Lines and their lengths, unknown tokens, lines that are empty, very long or seen before."""
        from heedful.task.language_model.fit import make_tokeniser

        config = config if predictor is None else predictor.config
        text = read_text([str(file) for file in files])
        tokeniser = make_tokeniser(config, text) if predictor is None else predictor.tokeniser
        pieces = tokenise_texts(text.lines, tokeniser)
        side = describe_texts(text.lines, pieces, tokeniser)
        return Report({"line": side}, _facts(text, len(set().union(*pieces))), _examples(text, pieces))

    def next_commands(self, folder: str) -> list[str]:
        """Continue texts, score one, see one."""
        return [
            f"heedful predict {folder} FILE --set decode.temperature=0.8",
            f"heedful eval {folder} FILE",
            f'heedful show {folder} "how a text begins"',
        ]


def _answered(predictor: Writer, found: Continuation, what: str, *, maps: bool, every: bool) -> Answer:
    window = predictor.config.data.window
    note = f"{what} is too long; only its last {window} tokens were read" if found.is_cut else None
    seen = predictor.looks(found.prompt, every=every) if maps else []
    return Answer(found.whole, seen, note, {"text": found.prompt, "continuation": found.text})


def _facts(text: Text, different: int) -> dict[str, Finding]:
    counts = Counter(line for line in text.lines if line)
    places = list(enumerate(text.lines, start=1))
    return {
        "lines": Finding(len(text.lines), []),
        "characters": Finding(text.characters, []),
        "different tokens": Finding(different, []),
        "empty lines": finding([f"{text.where}:{number}" for number, line in places if not line.strip()]),
        "lines seen before": Finding(sum(count - 1 for count in counts.values()), []),
        f"lines of more than {_LONG} characters": finding(
            [f"{text.where}:{number} ({len(line)})" for number, line in places if len(line) > _LONG]
        ),
    }


def _examples(text: Text, pieces: Sequence[list[str]]) -> list[tuple[str, Sequence[str]]]:
    """The first lines that have something in them."""
    some = [(number, own) for number, own in enumerate(pieces, start=1) if own][:3]
    return [(f"{text.where}:{number}", [" ".join(own[:60])]) for number, own in some]
