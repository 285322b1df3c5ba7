"""Trains on texts without labels and leaves a run folder that a classifier begins from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from heedful.data.stream import Segment, collate_segments
from heedful.data.tokenise import load_tokeniser
from heedful.task.base import Shown, Trained
from heedful.task.batches import Batches
from heedful.task.hold_out import hold_out
from heedful.task.perplexity import perplexity
from heedful.task.pretrain.config import PretrainRunConfig
from heedful.task.pretrain.reader import TOKENISER, Reader, build_model, save_texts, write_readme
from heedful.task.run import Course, Lesson, of_test
from heedful.task.tokenisers import learn_tokeniser


@dataclass(frozen=True)
class Texts:
    """The texts of a run; where there are none for validation, some of training's are held out."""

    train: Sequence[str]
    valid: Sequence[str] = ()
    test: Sequence[str] = ()


def pretrain(
    config: PretrainRunConfig, texts: Texts, out: Path, *, resume: bool = False, shown: Shown | None = None
) -> Trained:
    """Trains on texts without labels and leaves the model in the folder `out`.

    Raises: UserError, when the folder holds a run and `resume` is not asked for, or there are too few texts.
    """
    course = Course(config, out, resume=resume, shown=shown)
    if not texts.valid:
        parted = hold_out(texts.train, config.data.hold_out, config.train.seed, what="texts")
        texts = Texts(parted.train, parted.valid, texts.test)
        course.say([parted.note])
    reader = _begin(course, config, texts)
    if course.leads:
        save_texts(out, config, reader.tokeniser)
    train, valid = reader.runs(texts.train), reader.runs(texts.valid)
    plan = course.plan([(run.target_count,) for run in train], config)
    return course.teach(
        Lesson(
            reader,
            Batches(plan, lambda share: collate_segments(train, share.rows, all_rows=share.all_rows)),
            validate=lambda model, step: {f"valid_{name}": value for name, value in numbers(reader, valid).items()},
            finish=lambda: (reader, of_test(numbers(reader, reader.runs(texts.test))) if texts.test else {}),
            readme=write_readme,
        )
    )


def numbers(reader: Reader, runs: Sequence[Segment]) -> dict[str, Any]:
    """Loss in nats per token, and perplexity."""
    total, count = reader.nll(runs)
    loss = total / max(1, count)
    return {"loss": loss, "perplexity": perplexity(loss)}


def _begin(course: Course, config: PretrainRunConfig, texts: Texts) -> Reader:
    """A reader with fresh weights, and the run's own tokeniser if it has one yet."""
    if course.has_parts:
        tokeniser = load_tokeniser(course.out, TOKENISER)
    else:
        tokeniser = learn_tokeniser(config.data.text, texts.train, lowercase=config.data.lowercase)
    torch.manual_seed(config.train.seed)
    return Reader(config, build_model(config, tokeniser.size), tokeniser)
