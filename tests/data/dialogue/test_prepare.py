"""Replies become examples, and nothing is left out or cut without being counted."""

import tracemalloc

import pytest

from heedful.data.batch import Example, collate
from heedful.data.dialogue import (
    ContextLimit,
    Dialogue,
    MarkedTokeniser,
    Turn,
    alternating_turns,
    check_dialogues,
    prepare_replies,
)
from heedful.data.tokenise import WordTokeniser
from heedful.errors import UserError

TOKENISER = MarkedTokeniser(WordTokeniser.train(["a b c d e f g h"]))
WIDE = ContextLimit(None, 100)


def talk(*texts, where="file:1"):
    places = [f"{where}, turn {number}" for number in range(1, len(texts) + 1)]
    return Dialogue(alternating_turns(texts, places), where)


def prepared(*dialogues, window=WIDE, max_reply=3, **changed):
    return prepare_replies(dialogues, TOKENISER, window, max_reply=max_reply, **changed)


def shown(example):
    return [" ".join(TOKENISER.pieces(ids)) for ids in (example.source, example.target)]


def test_each_turn_after_the_first_is_a_reply():
    found = prepared(talk("a", "b", "c d")).examples
    assert [shown(one) for one in found] == [["<other> a", "b"], ["<own> a <other> b", "c d"]]
    assert len(found) == 2
    assert [shown(one) for one in found[1:]] == [shown(found[1])]
    assert isinstance(found[0], Example)
    batch = collate(found)
    assert batch.tokens_total == 5


def test_one_speaker_alone_may_be_learnt():
    found = prepared(talk("a", "b", "c d", "e"), learn="2").examples
    assert [shown(one)[1] for one in found] == ["b", "e"]


def test_what_is_left_out_and_cut_is_counted():
    found = prepared(
        talk("a", where="f:1"),
        talk("a", "b", "", "c d e f", "g", where="f:2"),
        talk("", "b", where="f:3"),
        window=ContextLimit(None, 6),
    )
    assert [shown(one)[1] for one in found.examples] == ["b", "g"]
    assert found.single_turns == ["f:1"]
    assert found.empty == ["f:2, turn 3", "f:3, turn 2"]
    assert found.too_long == ["f:2, turn 4"]
    assert found.cut == ["f:2, turn 5"]
    assert found.warnings == [
        "left out: 1 dialogues of a single turn, which has no reply; the first is f:1",
        "left out: 2 replies that are empty or follow only empty turns; the first is f:2, turn 3",
        "left out: 1 replies that are too long; the first is f:2, turn 4",
        "cut at the front: the context of 1 replies; the first is f:2, turn 5",
    ]
    assert prepared(talk("a", "b")).warnings == []


def test_dialogues_of_one_turn_alone_are_an_error():
    with pytest.raises(UserError, match=r"no reply to learn in 2 dialogues \(2 have a single turn; of 0 replies"):
        prepared(talk("a"), talk("b"))
    with pytest.raises(UserError, match="1 are longer than 3 tokens"):
        prepared(talk("a", "b b b b"))
    with pytest.raises(UserError, match="no speaker is called 'x'"):
        prepared(talk("a", "b"), learn="x")


def test_the_check_counts_what_would_hurt():
    found = check_dialogues(
        [
            talk("a", where="f:1"),
            talk("a b", "a b", "c", "", "x", where="f:2"),
            talk("a b", "a b", where="f:3"),
            talk("", "b", where="f:4"),
        ],
        TOKENISER,
        ContextLimit(2, 4),
        max_reply=1,
    )
    places = {name: fact.locations for name, fact in found.facts.items() if fact.locations}
    assert {name: found.facts[name].count for name in ("dialogues", "turns", "replies")} == {
        "dialogues": 4,
        "turns": 10,
        "replies": 6,
    }
    assert places == {
        "turns": ["1 6", "2 4"],
        "dialogues of a single turn": ["f:1"],
        "empty turns": ["f:2, turn 4", "f:4, turn 1"],
        "empty replies": ["f:2, turn 4"],
        "nothing said before": ["f:4, turn 2"],
        "reply repeats the last turn": ["f:2, turn 2", "f:3, turn 2"],
        "seen before": ["f:3, turn 2 (as f:2, turn 2)"],
        "more turns before than are read": ["f:2, turn 4", "f:2, turn 5"],
        "cut at the front": ["f:2, turn 3", "f:2, turn 4"],
        "too long to train on": ["f:2, turn 2", "f:3, turn 2"],
    }
    assert found.sides["reply"].total == 7
    assert found.sides["reply"].unknown_rate == pytest.approx(1 / 7)
    assert found.examples[0] == ("f:2, turn 2", ["<other> a b", "a b"])


def test_a_long_dialogue_costs_what_its_text_costs():
    """Three hundred turns, each reply's context bounded: made when it is asked for, and not kept."""
    one = Dialogue(tuple(Turn("a b c", "12"[number % 2]) for number in range(300)), "long:1")
    tracemalloc.start()
    found = prepared(one, window=ContextLimit(None, 200))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.examples) == 299
    assert max(len(found.examples[row].source) for row in (0, 9, 99, 298)) == 200
    assert len(found.cut) == 299 - 50
    assert most < 299 * 200 * 8, "contexts that are kept take eight bytes a token and more"


def test_a_turn_of_a_hundred_thousand_words_is_cut():
    found = prepared(talk("a b c d e " * 20_000, "a"), window=ContextLimit(10, 50)).examples[0]
    assert shown(found)[0].startswith("<other> b c d e a")
    assert len(found.source) == 50


def test_speakers_that_look_alike_are_found():
    turns = tuple(Turn("a", speaker) for speaker in ("Bob", "eve", "bob", "Bob"))
    found = check_dialogues([Dialogue(turns, "f:1")], TOKENISER, ContextLimit(2, 4), max_reply=1)
    assert found.facts["speakers that look alike"].locations == ["'Bob' 2, 'bob' 1"]
