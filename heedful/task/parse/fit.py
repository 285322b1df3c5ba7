"""Trains a parser on trees and leaves a run folder that predicts, resumes, and tells what it reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from heedful.data.batch import collate
from heedful.data.bucket import lengths_of
from heedful.data.tree import ParsedText
from heedful.data.tree.words import KnownWords
from heedful.errors import UserError
from heedful.task.base import Draw, Shown, Trained
from heedful.task.batches import Batches
from heedful.task.hold_out import hold_out
from heedful.task.parse.config import ParseConfig
from heedful.task.parse.evaluate import evaluate
from heedful.task.parse.folder import build_model, linear_of, load_texts, save_texts, write_readme
from heedful.task.parse.parser import Parser
from heedful.task.parse.symbols import Symbols
from heedful.task.run import Course, Lesson, of_test


@dataclass(frozen=True)
class Texts:
    """The trees of a run; where there are none for validation, some of training's are held out."""

    train: Sequence[ParsedText]
    valid: Sequence[ParsedText] = ()
    test: Sequence[ParsedText] = ()


def train_parser(
    config: ParseConfig, texts: Texts, out: Path, *, resume: bool = False, shown: Shown | None = None
) -> Trained:
    """Trains a parser and leaves it in the folder `out`.

    Raises: UserError, when the folder holds a run and `resume` is not asked for, or the trees or settings do not fit.
    """
    course = Course(config, out, resume=resume, shown=shown)
    if not texts.valid:
        parted = hold_out(texts.train, config.data.hold_out, config.train.seed, what="trees")
        texts = Texts(parted.train, parted.valid, texts.test)
        course.say([parted.note])
    parser = _begin(course, config, texts)
    if course.leads:
        save_texts(out, config, parser.words, symbols=parser.symbols)
    kept, warnings = _prepare(parser, texts)
    course.say(warnings)
    examples = [parser.example(one.tree) for one in kept]
    plan = course.plan(lengths_of(examples), config)
    return course.teach(
        Lesson(
            parser,
            Batches(plan, lambda share: collate(examples, share.rows, all_rows=share.all_rows)),
            validate=_Validation(parser, texts.valid[: config.data.valid_most]),
            finish=lambda: (parser, of_test(evaluate(parser, texts.test)) if texts.test else {}),
            readme=write_readme,
            watch=lambda draw: _Window(parser, texts.valid, draw),
        )
    )


def learn_texts(config: ParseConfig, trees: Sequence[ParsedText]) -> tuple[KnownWords, Symbols]:
    """The words and symbols of training trees."""
    words = KnownWords.train(
        [one.tree.words for one in trees], config.data.words.size, rare=config.data.words.rare
    )  # fmt: skip
    return words, Symbols.train((one.tree for one in trees), linear_of(config))


def _begin(course: Course, config: ParseConfig, texts: Texts) -> Parser:
    """A parser with fresh weights; words and symbols of the run if it has any yet."""
    if course.has_parts:
        words, symbols = load_texts(course.out, config)
    else:
        words, symbols = learn_texts(config, texts.train)
    torch.manual_seed(config.train.seed)
    return Parser(config, build_model(config, words, symbols), words=words, symbols=symbols)


def _prepare(parser: Parser, texts: Texts) -> tuple[list[ParsedText], list[str]]:
    """The training trees that are not too long, and a word about what is left out or new in validation.

    Raises: UserError, when none is left.
    """
    longest, linear = parser.config.data.max_length, parser.symbols.linear
    kept = [one for one in texts.train if len(linear.symbols(one.tree)) <= longest]
    if not kept:
        raise UserError(
            f"none of {len(texts.train)} trees has at most {longest} symbols", hint="set data.max_length to more"
        )
    warnings: list[str] = []
    if len(kept) < len(texts.train):
        first = next(one.where for one in texts.train if len(linear.symbols(one.tree)) > longest)
        warnings.append(
            f"left out of training: {len(texts.train) - len(kept)} of {len(texts.train)} trees, which have more than "
            f"{longest} symbols; the first is {first}"
        )
    known = {node.label for one in texts.train for node in one.tree.nodes() if node.word is None}
    strange = {
        node.label: one.where for one in texts.valid for node in one.tree.nodes() if node.word is None
    }  # fmt: skip
    new = [f"{label!r} ({where})" for label, where in strange.items() if label not in known]
    if new:
        warnings.append(f"validation: labels that training has not seen, and nobody can find: {', '.join(new[:5])}")
    return kept, warnings


@dataclass(frozen=True)
class _Validation:
    """How good the weights are: brackets and whole trees of greedy search, and the loss."""

    parser: Parser
    valid: Sequence[ParsedText]

    def __call__(self, model: nn.Module, step: int) -> dict[str, float]:
        found = evaluate(self.parser, self.valid, beam=1)
        return {f"valid_{name}": found[name] for name in ("bracket_f1", "exact", "loss")}


class _Window:
    """One validation sentence: where the model looks while it says the gold tree, drawn as it learns."""

    def __init__(self, parser: Parser, valid: Sequence[ParsedText], draw: Draw) -> None:
        self._parser, self._draw = parser, draw
        self._tree = min((one.tree for one in valid), key=lambda tree: abs(len(tree.words) - 8))

    def __call__(self, model: nn.Module) -> Any:
        seen = self._parser.maps([self._tree.words], [self._parser.symbols.ids(self._tree)])[0]
        return None if seen is None else self._draw(seen)
