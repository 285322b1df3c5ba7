"""Trains a matcher on labelled pairs and leaves a run folder that predicts, resumes, and tells what it reached."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from heedful.data.matched import Match, MatchExample, collate_matches, match_lengths
from heedful.data.overlap import Overlap
from heedful.data.tokenise import Tokeniser
from heedful.errors import UserError
from heedful.model.text import WordVectors
from heedful.task.base import Draw, Shown, Trained
from heedful.task.batches import Batches
from heedful.task.folder import load_settings
from heedful.task.hold_out import hold_out
from heedful.task.match.config import MatchConfig
from heedful.task.match.labels import find_goal, kinds_of, label_numbers, settle_goal
from heedful.task.match.matcher import Matcher, build_model, load_texts, save_texts, write_readme
from heedful.task.match.score import evaluate, scores
from heedful.task.run import Course, Finished, Lesson, of_test
from heedful.task.tokenisers import learn_tokeniser
from heedful.task.vectors import begin_from


@dataclass(frozen=True)
class Texts:
    """The labelled pairs of a run; where there are none for validation, some of training's are held out."""

    train: Sequence[Match]
    valid: Sequence[Match] = ()
    test: Sequence[Match] = ()


def train_matcher(
    config: MatchConfig, texts: Texts, out: Path, *, resume: bool = False, shown: Shown | None = None
) -> Trained:
    """Trains a matcher and leaves it in the folder `out`.

    Raises: UserError, when the folder holds a run and `resume` is not asked for, or the pairs or settings do not fit.
    """
    course = Course(config, out, resume=resume, shown=shown)
    if not texts.valid:
        config, texts, note = held_out(config, texts)
        course.say([note])
    matcher, vectors = _begin(course, config, texts)
    config = matcher.config
    if course.leads:
        save_texts(out, matcher)
    train = usable(texts.train, config)
    course.say((*vectors, *_left_out(texts.train, train, config), *_remarks(matcher, train, texts.valid)))
    examples = matcher.examples(_sides(train), label_numbers(config, train).numbers)
    validation = _Validation(
        matcher, texts.valid, matcher.examples(_sides(texts.valid)), label_numbers(config, texts.valid).numbers
    )
    plan = course.plan(match_lengths(examples), config)

    def finish() -> Finished:
        tested = of_test(evaluate(matcher, texts.test)) if texts.test else {}
        return matcher, {"goal": config.goal, **tested}

    return course.teach(
        Lesson(
            matcher,
            Batches(
                plan, lambda share: collate_matches(examples, share.rows, all_rows=share.all_rows), counted="pairs"
            ),
            validate=validation,
            finish=finish,
            readme=write_readme,
            watch=lambda draw: _Window(matcher, texts.valid, draw),
        )
    )


def held_out(config: MatchConfig, texts: Texts) -> tuple[MatchConfig, Texts, str]:
    """The settings with their goal, the pairs with some moved to validation, and a line that says how many.

    Drawn by the seed from the pairs with two texts: a share of each class, of the groups with and without a relevant
    pair alike, of low and high similarities; each group whole.
    Raises: UserError, when none can be spared, or a label does not suit the goal.
    """
    config = find_goal(config, texts.train)
    there = [pair for pair in texts.train if not pair.is_empty]
    kinds, groups = kinds_of(config.goal, there), [pair.group for pair in there]
    answered = {group for group, kind in zip(groups, kinds, strict=True) if kind == "1"}
    if config.goal == "relevance" and len(answered) == 1:
        raise UserError(
            "one group only has a relevant pair, and it cannot be both learnt and held out for validation",
            hint="give validation pairs with --valid",
        )
    parted = hold_out(there, config.data.hold_out, config.train.seed, what="pairs", kinds=kinds, groups=groups)
    empty = [pair for pair in texts.train if pair.is_empty]  # to be told of, and left out
    return config, Texts([*parted.train, *empty], parted.valid, texts.test), parted.note


def usable(pairs: Sequence[Match], config: MatchConfig) -> list[Match]:
    """The pairs that training can use: both sides there, and of a ranking those of groups with a relevant pair.

    Raises: UserError, when none is left.
    """
    kept = [pair for pair in pairs if not pair.is_empty]
    if config.goal == "relevance" and config.data.answered:
        numbers = label_numbers(config, kept).numbers
        answered = {pair.group for pair, number in zip(kept, numbers, strict=True) if number}
        kept = [pair for pair in kept if pair.group in answered]
    if not kept:
        raise UserError(
            f"none of {len(pairs)} training pairs can be used",
            where=pairs[0].where,
            hint="each needs two texts, and a ranking some group with the label 1",
        )
    return kept


def make_tokeniser(config: MatchConfig, pairs: Sequence[Match]) -> Tokeniser:
    """The tokeniser learnt from both sides of training pairs, each text once."""
    texts = dict.fromkeys(text for pair in pairs for text in (pair.left, pair.right))
    return learn_tokeniser(config.data.text, list(texts), lowercase=config.data.lowercase)


def _begin(course: Course, config: MatchConfig, texts: Texts) -> tuple[Matcher, list[str]]:
    """A matcher with fresh weights, and words about them; tokeniser, counts and goal of the run if it has any yet."""
    if course.has_parts:
        tokeniser, overlap = load_texts(course.out)
        old = load_settings(MatchConfig, course.out)
        config = config.model_copy(update={"goal": old.goal, "labels": old.labels, "scale": old.scale})
        train = config.train.model_copy(update={"metric": old.train.metric})
        config = config.model_copy(update={"train": train})
    else:
        config = settle_goal(config, texts.train)
        tokeniser = make_tokeniser(config, texts.train)
        overlap = Overlap.learn(_sides(texts.train), config.data.features)
    torch.manual_seed(config.train.seed)
    model = build_model(config, tokeniser.size, overlap.size)
    notes: list[str] = []
    if config.data.vectors is not None and not course.has_begun:
        words = next(module for module in model.modules() if isinstance(module, WordVectors))
        notes.append(begin_from(words, Path(config.data.vectors), tokeniser))
    return Matcher(config, model, tokeniser, overlap), notes


def _sides(pairs: Sequence[Match]) -> list[tuple[str, str]]:
    return [(pair.left, pair.right) for pair in pairs]


def _left_out(pairs: Sequence[Match], train: Sequence[Match], config: MatchConfig) -> Iterator[str]:
    """A word about the pairs that training cannot use, and about classes of which it has one example."""
    empty = [pair.where for pair in pairs if pair.is_empty]
    others = len(pairs) - len(train) - len(empty)
    if empty:
        yield f"left out of training: {len(empty)} pairs with an empty side; the first is {empty[0]}"
    if others:
        yield f"left out of training: {others} pairs of groups without a relevant one (data.answered)"
    alone = sorted(label for label, count in Counter(pair.label for pair in train).items() if count == 1)
    if alone and config.goal == "classes":
        yield f"training: one pair only of {', '.join(map(repr, alone[:5]))}{' and others' if len(alone) > 5 else ''}"


def _remarks(matcher: Matcher, train: Sequence[Match], valid: Sequence[Match]) -> Iterator[str]:
    """A word about pairs that are cut or empty, and about labels that validation has or lacks."""
    config = matcher.config
    numbered = label_numbers(config, valid)
    if numbered.note:
        yield f"validation: {numbered.note}"
    if config.goal == "relevance" and not any(numbered.numbers):
        yield "validation: no pair is relevant, so that map and mrr are not defined"
    limit = "data.max_length" if config.longest == config.data.max_length else "model.max_length"
    for what, pairs in (("training", train), ("validation", valid)):
        cut = [pair.where for pair, is_cut in zip(pairs, matcher.are_cut(_sides(pairs)), strict=True) if is_cut]
        empty = [pair.where for pair in pairs if pair.is_empty]
        faults = (
            (cut, f"have a text that is cut after {config.longest} tokens ({limit})"),
            (empty, "have an empty side, read as one unknown word"),
        )
        for places, fault in faults:
            if places:
                yield f"{what}: {len(places)} of {len(pairs)} pairs {fault}; the first is {places[0]}"


@dataclass(frozen=True)
class _Validation:
    """How good the weights are on the validation pairs."""

    matcher: Matcher
    pairs: Sequence[Match]
    examples: Sequence[MatchExample]
    numbers: Sequence[float | None]

    def __call__(self, model: nn.Module, step: int) -> dict[str, float]:
        outputs = self.matcher.outputs(self.examples)
        found = scores(self.matcher.config, outputs, self.numbers, groups=[pair.group for pair in self.pairs])
        return {f"valid_{name}": value for name, value in found.items()}


class _Window:
    """One validation pair: where its texts look, drawn as the model learns."""

    def __init__(self, matcher: Matcher, valid: Sequence[Match], draw: Draw) -> None:
        self._matcher, self._draw = matcher, draw
        best = min(valid, key=lambda pair: abs(len(pair.left) - 50) + abs(len(pair.right) - 60))
        self._pair = (best.left, best.right)

    def __call__(self, model: nn.Module) -> Any:
        maps = self._matcher.predict([self._pair])[0].maps
        return self._draw(maps[0]) if maps else None
