"""Pretraining as the command line sees it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.report import Finding, Report, describe_texts, tokenise_texts
from heedful.data.table import read_column
from heedful.data.unlabelled import read_texts, unlabelled_columns
from heedful.task.base import Answer, Options, Shown, Trained
from heedful.task.config import as_paths, expect_files
from heedful.task.models import Models
from heedful.task.pretrain.config import PretrainRunConfig
from heedful.task.pretrain.models import MODELS
from heedful.task.pretrain.reader import Reader, load
from heedful.task.tokenisers import learn_tokeniser


class Pretrain:
    """Text in; how well it is known out."""

    name = "pretrain"
    summary = "texts without labels in, the beginning of a classifier out"
    files = "a text file with a text a line, a table with a column text, or a folder with a text a file"
    question = "text"
    pairs_of_files = False
    options: ClassVar[Mapping[str, frozenset[str]]] = {}
    models: Models = MODELS
    config = PretrainRunConfig

    def train(self, config: PretrainRunConfig, out: Path, *, resume: bool, shown: Shown, options: Options) -> Trained:
        """Reads the texts, holds some out if there are none for validation, and trains."""
        from heedful.task.pretrain.fit import Texts, pretrain

        data = config.data
        expect_files(data, self.files)
        train, valid, test = (self._read(config, files) for files in (data.train, data.valid, data.test))
        return pretrain(config, Texts(train, valid, test), out, resume=resume, shown=shown)

    def load(self, folder: Path, device: str, changes: Mapping[str, Any]) -> Reader:
        """What lies in a run folder."""
        return load(folder, device, changes)

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

    def evaluate(self, predictor: Reader, files: Sequence[Path], *, options: Options) -> dict[str, Any]:
        """Loss in nats per token, and perplexity."""
        from heedful.task.pretrain.fit import numbers

        texts = read_texts(files, text=predictor.config.data.text_column)
        return {"texts": len(texts), **numbers(predictor, predictor.runs(texts))}

    def check(self, files: Sequence[Path], config: PretrainRunConfig, predictor: Reader | None) -> Report:
        """How many texts there are, their lengths, and unknown words."""
        config = config if predictor is None else predictor.config
        texts = read_texts(files, text=config.data.text_column)
        tokeniser = (
            learn_tokeniser(config.data.text, texts, lowercase=config.data.lowercase)
            if predictor is None
            else predictor.tokeniser
        )
        pieces = tokenise_texts(texts, tokeniser)
        shown = [(f"text {number}", [" ".join(own[:60])]) for number, own in enumerate(pieces[:3], start=1)]
        facts = {"texts": Finding(len(texts), []), "seen before": Finding(len(texts) - len(set(texts)), [])}
        return Report({"text": describe_texts(texts, pieces, tokeniser)}, facts, shown)

    def next_commands(self, folder: str) -> list[str]:
        """Begin a classifier from it."""
        return [f"heedful train classify --start {folder} --train FILE --out DIR"]

    def _read(self, config: PretrainRunConfig, files: Sequence[str]) -> list[str]:
        return read_texts(as_paths(files), text=config.data.text_column) if files else []
