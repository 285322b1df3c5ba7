"""A talk grows turn by turn, and commands do what they say."""

import pytest

from heedful.errors import UserError
from heedful.task.chat.session import COMMANDS, Manner, Talk, is_command, obey, respond


def talked(partner, *texts, manner=Manner()):  # noqa: B008 - it is frozen
    talk = Talk()
    for text in texts:
        talk = respond(partner, talk, text, manner=manner)
    return talk


def test_every_reply_knows_what_was_said_before(make_partner):
    partner = make_partner()
    talk = talked(partner, "a b", "c", "d")
    texts = [turn.text for turn in talk.turns]
    assert len(texts) == 6
    assert texts[::2] == ["a b", "c", "d"]
    assert talk.last.score == partner.predict([texts[:-1]])[0].score
    assert texts[-1] == talk.last.text


def test_a_drawn_talk_comes_again_with_its_seed(make_partner):
    manner = Manner(temperature=2.0, seed=4)
    first, again = (talked(make_partner(), "a", "a", "a", manner=manner) for _ in range(2))
    assert first.turns == again.turns
    assert len({turn.text for turn in first.turns[1::2]}) > 1, "not the same words each time"


def test_reset_forgets(make_partner):
    partner = make_partner()
    talk = talked(partner, "a b", "c")
    order = obey(talk, "/reset")
    assert order.talk == Talk()
    assert order.lines == ("forgotten",)
    assert respond(partner, order.talk, "c", manner=Manner()).turns == talked(partner, "c").turns


def test_history_is_what_was_said(make_partner):
    talk = talked(make_partner(), "a b")
    assert obey(talk, "/history").lines == ("you: a b", f" it: {talk.last.text}")
    assert obey(Talk(), "/history").lines == ("nothing was said yet",)


def test_attention_shows_the_last_map(make_partner):
    order = obey(talked(make_partner(), "a b"), "/attention")
    assert order.draws
    assert not order.lines
    assert obey(Talk(), "/attention").lines == ("nothing was said yet",)
    blind = obey(talked(make_partner("sutskever"), "a b"), "/attention")
    assert "has no attention" in blind.lines[0]
    assert not blind.draws


def test_help_names_every_command_and_only_quit_leaves():
    told = "\n".join(obey(Talk(), "/help").lines)
    assert all(name in told for name in COMMANDS)
    assert [name for name in COMMANDS if obey(Talk(), name).leaves] == ["/quit"]


def test_an_unknown_command_is_answered_with_the_likeliest():
    assert is_command("/atention")
    assert not is_command("attention")
    with pytest.raises(UserError, match=r"no command is called '/atention' \(did you mean '/attention'"):
        obey(Talk(), "/atention")
