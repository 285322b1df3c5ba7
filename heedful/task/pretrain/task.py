"""Pretraining: text in, the words and recurrent layers of a classifier to be out (SA-LSTM)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from heedful.data.notes import repeats
from heedful.data.report import Finding, Report, describe_texts, tokenise_texts
from heedful.data.stream import Segment, collate_segments
from heedful.data.table import read_column
from heedful.data.unlabelled import read_texts, unlabelled_columns
from heedful.task.base import TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.hold_out import Strata
from heedful.task.perplexity import perplexity
from heedful.task.pretrain.config import PretrainRunConfig
from heedful.task.pretrain.reader import Reader
from heedful.task.tokenisers import learn_tokeniser


class Pretrain(Task[list[str], list[Segment]]):
    """Text in; how well it is known out."""

    summary = "texts without labels in, the beginning of a classifier out"
    files = "a text file with a text a line, a table with a column text, or a folder with a text a file"
    config = PretrainRunConfig
    predictor = Reader
    usage = Usage(
        "the words and recurrent layers of a classifier,",
        "Begin a classifier with its words and recurrent layers",
        ("heedful train classify --start {run} --train FILE --out DIR",),
    )
    show_takes = None

    def read(self, config: PretrainRunConfig, files: Files) -> list[str]:
        """The texts."""
        return read_texts(files.paths, text=config.data.text_column)

    def strata(self, config: PretrainRunConfig, raw: list[str]) -> Strata:
        """All texts are alike."""
        return Strata("texts")

    def learn(self, config: PretrainRunConfig, raw: list[str]) -> Parts:
        """The tokeniser."""
        return {TOKENISER: learn_tokeniser(config.data.text, raw, lowercase=config.data.lowercase)}

    def sizes(self, config: PretrainRunConfig, parts: Parts) -> Mapping[str, Any]:
        """How many tokens there are."""
        return {"size": parts[TOKENISER].size}

    def prepare(self, predictor: Reader, train: list[str], valid: list[str]) -> Prepared[list[Segment]]:
        """Texts as runs of tokens, a window at a time."""
        runs = predictor.runs(train)
        return Prepared(Bucketed(runs, [(run.target_count,) for run in runs], collate_segments), predictor.runs(valid))

    def measure(self, predictor: Reader, valid: list[Segment]) -> Mapping[str, float]:
        """Loss in nats per token, and perplexity."""
        total, count = predictor.nll(valid)
        loss = total / max(1, count)
        return {"loss": loss, "perplexity": perplexity(loss)}

    def questions(self, config: PretrainRunConfig, file: str) -> Iterator[str]:
        """Lines of text, or the column of texts of a table."""
        return read_column(file, unlabelled_columns(config.data.text_column))

    def answer(
        self, predictor: Reader, questions: Sequence[str], *, first: int, maps: bool, options: Options
    ) -> list[Answer]:
        """Nats per token of each text."""
        return [
            Answer(f"{nats:.4f}", record={"nats_per_token": round(nats, 4)}) for nats in predictor.predict(questions)
        ]

    def show(self, predictor: Reader, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """Nats per token; this model does not look."""
        return self.answer(predictor, texts, first=1, maps=False, options=options)

    def score(self, predictor: Reader, raw: list[str], options: Options) -> dict[str, Any]:
        """Loss in nats per token, and perplexity."""
        return {"texts": len(raw), **self.measure(predictor, predictor.runs(raw))}

    def report(self, config: PretrainRunConfig, raw: list[str], parts: Parts) -> Report:
        """How many texts there are, their lengths, and unknown words."""
        pieces = tokenise_texts(raw, parts[TOKENISER])
        examples = [(f"text {number}", [" ".join(own[:60])]) for number, own in enumerate(pieces[:3], start=1)]
        twice = sum(1 for _ in repeats(enumerate(raw), lambda one: one[1]))
        facts = {"texts": Finding(len(raw), []), "seen before": Finding(twice, [])}
        return Report({"text": describe_texts(raw, pieces, parts[TOKENISER])}, facts, examples)
