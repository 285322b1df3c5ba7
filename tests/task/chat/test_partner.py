"""A partner replies to what was said, the same alone and in a batch, and is the same one when it is loaded."""

import pytest
import torch

import heedful
from heedful.data.batch import Example, collate
from heedful.data.dialogue import ROLES, Turn, alternating_turns
from heedful.errors import UserError
from heedful.task.chat.config import ChatConfig
from heedful.task.chat.models import MODELS
from heedful.task.chat.partner import as_turns
from heedful.task.config import make_settings

CONTEXTS = [["a b", "c", "d e f"], "g h", ["a"], ["b c d e f g h"] * 3]


@pytest.mark.parametrize("name", list(MODELS.names))
def test_every_model_replies_and_its_map_is_over_the_context(make_partner, name):
    partner = make_partner(name)
    for reply, context in zip(partner.predict(CONTEXTS), CONTEXTS, strict=True):
        marks = 1 if isinstance(context, str) else len(context)
        words = context.split() if isinstance(context, str) else " ".join(context).split()
        assert len(reply.context) == marks + len(words) + 1
        assert reply.context[-1] == "</s>"
        assert 0 < len(reply.tokens) <= 7
        if name == "sutskever":
            assert reply.words is None
        else:
            assert reply.words.weights.shape == (len(reply.words.rows), len(reply.context))
            torch.testing.assert_close(reply.words.weights.sum(1), torch.ones(len(reply.words.rows)))
            assert reply.words.columns[0] == "<other>" or len(words) > 3


@pytest.mark.parametrize("name", ["rnnsearch", "transformer"])
@pytest.mark.parametrize("beam", [1, 3])
def test_a_reply_does_not_depend_on_others_in_the_batch(make_partner, name, beam):
    partner = make_partner(name)
    together = partner.predict(CONTEXTS, beam=beam)
    alone = [partner.predict([context], beam=beam)[0] for context in CONTEXTS]
    assert [one.text for one in together] == [one.text for one in alone]


def test_what_was_said_before_changes_the_reply(make_partner):
    """Somewhere: an untrained model is not told what to make of it."""
    partner = make_partner()
    scores = [partner.predict([[first, "b", "c"]])[0].score for first in "adefgh"]
    assert len(set(scores)) > 1


def test_a_context_is_given_in_any_way(make_partner):
    partner = make_partner()
    named = [Turn("a b", "x"), Turn("c", "y"), Turn("d", "x")]
    ways = partner.predict([["a b", "c", "d"], alternating_turns(["a b", "c", "d"], [""] * 3), named])
    torch.testing.assert_close([one.score for one in ways], [ways[0].score] * 3, atol=1e-4, rtol=0)
    assert len({one.text for one in ways}) == 1
    assert as_turns("a b") == (Turn("a b", "1"),)


def test_nothing_said_has_no_reply(make_partner):
    reply = make_partner().predict([[]])[0]
    assert (reply.text, reply.tokens, reply.words) == ("", [], None)


def test_words_are_drawn_again_with_the_same_seed(make_partner):
    partner = make_partner()
    contexts = [["a", "b", "c"]] * 5
    first, again, other = (
        [one.text for one in partner.predict(contexts, temperature=2.0, seed=seed)] for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    cold = partner.predict(contexts, temperature=0.01, seed=5)
    assert [one.text for one in cold] == [one.text for one in partner.predict(contexts, beam=1)]


def test_the_settings_may_ask_for_a_temperature(make_partner):
    partner = make_partner(decode={"temperature": 3.0})
    texts = {partner.predict([["a"]])[0].text for _ in range(8)}
    assert len(texts) > 1
    assert len({partner.predict([["a"]], beam=1)[0].text for _ in range(4)}) == 1


def test_a_long_talk_stays_bounded(make_partner):
    partner = make_partner(data={"turns": 3, "max_context": 9})
    long = ["a b c"] * 1000
    reply = partner.predict([long])[0]
    assert reply.context == ["<own>", "a", "b", "c", "<other>", "a", "b", "c", "</s>"]
    assert reply.is_cut
    assert reply.text == partner.predict([["h h h h", *long[:3]]])[0].text, "what is cut off changes nothing"
    assert not partner.predict([["a b"]])[0].is_cut
    huge = partner.predict(["a b c d " * 25_000])[0]
    assert len(huge.context) == 10
    assert huge.is_cut


@pytest.mark.parametrize("name", ["rnnsearch", "transformer"])
def test_what_is_saved_is_loaded(make_partner, tmp_path, name):
    partner = make_partner(name)
    partner.save(tmp_path / "a run")
    again = heedful.load(tmp_path / "a run")
    assert [one.text for one in again.predict(CONTEXTS)] == [one.text for one in partner.predict(CONTEXTS)]
    assert again.config == partner.config
    assert not again.model.training
    assert f"heedful chat '{tmp_path / 'a run'}'" in (tmp_path / "a run" / "README.md").read_text()
    changed = heedful.load(tmp_path / "a run", settings={"decode": {"beam": 1}})
    assert changed.config.decode.beam == 1
    with pytest.raises(UserError, match="--set data: training has fixed that"):
        heedful.load(tmp_path / "a run", settings={"data": {"turns": 1}})


@pytest.mark.parametrize("name", ["rnnsearch", "transformer"])
def test_recording_changes_no_bit(make_partner, name):
    partner = make_partner(name)
    batch = collate([Example(partner.tokeniser.encode("a b c"), partner.tokeniser.encode("d e"))])
    plain = partner.model.logits(batch.source, batch.source_lengths, batch.target_in)
    with heedful.record(partner.model):
        recorded = partner.model.logits(batch.source, batch.source_lengths, batch.target_in)
    assert torch.equal(plain, recorded)


def test_dialogues_must_fit_the_model():
    model = {"name": "transformer", "position": "learned", "max_length": 150}
    with pytest.raises(UserError, match=r"this model knows 150 positions, too few for data\.max_context 200 and EOS"):
        make_settings(ChatConfig, {"model": model})
    with pytest.raises(UserError, match=r"data\.max_reply 180"):
        make_settings(ChatConfig, {"model": model, "data": {"max_context": 149, "max_reply": 180}})
    make_settings(ChatConfig, {"model": model, "data": {"max_context": 149}})


def test_a_speaker_may_be_a_number():
    assert make_settings(ChatConfig, {"data": {"learn": 2}}).data.learn == "2"


@pytest.mark.parametrize("name", list(MODELS.names))
def test_no_mark_is_ever_said(make_partner, name):
    """Not even by a model that has learnt nothing and draws its words."""
    partner = make_partner(name)
    for reply in partner.predict([["a", "b"]] * 20, temperature=50.0, seed=1):
        assert not set(reply.tokens) & set(ROLES)
    with pytest.raises(UserError, match=r"model\.tie is 'all', but the context has turn marks"):
        make_partner(name, model={"tie": "all"})


def test_maps_show_the_words_that_were_typed_where_the_front_is_cut(make_partner):
    partner = make_partner(data={"max_context": 6})
    words = partner.predict([["Some Xyz a", "b", "Yes"]])[0].words
    assert tuple(words.columns) == ("<other>", "a", "<own>", "b", "<other>", "Yes", "</s>")
