"""Scores are what they say: worked out again from the model's logits, reply by reply."""

import math

import pytest
import torch

from heedful.data.dialogue import Dialogue, Turn, alternating_turns, prepare_replies
from heedful.errors import UserError
from heedful.shapes import BOS, EOS
from heedful.task.chat.score import RECALL, evaluate, likelihood_of, recall

LETTERS = ["a", "b", "c", "d", "e", "f", "g", "h"]


def dialogues(count=40):
    """Dialogues of three turns whose replies are all different."""
    made = []
    for number in range(count):
        texts = [" ".join(LETTERS[(number // 8**place + shift) % 8] for place in range(3)) for shift in range(3)]
        made.append(Dialogue(alternating_turns(texts, [f"f:{number}"] * 3), f"f:{number}"))
    return made


def examples_of(partner, found):
    return prepare_replies(found, partner.tokeniser, partner.config.data.context_limit, max_reply=99).examples


def nll(partner, example):
    """What a reply costs, in nats: one row, no padding."""
    source = torch.tensor([[*example.source, EOS]])
    said, own = torch.tensor([[BOS, *example.target]]), torch.tensor([*example.target, EOS])
    with torch.no_grad():
        logits = partner.model.logits(source, torch.tensor([source.shape[1]]), said)[0]
    return torch.nn.functional.cross_entropy(logits, own, reduction="sum").item(), (logits.argmax(-1) == own).sum()


@pytest.mark.parametrize("name", ["rnnsearch", "transformer", "sutskever"])
def test_perplexity_and_token_accuracy_are_those_of_all_tokens(make_partner, name):
    partner = make_partner(name)
    found = evaluate(partner, dialogues(7))
    each = [nll(partner, one) for one in examples_of(partner, dialogues(7))]
    assert found["replies"] == 14
    assert found["tokens"] == 14 * 4, "three words and an end"
    assert found["loss"] == pytest.approx(sum(loss for loss, _ in each) / found["tokens"], abs=1e-3)
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"]), rel=1e-3)
    assert found["token_accuracy"] == pytest.approx(float(sum(right for _, right in each)) / found["tokens"], abs=1e-4)


def test_smoothing_does_not_enter_the_perplexity(make_partner):
    plain, smooth = make_partner(), make_partner(model={"smoothing": 0.3})
    smooth.model.load_state_dict(plain.model.state_dict())
    found = [likelihood_of(one, examples_of(one, dialogues(5))) for one in (plain, smooth)]
    assert found[0] == pytest.approx(found[1])


def test_exact_replies_are_counted(make_partner):
    partner = make_partner()
    contexts = [["a b"], ["c"], ["d e"]]
    said = [one.text for one in partner.predict(contexts, beam=1)]
    true = [
        Dialogue(alternating_turns([*context, text], ["", ""]), "")
        for context, text in zip(contexts, said, strict=True)
    ]
    assert evaluate(partner, true, beam=1)["exact"] == 1.0
    wrong = [Dialogue((*one.turns[:-1], Turn("h h h h h h h h h", "2")), "") for one in true[:1]]
    assert evaluate(partner, [*true, *wrong], beam=1)["exact"] == pytest.approx(3 / 4)


def test_recall_of_a_model_that_knows_nothing_is_chance(make_partner):
    partner = make_partner(score={"contexts": 400})
    found = recall(partner, examples_of(partner, dialogues(220)))
    for size, heights in RECALL.items():
        for height in heights:
            expected = height / size
            spread = 4 * math.sqrt(expected * (1 - expected) / found["recall_contexts"])
            assert abs(found[f"recall_at_{height}_of_{size}"] - expected) < spread + 0.02


def test_recall_tells_likely_replies_from_others(make_partner):
    """A model to which all contexts are one prefers the same replies after each: some are always high, some never."""
    partner = make_partner("sutskever", model={"hidden": 8})
    with torch.no_grad():
        partner.model.output.weight *= 0.0
        partner.model.output.bias.copy_(torch.linspace(3, -3, partner.tokeniser.base.size))
    texts = [" ".join(pair) for pair in zip(LETTERS, LETTERS, strict=True)] + [" ".join(["h"] * n) for n in range(1, 5)]
    found = [Dialogue(alternating_turns(["a", text], ["", ""]), "") for text in texts]
    single = [one for one in examples_of(partner, found) if one.target == partner.tokeniser.encode("a a")]
    assert recall(partner, single * 2) == {}, "a single reply has no others to be told from"
    everything = recall(partner, examples_of(partner, found))
    assert everything["recall_at_1_of_10"] < everything["recall_at_2_of_10"] < everything["recall_at_5_of_10"] < 1
    assert "recall_at_1_of_100" not in everything, "there are no hundred different replies"


def test_what_cannot_be_scored_is_counted(make_partner):
    partner = make_partner(data={"max_context": 4})
    alone = Dialogue((Turn("a", "1"),), "f:1")
    empty = Dialogue(alternating_turns(["a b c d e", ""], ["", ""]), "f:2")
    found = evaluate(partner, [*dialogues(2), alone, empty])
    assert (found["dialogues"], found["replies"]) == (4, 4)
    assert (found["dialogues_of_one_turn"], found["replies_left_out"], found["contexts_cut"]) == (1, 1, 2)
    with pytest.raises(UserError, match="there is no reply to learn in 1 dialogues"):
        evaluate(partner, [alone])


def test_a_reply_that_is_too_long_is_left_out_and_counted(make_partner):
    long = Dialogue(alternating_turns(["a", "b " * 50, "c"], ["f:99"] * 3), "f:99")
    partner = make_partner(score={"longest": 20})
    found = evaluate(partner, [*dialogues(3), long])
    assert (found["replies"], found["replies_too_long"]) == (7, 1), "the next reply of the dialogue is scored"
    places = {"position": "learned", "max_length": 20}
    decode = {"beam": 1, "longest": 7, "precision": "float32"}
    learned = make_partner("transformer", model=places, decode=decode, data={"max_context": 19, "max_reply": 19})
    assert evaluate(learned, [*dialogues(3), long])["replies_too_long"] == 1
