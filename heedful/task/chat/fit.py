"""Trains a partner on dialogues and leaves a run folder that replies, resumes, and tells what it reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from heedful.data.batch import collate
from heedful.data.bucket import lengths_of
from heedful.data.dialogue import Dialogue, MarkedTokeniser, PreparedReplies, Replies, exchanges, prepare_replies
from heedful.task.base import Draw, Shown, Trained
from heedful.task.batches import Batches
from heedful.task.chat.config import ChatConfig
from heedful.task.chat.folder import build_model, load_marked, save_texts, write_readme
from heedful.task.chat.partner import Partner
from heedful.task.chat.score import evaluate, likelihood_of
from heedful.task.hold_out import hold_out
from heedful.task.perplexity import perplexity
from heedful.task.run import Course, Lesson, of_test
from heedful.task.tokenisers import learn_tokeniser


@dataclass(frozen=True)
class Talks:
    """The dialogues of a run; where there are none for validation, some of training's are held out."""

    train: Sequence[Dialogue]
    valid: Sequence[Dialogue] = ()
    test: Sequence[Dialogue] = ()


def train_partner(
    config: ChatConfig, talks: Talks, out: Path, *, resume: bool = False, shown: Shown | None = None
) -> Trained:
    """Trains a partner and leaves it in the folder `out`.

    Raises: UserError, when the folder holds a run and `resume` is not asked for, or no reply can be learnt.
    """
    course = Course(config, out, resume=resume, shown=shown)
    if not talks.valid:
        talks, note = held_out(config, talks)
        course.say([note])
    partner = _begin(course, config, talks)
    if course.leads:
        save_texts(out, config, partner.tokeniser)
    train, valid = (prepared(partner, dialogues) for dialogues in (talks.train, talks.valid))
    for name, part in (("training", train), ("validation", valid)):
        course.say(f"{name}: {warning}" for warning in part.warnings)
    few = valid.examples[: config.data.valid_most]
    plan = course.plan(lengths_of(train.examples), config)
    return course.teach(
        Lesson(
            partner,
            Batches(plan, lambda share: collate(train.examples, share.rows, all_rows=share.all_rows)),
            validate=lambda model, step: _validated(partner, few),
            finish=lambda: (partner, of_test(evaluate(partner, talks.test)) if talks.test else {}),
            readme=write_readme,
            watch=lambda draw: _Sight(partner, few, draw),
        )
    )


def held_out(config: ChatConfig, talks: Talks) -> tuple[Talks, str]:
    """The dialogues with a share of those that have a reply to learn moved to validation, and a line that says so.

    Raises: UserError, when there are not two such dialogues, or nobody is called as the speaker who is learnt.
    """
    found = exchanges(talks.train, config.data.learn)
    told = {id(one.dialogue) for one in found if one.reply.text and any(turn.text for turn in one.context)}
    there, others = ([one for one in talks.train if (id(one) in told) == side] for side in (True, False))
    parted = hold_out(there, config.data.hold_out, config.train.seed, what="dialogues with a reply")
    return Talks([*parted.train, *others], parted.valid, talks.test), parted.note


def make_tokeniser(config: ChatConfig, dialogues: Sequence[Dialogue]) -> MarkedTokeniser:
    """The tokeniser learnt from all turns of training dialogues."""
    texts = [turn.text for dialogue in dialogues for turn in dialogue.turns]
    return MarkedTokeniser(learn_tokeniser(config.data.text, texts, lowercase=config.data.lowercase))


def prepared(partner: Partner, dialogues: Sequence[Dialogue]) -> PreparedReplies:
    """The replies of dialogues as the partner learns them."""
    data = partner.config.data
    return prepare_replies(dialogues, partner.tokeniser, data.window, learn=data.learn, max_reply=data.max_reply)


def _begin(course: Course, config: ChatConfig, talks: Talks) -> Partner:
    """A partner with fresh weights, and the tokeniser of the run if it has one yet."""
    tokeniser = load_marked(course.out) if course.has_parts else make_tokeniser(config, talks.train)
    torch.manual_seed(config.train.seed)
    return Partner(config, build_model(config, tokeniser), tokeniser)


def _validated(partner: Partner, examples: Replies) -> dict[str, float]:
    """The loss of a token of the validation replies in nats, and the perplexity that it makes."""
    total, tokens = likelihood_of(partner, examples)
    loss = -total / max(1, tokens)
    return {"valid_loss": loss, "valid_perplexity": perplexity(loss)}


class _Sight:
    """One validation reply: where the model looks while it says it, drawn as it learns."""

    def __init__(self, partner: Partner, valid: Replies, draw: Draw) -> None:
        self._partner, self._draw = partner, draw
        self._example = min(valid[:200], key=lambda one: abs(len(one.target) - 8) + abs(len(one.source) - 20))

    def __call__(self, model: nn.Module) -> Any:
        seen = self._partner.word_map(self._example, self._partner.maps([self._example])[0])
        return None if seen is None else self._draw(seen)
