"""Made-up dialogues ask for what they told, and tests ask for combinations that training never saw."""

from heedful.data.corpus.slots import SLOTS, make_slot_dialogues, slot_asked, with_slot


def told(dialogue):
    """The values that a dialogue tells, by slot."""
    facts = [turn.text.split() for turn in dialogue.turns[:-2:2] if turn.text.startswith("my ")]
    return {words[1]: words[3] for words in facts}


def test_the_answer_is_what_was_told():
    for dialogue in make_slot_dialogues(3, 50):
        slot = dialogue.turns[-2].text.split()[3]
        assert slot_asked(dialogue) == told(dialogue)[slot]
        assert dialogue.turns[-1].text == f"your {slot} is {slot_asked(dialogue)} ."
        assert set(told(dialogue)) == set(SLOTS)


def test_the_same_seed_gives_the_same_dialogues():
    assert make_slot_dialogues(1, 5) == make_slot_dialogues(1, 5)
    assert make_slot_dialogues(1, 5) != make_slot_dialogues(2, 5)


def test_unseen_combinations_are_apart_but_their_values_are_not():
    seen = [told(one) for one in make_slot_dialogues(1, 2000)]
    unseen = [told(one) for one in make_slot_dialogues(2, 300, unseen=True)]
    assert not {tuple(one[slot] for slot in SLOTS) for one in seen} & {
        tuple(one[slot] for slot in SLOTS) for one in unseen
    }
    for slot, values in SLOTS.items():
        assert {one[slot] for one in seen} == {one[slot] for one in unseen} == set(values)


def test_no_value_gives_itself_away():
    """All answers are about as common, and a value is the answer no more often than the others that were told."""
    found = make_slot_dialogues(1, 3000)
    share = sum(slot_asked(one) == next(iter(told(one).values())) for one in found) / len(found)
    assert abs(share - 1 / 3) < 0.05


def test_another_value_is_another_dialogue():
    dialogue = make_slot_dialogues(1, 1)[0]
    old = slot_asked(dialogue)
    assert slot_asked(with_slot(dialogue, old, "zorro")) == "zorro"
    assert "zorro" in told(with_slot(dialogue, old, "zorro")).values()
