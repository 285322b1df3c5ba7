"""Predicting: order, batches and silence change nothing; what is seen belongs to what is said."""

import pytest
import torch

from heedful.data.batch import Example, pad_sources
from heedful.decode import search
from heedful.errors import UserError
from heedful.shapes import EOS
from heedful.watch.look import replay

TEXTS = ["a b c d e f", "h", "c c a", "", "g f e d", "b"]
MODELS = ["transformer", "weighted-transformer", "rnnsearch", "luong"]


@pytest.mark.parametrize("name", MODELS)
def test_each_text_is_translated_as_if_alone_and_in_its_place(make_translator, name):
    translator = make_translator(name, decode={"tokens": 13})
    together = translator.predict(TEXTS)
    for text, found in zip(TEXTS, together, strict=True):
        alone = translator.predict([text])[0]
        assert found.text == alone.text
        assert found.tokens == alone.tokens
        assert found.alignment == alone.alignment
        if alone.attention is not None:
            torch.testing.assert_close(found.attention, alone.attention, atol=1e-5, rtol=1e-4)
    assert together[3].text == ""


@pytest.mark.parametrize("name", MODELS)
def test_maps_have_a_row_a_target_word_and_a_column_a_source_word_and_the_end(make_translator, name):
    for found in make_translator(name).predict(["a b c"]):
        assert found.source_tokens == ["a", "b", "c", "</s>"]
        assert found.attention.shape == (len(found.tokens), 4)
        torch.testing.assert_close(found.attention.sum(-1), torch.ones(len(found.tokens)))
        assert list(found.words.columns) == ["a", "b", "c", "</s>"]
        assert len(found.words.rows) == len(found.tokens)
        assert all(layer.shape[1:] == found.attention.shape for layer in found.words.layers.values())
        assert all(s < 3 and t < len(found.tokens) for s, t in found.alignment)


@pytest.mark.parametrize("name", ["rnnsearch", "luong", "transformer", "weighted-transformer"])
def test_a_replay_sees_what_the_search_saw(make_translator, name):
    translator = make_translator(name)
    source = translator.source.encode("a b c d")
    memory = translator.model.encode(*pad_sources([source]))
    found = search(translator.model, memory, size=2, attention=True, max_length=20)[0][0]
    maps = translator.maps([Example(source, found.tokens)])[0]
    last = list(maps.values())[-1].mean(0)[: len(found.tokens)]
    torch.testing.assert_close(found.attention.float(), last, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_the_search_multiplies_in_the_precision_of_the_settings(make_translator, name):
    half, full = (
        make_translator(name, decode={"precision": precision}).predict(["a b c d"])[0]
        for precision in ("bfloat16", "float32")
    )
    assert half.score != full.score
    assert half.score == pytest.approx(full.score, rel=2e-2)
    assert half.attention.dtype == torch.float32, "what is shown is replayed exactly"


def test_replay_keeps_sentences_apart(make_translator):
    translator = make_translator()
    pattern = translator.config.looks
    examples = [Example([4, 5, 6], [4, 5]), Example([7], [8, 9, 4, 5]), Example([4], [])]
    together = replay(translator.model, pattern, examples)
    for one, seen in zip(examples, together, strict=True):
        alone = replay(translator.model, pattern, [one])[0]
        assert list(seen) == ["decoder.0.source", "decoder.1.source"]
        for name, heads in seen.items():
            assert heads.shape == (2, len(one.target) + 1, len(one.source) + 1)
            torch.testing.assert_close(heads, alone[name])


def test_several_translations_come_best_first(make_translator):
    options = make_translator().nbest(["a b c"], 3, attention=False)[0]
    assert len(options) == 3
    assert [o.score for o in options] == sorted((o.score for o in options), reverse=True)
    assert len({o.text for o in options}) == 3
    assert all(o.attention is None and o.words is None and o.alignment == [] for o in options)


def test_a_beam_of_one_is_greedy(make_translator):
    translator = make_translator("rnnsearch")
    assert translator.predict(["a b"], beam=1)[0].text == make_translator("rnnsearch").predict(["a b"], beam=1)[0].text


def test_a_source_too_long_is_cut_and_says_so(make_translator):
    translator = make_translator(decode={"longest_source": 3})
    cut, whole = translator.predict(["a b c d e", "a b c"])
    assert (cut.is_cut, whole.is_cut) == (True, False)
    assert cut.source_tokens == ["a", "b", "c", "</s>"]
    assert cut.text == whole.text


@pytest.mark.parametrize(
    ("name", "settings", "ends"),
    [
        ("transformer", {"position": "learned", "max_length": 12}, True),
        ("luong", {"attention": {"score": "location", "max_length": 12}}, False),
    ],
)
def test_positions_that_a_model_does_not_know_are_not_asked_for(make_translator, name, settings, ends):
    decode = {"ratio": 9.0, "longest_source": 20}
    translator = make_translator(name, model=settings, data={"max_length": 11}, decode=decode)
    cut = translator.predict(["a b c d e f g h a b c d e"])[0]
    assert (cut.is_cut, len(cut.source_tokens)) == (True, 12)
    assert not ends or len(cut.tokens) <= 11
    with pytest.raises(UserError, match=r"12 positions.*max_length 12"):
        make_translator(name, model=settings, data={"max_length": 12})


def test_unknown_words_are_no_error(make_translator):
    found = make_translator().predict(["zebra 老 a"])[0]
    assert found.source_tokens == ["<unk>", "<unk>", "a", "</s>"]


def test_a_model_that_does_not_look_shows_nothing(make_translator):
    translator = make_translator("sutskever")
    found = translator.predict(["a b"])[0]
    assert translator.look is None
    assert (found.attention, found.words, found.alignment) == (None, None, [])


def test_a_model_in_training_goes_on_in_training(make_translator):
    translator = make_translator(model={"dropout": 0.5})
    translator.model.train()
    first, second = translator.predict(["a b c"], beam=1)[0], translator.predict(["a b c"], beam=1)[0]
    assert first.score == second.score, "dropout takes no part"
    assert translator.model.training


def test_the_end_of_the_source_is_no_word_to_link_to(make_translator):
    translator = make_translator("rnnsearch")
    maps = translator.maps([Example([4, 5], [6])])[0]
    assert next(iter(maps.values())).shape[-1] == 3
    assert translator.source.pieces([EOS]) == ["</s>"]


def test_maps_show_the_words_that_were_typed(make_translator):
    translator = make_translator(decode={"longest_source": 3})
    words = translator.predict(["a Zyzzyva b c d"])[0].words
    assert tuple(words.columns) == ("a", "Zyzzyva", "b", "</s>")
