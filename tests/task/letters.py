"""A made-up task, all of it in one file: how often the letter a stands in a line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel
from torch import Tensor, nn

from heedful.data.batch import padded
from heedful.data.bucket import batches_by_length
from heedful.data.report import Finding, Report, describe_texts, tokenise_texts
from heedful.data.text import iterate_lines, read_lines
from heedful.errors import UserError
from heedful.layer.loss import TokenLoss
from heedful.task.answering import evaluating
from heedful.task.base import Answer, Files, Options, Parts, Predictor, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.config import DataSettings, RunConfig
from heedful.task.hold_out import Strata
from heedful.task.models import Family, Models, Name
from heedful.task.option import Option
from heedful.task.tokenisers import TokeniserSettings, learn_tokeniser
from heedful.watch import Map

Line = tuple[str, float, str]  # a text, how often a stands in it, and its "file:line"


class CounterConfig(BaseModel, frozen=True, extra="forbid"):
    """What each letter is worth before it has learnt anything."""

    start: float = 0.5


@dataclass(frozen=True)
class LineBatch:
    ids: Tensor
    counts: Tensor
    tokens_total: int

    def to(self, device: torch.device) -> "LineBatch":
        return replace(self, ids=self.ids.to(device), counts=self.counts.to(device))


def collate_lines(
    items: Sequence[tuple[list[int], float]], rows: Sequence[int], *, all_rows: Sequence[int]
) -> LineBatch:
    own = list(rows) or [all_rows[0]]
    counts = torch.tensor([items[row][1] if rows else torch.nan for row in own])  # an empty share learns nothing
    return LineBatch(padded([items[row][0] or [0] for row in own])[0], counts, len(all_rows))


class Counter(nn.Module):
    """The sum of what each letter is worth."""

    def __init__(self, config: CounterConfig, size: int) -> None:
        super().__init__()
        self.worth = nn.Embedding(size, 1, padding_idx=0)
        nn.init.constant_(self.worth.weight[1:], config.start)

    def forward(self, ids: Tensor) -> Tensor:
        return self.worth(ids).sum((1, 2))

    def loss(self, batch: LineBatch) -> TokenLoss:
        known = ~batch.counts.isnan()
        error = (self(batch.ids)[known] - batch.counts[known]).square().sum()
        return TokenLoss(error, error, int(known.sum()))


class LettersConfig(RunConfig, frozen=True):
    """All settings of a counter."""

    models: ClassVar[Models] = Models(
        {"sum": Name(Family(CounterConfig, Counter), CounterConfig(), "a sum", None)}, "sum"
    )
    defaults: ClassVar[Mapping[str, Any]] = {"train": {"metric": "valid_loss", "rate": 0.1, "warmup": 1, "average": 0}}
    task: Literal["letters"] = "letters"
    data: DataSettings = DataSettings()


class LetterCounter(Predictor[LettersConfig]):
    """A trained counter."""

    def predict(self, texts: Sequence[str], /) -> list[float]:
        ids = self.parts["text"].encode_all(list(texts))
        found = torch.zeros(len(texts))
        with evaluating(self.model):
            for rows in batches_by_length([max(1, len(one)) for one in ids], 100):
                found[rows] = self.model(padded([ids[row] or [0] for row in rows])[0].to(self.device)).cpu()
        return found.tolist()


class LettersTask(Task[list[Line], list[Line]]):
    """A line in, how often a stands in it out."""

    summary = "lines and counts in, a counter out"
    files = "a file of lines with a tab and a count"
    config = LettersConfig
    predictor = LetterCounter
    usage, has_all_maps = Usage("a counter", "Count in a file", ("heedful predict {run} FILE",)), False
    options = (Option("within", "how far an answer may be off.", ("eval",), int, minimum=0),)

    def read(self, config: LettersConfig, files: Files) -> list[Line]:
        lines = [(line, f"{path}:{n}") for path in files.paths for n, line in enumerate(read_lines(path), start=1)]
        cells = [(*line.partition("\t")[::2], where) for line, where in lines]
        for _, count, where in cells:
            if not count.isdecimal():
                raise UserError(f"expected a count, found {count!r}", where=where)
        return [(text, float(count), where) for text, count, where in cells]

    def strata(self, config: LettersConfig, raw: list[Line]) -> Strata:
        return Strata("lines")

    def learn(self, config: LettersConfig, raw: list[Line]) -> Parts:
        return {"text": learn_tokeniser(TokeniserSettings(tokeniser="character"), [text for text, _, _ in raw])}

    def sizes(self, config: LettersConfig, parts: Parts) -> Mapping[str, Any]:
        return {"size": parts["text"].size}

    def prepare(self, predictor: LetterCounter, train: list[Line], valid: list[Line]) -> Prepared[list[Line]]:
        items = [(predictor.parts["text"].encode(text), count) for text, count, _ in train]
        return Prepared(Bucketed(items, [(max(1, len(ids)),) for ids, _ in items], collate_lines, "lines"), valid)

    def measure(self, predictor: LetterCounter, valid: list[Line]) -> Mapping[str, float]:
        found = predictor.predict([text for text, _, _ in valid])
        return {"loss": sum((a - b) ** 2 for a, (_, b, _) in zip(found, valid, strict=True)) / len(valid)}

    def questions(self, config: LettersConfig, file: str) -> Iterator[str]:
        return iterate_lines(file)

    def answer(
        self, predictor: Any, questions: Sequence[str], *, first: int, maps: bool, every: bool, options: Options
    ) -> list[Answer]:
        return [Answer(f"{count:.0f}", record={"count": count}) for count in predictor.predict(questions)]

    def show(self, predictor: LetterCounter, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        worth = torch.tensor([predictor.predict(list(texts[0]))])
        (answer,) = self.answer(predictor, texts, first=1, maps=True, every=every, options=options)
        return [replace(answer, maps=(Map(worth, ("a",), tuple(texts[0])),))]

    def score(self, predictor: LetterCounter, raw: list[Line], options: Options) -> dict[str, Any]:
        found, most = predictor.predict([text for text, _, _ in raw]), options.get("within", 0)
        right = sum(abs(round(a) - b) <= most for a, (_, b, _) in zip(found, raw, strict=True))
        return {"right": right / len(raw), "lines": len(raw)}

    def report(self, config: LettersConfig, raw: list[Line], parts: Parts) -> Report:
        texts = [text for text, _, _ in raw]
        side = describe_texts(texts, tokenise_texts(texts, parts["text"]), parts["text"])
        return Report({"line": side}, {"lines": Finding(len(raw), [])})
