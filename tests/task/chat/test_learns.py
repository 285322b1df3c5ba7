"""Models learn to find in the dialogue what they are asked for, and those that cannot look back do not.

Budgets of steps are about twice what was needed; each run stops when it has learnt.
"""

import random

import pytest
import torch

from heedful.data.batch import collate
from heedful.data.bucket import BatchPlan, lengths_of
from heedful.data.corpus.slots import SLOTS, make_slot_dialogues, slot_asked, with_slot
from heedful.data.dialogue import Dialogue, alternating_turns, prepare_replies
from heedful.task.chat.config import ChatConfig
from heedful.task.chat.partner import Partner
from heedful.task.chat.task import Chat
from heedful.task.config import make_settings
from heedful.task.custom import build_model

LEARNT = 0.99


pytestmark = pytest.mark.usefixtures("unchecked_shapes")


def build(name, dialogues, **data):
    """A small partner with fresh weights."""
    model = {"name": name, "embed": 48, "hidden": 48, "dropout": 0.0}
    decode = {"beam": 1, "longest": 20, "precision": "float32"}
    config = make_settings(
        ChatConfig, {"model": model, "decode": decode, "data": {"text": {"tokeniser": "word"}, **data}}
    )
    parts = Chat().learn(config, dialogues)
    torch.manual_seed(0)
    return Partner(config, build_model(config, Chat().sizes(config, parts), {}), parts)


def train(partner, dialogues, steps, done):
    """Adam 5e-3 until `done`, which is asked every 50 steps; how many steps that took."""
    data = partner.config.data
    made = prepare_replies(dialogues, partner.tokeniser, data.context_limit, learn=data.learn, max_reply=50)
    examples = list(made.examples)
    plan = BatchPlan(lengths_of(examples), tokens=1024, seed=0)
    optimiser = torch.optim.Adam(partner.model.parameters(), lr=5e-3)
    step = 0
    while True:
        for rows in plan.batches(step):
            loss = partner.model.loss(collate(examples, rows))
            optimiser.zero_grad()
            (loss.total / loss.tokens).backward()
            torch.nn.utils.clip_grad_norm_(partner.model.parameters(), 1.0)
            optimiser.step()
            step += 1
            if step == steps or (step % 50 == 0 and done(partner)):
                return step


def replies(partner, dialogues):
    """What the partner says in place of each dialogue's last turn."""
    return [one.text for one in partner.predict([one.turns[:-1] for one in dialogues], attention=False)]


def slot_recall(partner, dialogues):
    """How often the value asked for is in the reply."""
    said = replies(partner, dialogues)
    return sum(slot_asked(one) in text for one, text in zip(dialogues, said, strict=True)) / len(dialogues)


@pytest.mark.slow
def test_a_slot_is_recalled_by_who_can_look_back_and_by_nobody_else():
    """Combinations of values that training never saw; the model without attention has as many steps."""
    dialogues = make_slot_dialogues(1, 3000, talk=1)
    unseen = make_slot_dialogues(2, 150, unseen=True, talk=1)
    changed = [with_slot(one, slot_asked(one), _another(slot_asked(one))) for one in unseen]
    looking, blind = (build(name, dialogues, turns=None, learn="2") for name in ("rnnsearch", "sutskever"))

    def recalls(partner):
        """Of what was told, and of what was told instead: the reply changes when the slot does."""
        return min(slot_recall(partner, unseen), slot_recall(partner, changed))

    steps = train(looking, dialogues, 900, lambda partner: recalls(partner) >= LEARNT)
    assert recalls(looking) >= LEARNT
    train(blind, dialogues, steps, lambda partner: False)
    assert slot_recall(blind, unseen) <= 0.2, "one in twelve by chance"
    _expect_to_look(looking, unseen)


def _another(value):
    """The next value of the same slot."""
    values = next(values for values in SLOTS.values() if value in values)
    return values[(values.index(value) + 1) % len(values)]


def _expect_to_look(partner, dialogues):
    """When the value is said, most weight lies on where it was told or repeated, or on a neighbour of that."""
    hits = 0
    found = partner.predict([one.turns[:-1] for one in dialogues])
    for reply, dialogue in zip(found, dialogues, strict=True):
        value = slot_asked(dialogue)
        row = reply.words.weights[reply.words.rows.index(value)]
        places = [place for place, word in enumerate(reply.words.columns) if word == value]
        hits += min(abs(int(row.argmax()) - place) for place in places) <= 1
    assert hits / len(dialogues) >= 0.9


def test_two_hundred_answers_are_learnt_by_heart():
    """Questions of random words with random answers: all of them, word by word, by greedy search."""
    draw = random.Random(0)
    words = [f"w{number}" for number in range(50)]

    def text(least, most):
        return " ".join(draw.choices(words, k=draw.randint(least, most)))

    pairs = [Dialogue(alternating_turns([text(4, 8), text(1, 6)], ["", ""]), f"pair {number}") for number in range(200)]
    partner = build("rnnsearch", pairs)

    def known(partner):
        said = replies(partner, pairs)
        return sum(text == one.turns[-1].text for one, text in zip(pairs, said, strict=True))

    assert known(partner) == 0
    train(partner, pairs, 2000, lambda partner: known(partner) == 200)
    assert known(partner) == 200
