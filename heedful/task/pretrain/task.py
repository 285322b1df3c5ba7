"""Pretraining on unlabelled text: initial embeddings and recurrent layers for a classifier (SA-LSTM)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from heedful.data.notes import repeats
from heedful.data.report import Finding, Report, describe_texts, tokenise_texts
from heedful.data.stream import Segment, collate_segments
from heedful.data.table import read_column
from heedful.data.unlabelled import read_texts, unlabelled_columns
from heedful.metric.perplexity import perplexity
from heedful.task.base import TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.hold_out import Strata
from heedful.task.pretrain.config import PretrainRunConfig
from heedful.task.pretrain.pretrained import Pretrained
from heedful.task.tokenisers import learn_tokeniser


class Pretrain(Task[list[str], list[Segment]]):
    """Pretrains embeddings and recurrent layers; scores text in nats per token."""

    summary = "pretrains a classifier on unlabelled texts"
    files = "a file with one text per line, a table with a column text, or a folder with one text per file"
    config = PretrainRunConfig
    predictor = Pretrained
    usage = Usage(
        "embeddings and recurrent layers for a classifier,",
        "Initialise a classifier with its embeddings and recurrent layers",
        ("heedful train classify --start {run} --train FILE --out DIR",),
    )
    show_takes = None
    has_all_maps = False

    def read(self, config: PretrainRunConfig, files: Files) -> list[str]:
        """The texts in the files."""
        return read_texts(files.paths, text=config.data.text_column)

    def strata(self, config: PretrainRunConfig, raw: list[str]) -> Strata:
        """Texts are not stratified."""
        return Strata("texts")

    def learn(self, config: PretrainRunConfig, raw: list[str]) -> Parts:
        """The tokeniser, learnt from the training texts."""
        return {TOKENISER: learn_tokeniser(config.data.text, raw, lowercase=config.data.lowercase)}

    def sizes(self, config: PretrainRunConfig, parts: Parts) -> Mapping[str, Any]:
        """The size of the vocabulary."""
        return {"size": parts[TOKENISER].size}

    def prepare(self, predictor: Pretrained, train: list[str], valid: list[str]) -> Prepared[list[Segment]]:
        """Encodes texts as segments of at most one window."""
        runs = predictor.runs(train)
        return Prepared(Bucketed(runs, [(run.target_count,) for run in runs], collate_segments), predictor.runs(valid))

    def measure(self, predictor: Pretrained, valid: list[Segment]) -> Mapping[str, float]:
        """Loss in nats per token, and perplexity."""
        total, count = predictor.nll(valid)
        loss = total / max(1, count)
        return {"loss": loss, "perplexity": perplexity(loss)}

    def questions(self, config: PretrainRunConfig, file: str) -> Iterator[str]:
        """Lines of text, or the text column of a table."""
        return read_column(file, unlabelled_columns(config.data.text_column, order=config.data.columns))

    def answer(
        self,
        predictor: Pretrained,
        questions: Sequence[str],
        *,
        first: int,
        maps: bool,
        every: bool,
        options: Options,
    ) -> list[Answer]:
        """Nats per token of each text."""
        return [
            Answer(f"{nats:.4f}", record={"nats_per_token": round(nats, 4)}) for nats in predictor.predict(questions)
        ]

    def show(self, predictor: Pretrained, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """Nats per token, without maps: this model has no attention."""
        return self.answer(predictor, texts, first=1, maps=False, every=every, options=options)

    def score(self, predictor: Pretrained, raw: list[str], options: Options) -> dict[str, Any]:
        """Loss in nats per token, and perplexity."""
        return {"texts": len(raw), **self.measure(predictor, predictor.runs(raw))}

    def report(self, config: PretrainRunConfig, raw: list[str], parts: Parts) -> Report:
        """How many texts there are, their lengths, and unknown words."""
        pieces = tokenise_texts(raw, parts[TOKENISER])
        first = enumerate(pieces[:3], start=1)
        examples = [(f"text {number}", [" ".join(of_text[:60])]) for number, of_text in first]
        repeated = sum(1 for _ in repeats(enumerate(raw), lambda numbered: numbered[1]))
        facts = {"texts": Finding(len(raw), []), "seen before": Finding(repeated, [])}
        return Report({"text": describe_texts(raw, pieces, parts[TOKENISER])}, facts, examples)
