"""Trains a language model on text and leaves a run folder that writes, scores, resumes, and tells what it reached."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from heedful.data.bucket import Plan
from heedful.data.stream import Segments, StreamPlan, TextWindows, collate_segments
from heedful.data.tokenise import Tokeniser, load_tokeniser
from heedful.task.base import Draw, Shown, Trained
from heedful.task.batches import Batches
from heedful.task.language_model.config import LanguageConfig
from heedful.task.language_model.score import evaluate, validation_numbers
from heedful.task.language_model.texts import Text, Tokens, as_tokens, held_out, text_for_learning
from heedful.task.language_model.writer import TOKENISER, Writer, build_model, save_texts, write_readme
from heedful.task.run import Course, Finished, Lesson, of_test
from heedful.task.tokenisers import learn_tokeniser

_MANY_UNKNOWN = 0.01


@dataclass(frozen=True)
class Texts:
    """The texts of a run; where there is none for validation, the end of training's is held out."""

    train: Text
    valid: Text | None = None
    test: Text | None = None


def train_writer(
    config: LanguageConfig, texts: Texts, out: Path, *, resume: bool = False, shown: Shown | None = None
) -> Trained:
    """Trains a language model and leaves it in the folder `out`.

    Raises: UserError, when the folder holds a run and `resume` is not asked for, or the texts or settings do not fit.
    """
    course = Course(config, out, resume=resume, shown=shown)
    learnt, judge = texts.train, texts.valid
    if judge is None:
        learnt, judge, note = held_out(texts.train, config.data)
        course.say([note])
    writer = _begin(course, config, learnt)
    if course.leads:
        save_texts(out, config, {}, tokeniser=writer.tokeniser)
    train, valid = (as_tokens(text, writer.tokeniser, config.data) for text in (learnt, judge))
    course.say(_warnings(config, train, valid))
    runs, plan = _plan(course, config, train)

    def finish() -> Finished:
        tested = of_test(evaluate(writer, texts.test)) if texts.test is not None else {}
        return writer, {"parameters": sum(one.numel() for one in writer.model.parameters()), **tested}

    return course.teach(
        Lesson(
            writer,
            Batches(plan, lambda share: collate_segments(runs, share.rows, all_rows=share.all_rows)),
            validate=lambda model, step: validation_numbers(writer, valid),
            finish=finish,
            readme=write_readme,
            watch=lambda draw: _Window(writer, judge, draw),
        )
    )


def make_tokeniser(config: LanguageConfig, text: Text) -> Tokeniser:
    """The tokeniser learnt from training text."""
    lines = list(text_for_learning(text, config.data))
    return learn_tokeniser(config.data.text, lines, lowercase=config.data.lowercase)


def _begin(course: Course, config: LanguageConfig, train: Text) -> Writer:
    """A writer with fresh weights, and the run's own tokeniser if it has one yet."""
    tokeniser = load_tokeniser(course.out, TOKENISER) if course.has_parts else make_tokeniser(config, train)
    torch.manual_seed(config.train.seed)
    return Writer(config, build_model(config, tokeniser.size), tokeniser)


def _plan(course: Course, config: LanguageConfig, train: Tokens) -> tuple[Segments, Plan]:
    """The runs of ids that training reads, and which make a batch."""
    if config.data.documents == "line":
        runs = train.runs(config.data.window, 0)
        return runs, course.plan([(run.target_count,) for run in runs], config)
    (ids,) = train.documents
    settings = config.train
    plan = StreamPlan(
        ids,
        window=config.data.window,
        tokens=settings.tokens,
        seed=settings.seed,
        rank=course.ranks.rank,
        world=course.ranks.world,
    )
    return TextWindows(ids, plan.window), plan


def _warnings(config: LanguageConfig, train: Tokens, valid: Tokens) -> Iterator[str]:
    """A word about text that is short for its window, and about validation text that is strange to training."""
    longest = max(map(len, train.documents)) - 1
    if config.data.documents == "file" and longest < config.data.window:
        yield f"training: the text has {longest + 1} tokens only, fewer than data.window {config.data.window} and one"
    if valid.unknown > _MANY_UNKNOWN:
        yield f"validation: {valid.unknown:.1%} of the tokens are unknown; is it text of the same kind?"


class _Window:
    """A line of validation text: where its last tokens look, drawn as the model learns."""

    def __init__(self, writer: Writer, valid: Text, draw: Draw) -> None:
        self._writer, self._draw = writer, draw
        self._line = min(valid.lines, key=lambda line: abs(len(line) - 40))

    def __call__(self, model: nn.Module) -> Any:
        maps = self._writer.looks(self._line)
        return self._draw(maps[0]) if maps else None
