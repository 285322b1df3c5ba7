"""A language model in use: continuing, scoring, looking, settings, texts of every kind, folders."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

import heedful
from heedful.errors import UserError
from heedful.metric.perplexity import perplexity
from heedful.shapes import BOS, EOS
from heedful.task.config import make_settings
from heedful.task.language_model.config import LanguageConfig
from heedful.task.language_model.models import MODELS
from heedful.task.language_model.score import evaluate, validation_numbers
from heedful.task.language_model.texts import Text, as_tokens, opening, read_text

LINES = ["to be, or not to be", "", "that is the question"]


@pytest.mark.parametrize("name", MODELS.names)
def test_a_continuation_depends_on_its_text_and_seed_alone(make_writer, name):
    writer = make_writer(name)
    together = writer.predict(["to be", "", "or not to be, that is the question"])
    assert [one.prompt + one.text for one in together] == [one.whole for one in together]
    assert [one.is_cut for one in together] == [False, False, True]
    for one in together:
        assert writer.predict([one.prompt])[0].text == one.text
    other = make_writer(name, decode={"seed": 2})
    assert [one.text for one in other.predict(["to be", "or not"])] != [one.text for one in together[:2]]
    likeliest = {make_writer(name, decode={"top_k": 1, "seed": seed}).predict(["to be"])[0].text for seed in (1, 2, 3)}
    assert len(likeliest) == 1
    assert writer.predict([]) == []


@pytest.mark.parametrize("name", MODELS.names)
def test_texts_of_one_length_are_read_together_and_say_what_each_says_alone(make_writer, monkeypatch, name):
    texts = ["to be", "or no", "that ", "is", "the q", "ti", "to be, or not to be, that is"]
    writer = make_writer(name, decode={"tokens": 3 * (1 + 5 + 12)})  # room for three of the four of five letters
    alone = [writer.predict([text])[0].text for text in texts]
    read, encode = [], writer.model.encode
    monkeypatch.setattr(writer.model, "encode", lambda ids, lengths: read.append(len(ids)) or encode(ids, lengths))
    assert [one.text for one in writer.predict(texts)] == alone
    assert sorted(read) == [1, 1, 2, 3]
    assert [one.text for one in writer.predict(texts[::-1])] == alone[::-1]


def test_text_goes_on_beyond_the_window(make_writer):
    seeds = range(6)  # an untrained model may end by chance
    longest = max(len(make_writer(decode={"length": 50, "seed": seed}).predict(["to be"])[0].text) for seed in seeds)
    assert longest > 30


def test_learned_positions_end_and_the_text_with_them(make_writer):
    writer = make_writer(model={"position": "learned"}, decode={"length": 500})
    assert len(writer.predict(["to be"])[0].text) <= 16
    assert writer.predict(["to be, or not to be, that is"])[0].is_cut


@pytest.mark.parametrize("tokeniser", ["word", "sentencepiece"])
def test_words_are_joined_with_a_space_to_what_was_given(make_writer, tokeniser):
    lines = ["to be or not to be that is the question"] * 30
    writer = make_writer(lines=lines, data={"text": {"tokeniser": tokeniser, "size": 600}}, decode={"seed": 4})
    (found,) = writer.predict(["to be"])
    assert found.whole.startswith("to be")
    assert found.whole == "to be" + found.joint + found.text
    assert tokeniser != "word" or found.joint == " " or not found.text


@pytest.mark.parametrize("context", [0, 5, None])
@pytest.mark.parametrize("name", MODELS.names)
def test_a_score_is_the_sum_over_tokens_given_their_windows(make_writer, name, context):
    writer = make_writer(name, data={"window": 7}, decode={"context": context})
    found = evaluate(writer, Text(LINES, "text"))
    ids = writer.tokeniser.encode("\n".join(LINES) + "\n")
    nats, asked, first = 0.0, 1, 0
    used = 3 if context is None else context
    while asked < len(ids):
        window = torch.tensor([ids[first : first + 8]])
        logits = writer.model.logits(window[:, :-1])[0, asked - first - 1 :]
        nats += float(cross_entropy(logits, window[0, asked - first :], reduction="sum").detach())
        asked = first + window.shape[1]
        first = asked - 1 - used
    assert found["tokens"] == found["characters"] == len(ids) - 1 == 41
    assert found["nats_per_token"] == pytest.approx(nats / 41, rel=1e-5)
    assert found["nats_per_character"] == found["nats_per_token"]
    assert found["bits_per_character"] == pytest.approx(nats / 41 / math.log(2), rel=1e-5)
    assert found["perplexity"] == pytest.approx(math.exp(nats / 41), rel=1e-5)
    assert (found["context"], found["window"], found["unknown"]) == (used, 7, 0.0)


def test_lines_as_documents_are_scored_alone_with_their_ends(make_writer):
    writer = make_writer(data={"documents": "line"})
    found = evaluate(writer, Text(LINES, "text"))
    assert found["tokens"] == found["characters"] == 19 + 20 + 2
    swapped = evaluate(writer, Text(LINES[::-1], "text"))
    assert swapped["nats_per_token"] == pytest.approx(found["nats_per_token"], rel=1e-5)


def test_tokens_of_words_count_the_characters_they_stand_for(make_writer):
    writer = make_writer(lines=["to be or not to be"], data={"text": {"tokeniser": "word"}})
    found = evaluate(writer, Text(["to be", "or zounds"], "text"))
    assert found["tokens"] == 5  # be, end, or, unknown, end
    assert found["characters"] == len("to be\nor zounds\n") - len("to")
    assert found["unknown"] == pytest.approx(1 / 6)


def test_validation_looks_at_no_more_than_it_is_told(make_writer):
    writer = make_writer(data={"valid_most": 20})
    tokens = as_tokens(Text(LINES, "text"), writer.tokeniser, writer.config.data)
    first = writer.nll(tokens.runs(16, 0)[:2])
    assert validation_numbers(writer, tokens)["loss"] == pytest.approx(first[0] / 32, rel=1e-6)


def test_text_becomes_ids_by_what_a_document_is(make_writer):
    writer = make_writer()
    (ids,) = as_tokens(Text(LINES, "text"), writer.tokeniser, writer.config.data).documents
    assert writer.tokeniser.decode(ids.tolist()) == "\n".join(LINES) + "\n"
    assert opening(writer.tokeniser, writer.config.data) == ids[-1]
    by_line = make_writer(data={"documents": "line"})
    documents = as_tokens(Text(LINES, "text"), by_line.tokeniser, by_line.config.data).documents
    assert [ids[[0, -1]].tolist() for ids in documents] == [[BOS, EOS]] * 2
    assert opening(by_line.tokeniser, by_line.config.data) == BOS
    words = make_writer(data={"text": {"tokeniser": "word"}})
    (ids,) = as_tokens(Text(LINES, "text"), words.tokeniser, words.config.data).documents
    assert int((np.asarray(ids) == EOS).sum()) == 3
    assert opening(words.tokeniser, words.config.data) == EOS


def test_the_last_tokens_look_at_what_was_there(make_writer):
    for name, modules in (("transformer", 2 * 2), ("attention-rnn", 1)):
        writer = make_writer(name)
        (seen,) = writer.looks("to be, or not")
        assert (seen.rows[-1], seen.columns[-1], len(seen.rows), len(seen.columns)) == ("t", "t", 12, 14)
        torch.testing.assert_close(seen.weights.sum(-1), torch.ones(12))
        last = seen.weights[-1, -1] > 0  # a recurrent state sees earlier ones only
        assert bool(last) == (name == "transformer")
        assert len(writer.looks("to be", every=True)) == modules
    assert make_writer("lstm").looks("to be") == []


@pytest.mark.parametrize("name", MODELS.names)
def test_a_saved_folder_answers_the_same(make_writer, tmp_path, name):
    writer = make_writer(name)
    writer.save(tmp_path / "run")
    loaded = heedful.load(tmp_path / "run")
    assert loaded.predict(["to be"])[0].text == writer.predict(["to be"])[0].text
    changed = heedful.load(tmp_path / "run", settings={"decode": {"length": 3}})
    assert len(changed.predict(["to be"])[0].text) <= 3
    with pytest.raises(UserError, match="training has fixed that"):
        heedful.load(tmp_path / "run", settings={"data": {"window": 3}})


def test_a_transformer_reaches_as_far_as_it_reads_unless_told_otherwise():
    assert make_settings(LanguageConfig, {"data": {"window": 50}}).model.settings.reach == 50
    assert make_settings(LanguageConfig, {"model": {"reach": 9}}).model.settings.reach == 9
    assert not hasattr(make_settings(LanguageConfig, {"model": "lstm"}).model.settings, "reach")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": {"position": "learned", "max_length": 20}, "data": {"window": 30}}, "knows 20 positions"),
        ({"data": {"window": 8}, "decode": {"context": 8}}, "leaves no room"),
        ({"model": "transfomer"}, "did you mean 'transformer'"),
        ({"data": {"documents": "lines"}}, "documents"),
        ({"decode": {"temperature": 0}}, "temperature"),
    ],
)
def test_settings_that_cannot_be(settings, words):
    with pytest.raises(UserError, match=words):
        make_settings(LanguageConfig, settings)


def test_files_without_text_are_refused(tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("\n \n")
    with pytest.raises(UserError, match="there is no text"):
        read_text([empty])
    config = make_settings(LanguageConfig, {})
    from heedful.data.tokenise import WordTokeniser

    words = config.data.model_copy(update={"text": config.data.text.model_copy(update={"tokeniser": "word"})})
    tokens = as_tokens(Text(["a"], "text"), WordTokeniser.train(["a"]), words)
    assert tokens.documents[0].tolist()[-1] == EOS


def test_a_perplexity_beyond_numbers_is_infinite():
    assert perplexity(0.0) == 1.0
    assert perplexity(1e4) == math.inf


def test_maps_show_what_was_typed(make_writer):
    (seen,) = make_writer().looks("question: WHO")
    assert "".join(seen.columns)[-3:] == "WHO"
