"""Ranks among candidates are those of scoring every candidate by itself; what cannot be right is counted or told."""

import pytest
import torch

from heedful.data.dialogue import Dialogue, alternating_turns, prepare_replies
from heedful.errors import UserError
from heedful.shapes import EOS
from heedful.task.chat import ranking
from heedful.task.chat.ranking import rank_replies
from heedful.task.chat.score import evaluate

REPLIES = ["a", "b c", "d e f", "g", "h a b c d", "c c"]
CONTEXTS = ["a b c", "h", "e d", "b b b b", "f g", "c a"]


def talks(contexts=CONTEXTS, replies=REPLIES):
    pairs = zip(contexts, replies, strict=True)
    return [Dialogue(alternating_turns(pair, [f"f:{n}"] * 2), f"f:{n}") for n, pair in enumerate(pairs, start=1)]


def replies_of(partner, dialogues):
    return prepare_replies(dialogues, partner.tokeniser, partner.config.data.context_limit, max_reply=99).examples


def rank_of(partner, example, candidates):
    """The place of the true reply, from 0: each candidate forced in a row of its own."""
    source = torch.tensor([[*example.source, EOS]])

    def mean(ids):
        said, own = torch.tensor([[1, *ids]]), torch.tensor([*ids, EOS])
        with torch.no_grad():
            logits = partner.model.logits(source, torch.tensor([source.shape[1]]), said)[0]
        return -torch.nn.functional.cross_entropy(logits, own).item()

    encoded = [partner.tokeniser.encode(text) for text in candidates]
    return sum(mean(ids) >= mean(example.target) - 1e-5 for ids in encoded if ids != example.target)


@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize("rows", [4, 1000])
@pytest.mark.parametrize("name", ["rnnsearch", "transformer", "sutskever"])
def test_a_rank_is_that_of_scoring_each_by_itself(make_partner, monkeypatch, name, rows):
    monkeypatch.setattr(ranking, "ROWS", rows)
    partner, others = make_partner(name), ["e", "f f f", "a b", "h h", "d g a c", "b"]
    found = rank_replies(partner, replies_of(partner, talks()), REPLIES + others)
    ranks = [rank_of(partner, one, REPLIES + others) for one in replies_of(partner, talks())]
    assert found["response_accuracy"] == pytest.approx(sum(rank < 1 for rank in ranks) / 6, abs=1e-4)
    for height in (2, 5, 10):
        wanted = sum(rank < height for rank in ranks) / 6
        assert found[f"recall_at_{height}_of_candidates"] == pytest.approx(wanted, abs=1e-4)
    assert (found["candidates"], found["recall_contexts"]) == (12, 6)
    assert len(set(ranks)) > 1


def test_what_a_model_says_of_itself_is_found_among_others(make_partner):
    """The likeliest candidate is first by being so: replies are made of what one partner ranks first."""
    partner = make_partner()
    best = []
    for context in CONTEXTS:
        for reply in REPLIES:
            (example,) = replies_of(partner, talks([context], [reply]))
            if rank_of(partner, example, REPLIES) == 0:
                best.append(reply)
    assert len(best) == len(CONTEXTS)
    assert rank_replies(partner, replies_of(partner, talks(replies=best)), REPLIES)["response_accuracy"] == 1.0


def test_candidates_that_are_the_same_words_to_the_model_stand_before_the_true_one(make_partner):
    partner = make_partner()
    replies = replies_of(partner, talks(["a"], ["b zounds"]))
    assert rank_replies(partner, replies, ["b zounds"])["response_accuracy"] == 1.0
    assert rank_replies(partner, replies, ["b  zounds ", "b zounds"])["response_accuracy"] == 1.0, "blanks aside"
    found = rank_replies(partner, replies, ["b zounds", "b gadzooks", "b egad"])
    assert (found["response_accuracy"], found["recall_at_2_of_candidates"]) == (0.0, 0.0)


def test_replies_that_are_no_candidates_are_missed_and_counted(make_partner):
    partner = make_partner()
    found = rank_replies(partner, replies_of(partner, talks()), REPLIES[:1])
    assert found["response_accuracy"] == pytest.approx(1 / 6, abs=1e-4)
    assert found["replies_not_among_candidates"] == 5
    with pytest.raises(UserError, match=r"none of 6 replies is among the 1 candidates .* 'a'"):
        rank_replies(partner, replies_of(partner, talks()), ["zounds"])
    with pytest.raises(UserError, match="there are no candidates"):
        rank_replies(partner, replies_of(partner, talks()), [" "])


def test_it_looks_at_no_more_contexts_than_the_settings_say(make_partner):
    partner = make_partner(score={"contexts": 3})
    assert rank_replies(partner, replies_of(partner, talks()), REPLIES)["recall_contexts"] == 3


def test_scores_have_it_where_candidates_are_given(make_partner):
    partner = make_partner()
    plain, ranked = evaluate(partner, talks()), evaluate(partner, talks(), candidates=REPLIES)
    assert "response_accuracy" not in plain
    assert ranked == plain | rank_replies(partner, replies_of(partner, talks()), REPLIES)
