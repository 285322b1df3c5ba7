"""Trains a translator on sentence pairs and leaves a run folder that predicts, resumes, and tells what it reached."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from heedful.data.batch import Example, collate
from heedful.data.bucket import lengths_of
from heedful.data.pairs import Pair
from heedful.data.pharaoh import Links
from heedful.data.prepare import Prepared, prepare
from heedful.data.tokenise import Tokeniser
from heedful.layer.loss import TokenLoss
from heedful.task.base import Draw, Shown, Trained
from heedful.task.batches import Batches, batches
from heedful.task.folder import save_config
from heedful.task.hold_out import hold_out
from heedful.task.run import Course, Finished, Lesson, of_test
from heedful.task.tokenisers import learn_tokeniser
from heedful.task.translate.config import TranslateConfig
from heedful.task.translate.folder import build_model, load_tokenisers, save_texts, write_readme
from heedful.task.translate.look import choose_look
from heedful.task.translate.score import branch_numbers, evaluate, gold_of, score_texts
from heedful.task.translate.translator import Translator
from heedful.watch import branch_maps, save_svg


@dataclass(frozen=True)
class Texts:
    """The sentence pairs of a run; where there are none for validation, some of training's are held out.

    Links are gold alignments of the pairs they are named after.
    """

    train: Sequence[Pair]
    valid: Sequence[Pair] = ()
    test: Sequence[Pair] = ()
    valid_links: Sequence[Links] | None = None
    test_links: Sequence[Links] | None = None


def train_translator(
    config: TranslateConfig, texts: Texts, out: Path, *, resume: bool = False, shown: Shown | None = None
) -> Trained:
    """Trains a translator and leaves it in the folder `out`.

    With gold links of the validation pairs, the map that agrees best with them becomes its look.
    Raises: UserError, when the folder holds a run and `resume` is not asked for, or the pairs or settings do not fit.
    """
    course = Course(config, out, resume=resume, shown=shown)
    if not texts.valid:
        texts, note = held_out(config, texts)
        course.say([note])
    translator = _begin(course, config, texts)
    if course.leads:
        save_texts(out, config, {}, source=translator.source, target=translator.target)
    train = _prepare(translator, texts.train, config.data.max_length)
    valid = _prepare(translator, texts.valid, 10**9)
    course.say(train.warnings)
    plan = course.plan(lengths_of(train.examples), config)
    return course.teach(
        Lesson(
            translator,
            Batches(plan, lambda share: collate(train.examples, share.rows, all_rows=share.all_rows)),
            validate=_Validation(translator, valid),
            finish=lambda: _finish(translator, texts, out),
            readme=write_readme,
            watch=lambda draw: _Window(translator, valid, draw),
        )
    )


def held_out(config: TranslateConfig, texts: Texts) -> tuple[Texts, str]:
    """The pairs with a share of training's moved to validation, all of one source sentence together, and a line.

    Raises: UserError, when there are not two sentences with a translation.
    """
    there, empty = ([one for one in texts.train if one.is_empty == side] for side in (False, True))
    groups = [pair.source for pair in there]
    parted = hold_out(there, config.data.hold_out, config.train.seed, what="pairs", groups=groups)
    return replace(texts, train=[*parted.train, *empty], valid=parted.valid), parted.note


def make_tokenisers(config: TranslateConfig, pairs: Sequence[Pair]) -> tuple[Tokeniser, Tokeniser]:
    """Tokenisers learnt from training pairs; the same one twice where the vocabulary is shared."""
    data = config.data
    sources, targets = [pair.source for pair in pairs], [pair.target for pair in pairs]
    if data.shared:
        both = learn_tokeniser(data.source, [*sources, *targets], lowercase=data.lowercase)
        return both, both
    source = learn_tokeniser(data.source, sources, lowercase=data.lowercase)
    return source, learn_tokeniser(data.target, targets, lowercase=data.lowercase)


def _begin(course: Course, config: TranslateConfig, texts: Texts) -> Translator:
    """A translator with fresh weights, and the tokenisers of the run if it has any yet."""
    if course.has_parts:
        source, target = load_tokenisers(course.out, config)
    else:
        source, target = make_tokenisers(config, texts.train)
    torch.manual_seed(config.train.seed)
    return Translator(config, build_model(config, source.size, target.size), source=source, target=target)


def _prepare(translator: Translator, pairs: Sequence[Pair], longest: int) -> Prepared:
    return prepare(pairs, translator.source, translator.target, max_length=longest)


@dataclass(frozen=True)
class _Validation:
    """How good the weights are: the loss of the validation pairs in nats, BLEU and chrF of greedy translations."""

    translator: Translator
    valid: Prepared

    def __call__(self, model: nn.Module, step: int) -> dict[str, float]:
        most = self.translator.config.data.valid_most
        examples, pairs = self.valid.examples[:most], self.valid.pairs[:most]
        found = self.translator.search([one.source for one in examples], 1, 1)
        texts = [self.translator.target.decode(options[0].tokens) for options in found]
        lowercase = self.translator.config.data.lowercase
        scores = score_texts(texts, [pair.target for pair in pairs], lowercase=lowercase)
        found = {f"valid_{name}": scores[name] for name in ("bleu", "chrf", "exact")}
        return {**found, "valid_loss": self._loss(model, examples)}

    def _loss(self, model: nn.Module, examples: Sequence[Example]) -> float:
        """The negative log-likelihood of a reference's token, in nats; what the model cannot read is cut off."""
        config, device = self.translator.config, next(model.parameters()).device
        source, target = config.longest_source, config.longest_target
        examples = [Example(one.source[:source], one.target[:target]) for one in examples if one.source]
        lengths = [max(len(one.source), len(one.target)) + 1 for one in examples]
        losses: list[TokenLoss] = [
            model.loss(collate(examples, rows).to(device))  # pyright: ignore[reportCallIssue]
            for rows in batches(lengths, config.decode.tokens)
        ]
        return sum(float(loss.nll) for loss in losses) / max(1, sum(loss.tokens for loss in losses))


class _Window:
    """One validation sentence: where the model looks while it says the reference, drawn as it learns."""

    def __init__(self, translator: Translator, valid: Prepared, draw: Draw) -> None:
        self._translator, self._draw = translator, draw
        by_fit = sorted(valid.examples, key=lambda one: abs(len(one.target) - 10) + abs(len(one.source) - 10))
        self._example = by_fit[0]

    def __call__(self, model: nn.Module) -> Any:
        maps = self._translator.maps([self._example])[0]
        seen = self._translator.word_map(self._example.source, self._example.target, maps)
        return None if seen is None else self._draw(seen)


def _finish(translator: Translator, texts: Texts, out: Path) -> Finished:
    """Chooses the look and keeps it in the settings, scores the test pairs, and draws the branches."""
    config = translator.config
    results: dict[str, Any] = {}
    if texts.valid_links is not None:
        gold = gold_of(translator, texts.valid, texts.valid_links)[: config.data.valid_most]
        chosen = choose_look(translator.model.eval(), translator.family.looks, gold)
        if chosen is not None:
            config = config.model_copy(update={"look": chosen[0]})
            save_config(config, out)
            results["valid_aer"] = chosen[1]
    translator = Translator(config, translator.model.eval(), source=translator.source, target=translator.target)
    if texts.test:
        test = evaluate(translator, texts.test, links=texts.test_links)
        results |= of_test(test)
    results |= branch_numbers(translator.model)
    for seen in branch_maps(translator.model):
        save_svg(seen.weights, seen.rows, seen.columns, path=out / f"{seen.title}.svg", title=seen.title)
    return translator, results
