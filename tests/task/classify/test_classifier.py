"""Predicting: order, batches and looking change nothing; what is seen belongs to what was read."""

import pytest
import torch

import heedful
from heedful.data.document import as_document
from heedful.errors import UserError
from heedful.watch import record

TEXTS = ["a good film. it is red", "b", "B bad c\nd e", "", "好看。不好看！", "a b c d e f g h " * 3]
MODELS = ["birnn", "textrnn", "rcnn", "textcnn", "cnn-attention", "han", "transformer", "sa-lstm", "words"]
EVERY = pytest.mark.parametrize("name", MODELS)


@EVERY
def test_each_text_is_labelled_as_if_alone_and_in_its_place(make_classifier, name):
    classifier = make_classifier(name, answer={"tokens": 13})
    for text, found in zip(TEXTS, classifier.predict(TEXTS), strict=True):
        alone = classifier.predict([text])[0]
        assert found.label == alone.label
        assert found.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
        assert found.sentences == pytest.approx(alone.sentences, abs=1e-5), "and no sentence of its neighbours"
        assert len(found.words) == len(alone.words)
        for one, other in zip(found.words, alone.words, strict=True):
            assert list(one.columns) == list(other.columns)
            torch.testing.assert_close(one.weights, other.weights, atol=1e-5, rtol=1e-4)


@EVERY
def test_probabilities_and_maps_sum_to_one(make_classifier, name):
    for found in make_classifier(name).predict(TEXTS):
        assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-6)
        assert found.probability == max(found.probabilities.values()) == found.probabilities[found.label]
        assert list(found.probabilities) == ["neg", "pos", "中"]
        for seen in found.words:
            assert seen.weights.shape == (1, len(seen.columns))
            assert float(seen.weights.sum()) == pytest.approx(1, abs=1e-5)
        weights = [f"{weight:.2f}" for weight in found.sentences]
        assert [row for seen in found.words for row in seen.rows] == (weights or [found.label])
        assert [bool(seen.title) for seen in found.words] == [True, *[False] * (len(found.words) - 1)], "one text"


def test_a_hierarchy_looks_sentence_by_sentence(make_classifier):
    found = make_classifier("han").predict(TEXTS)
    columns = [[list(seen.columns) for seen in one.words] for one in found]
    assert columns[0] == [["a", "good", "film", "."], ["it", "is", "red"]]
    assert columns[2] == [["B", "bad", "c"], ["d", "e"]]
    assert columns[4] == [["好", "看", "。"], ["不", "好", "看", "！"]]
    assert [len(one.sentences) for one in found] == [len(one.words) for one in found] == [2, 1, 2, 1, 2, 1]
    assert all(sum(one.sentences) == pytest.approx(1, abs=1e-5) for one in found)


def test_a_flat_model_looks_at_the_whole_text(make_classifier):
    found = make_classifier("birnn").predict(TEXTS)
    assert list(found[0].words[0].columns) == ["a", "good", "film", ".", "it", "is", "red"]
    assert all(len(one.words) == 1 and one.sentences == [] for one in found)
    assert "BiRNN: " in found[0].words[0].title


def test_a_sentence_that_is_not_heard_at_all_keeps_its_place(make_classifier):
    from heedful.task.classify.task import Classify

    classifier = make_classifier("han")
    with torch.no_grad():
        for parameter in classifier.model.sentences.parameters():
            parameter.mul_(300)
    text, options = "a good film. it is red. b b b.", {"first": 1, "maps": True, "every": False, "options": {}}
    (answer,) = Classify().answer(classifier, [text], **options)
    assert [seen.columns[0] for seen in answer.maps] == ["a", "it", "b"]
    assert "0.00" in [seen.rows[0] for seen in answer.maps]


@EVERY
def test_looking_changes_no_bit(make_classifier, name):
    classifier = make_classifier(name)
    seen, unseen = classifier.predict(TEXTS), classifier.predict(TEXTS, attention=False)
    assert [one.probabilities for one in seen] == [one.probabilities for one in unseen]
    assert all(one.words == [] and one.sentences == [] for one in unseen)


@pytest.mark.parametrize("name", ["birnn", "cnn-attention", "han", "transformer"])
def test_recording_changes_no_bit(make_classifier, name):
    classifier = make_classifier(name)
    documents = [as_document(text, classifier.tokeniser, longest=99)[0] for text in TEXTS]
    plain = classifier.scores(documents)
    with record(classifier.model) as recording:
        assert torch.equal(classifier.scores(documents), plain)
    assert all(recording.calls.values())


def test_of_every_layer_and_head_there_is_a_map(make_classifier):
    maps = every_map(make_classifier("transformer", model={"layers": 2}), "a good film")
    assert len(maps) == 2 * 2 + 1
    square = [seen for seen in maps if len(seen.rows) > 1]
    assert len(square) == 4
    for seen in square:
        assert list(seen.rows) == list(seen.columns) == ["a", "good", "film"]
        torch.testing.assert_close(seen.weights.sum(-1), torch.ones(3))
    (without_attention,) = every_map(make_classifier("textcnn"), "a good film")
    assert without_attention.title.startswith("TextCNN: "), "the weights of the pooling"


LEVELS = {"transformer": {"layers": 2}, "birnn": {}, "han": {}, "textcnn": {}, "cnn-attention": {}, "textrnn": {}}
DOCUMENT = "A good film. It is red. Zyzzyva, b c d e f!"


@pytest.mark.parametrize("name", LEVELS)
def test_all_maps_of_a_hierarchy_are_of_its_sentences_and_of_the_words_in_each(make_classifier, name):
    classifier = make_classifier(name, model={"structure": "hierarchy", **LEVELS[name]})
    (found,) = classifier.predict([DOCUMENT])
    above, *below = classifier.every_map(DOCUMENT, found)[:4]
    assert list(above.columns) == ["A good film.", "It is red.", "Zyzzyva, b c d e f!"]
    assert list(above.rows) == [found.label]
    torch.testing.assert_close(above.weights[0], torch.tensor(found.sentences))
    assert float(above.weights.sum()) == pytest.approx(1, abs=1e-5)
    attends = name in {"transformer", "birnn", "han", "cnn-attention"}
    assert above.title.endswith(": attention over sentences" if attends else ": weights of the sentences")
    assert [list(map_.columns) for map_ in below] == [list(map_.columns) for map_ in found.words]
    assert ["".join(map_.columns) for map_ in below] == [sentence.replace(" ", "") for sentence in above.columns]
    assert all(torch.equal(map_.weights, plain.weights) for map_, plain in zip(below, found.words, strict=True))
    assert [bool(map_.title) for map_ in below] == [True, False, False], "drawn as one text"


def test_self_attention_of_a_hierarchy_is_within_the_text_and_within_each_sentence(make_classifier):
    classifier = make_classifier("transformer", model={"structure": "hierarchy", "layers": 2})
    # Long and short sentences in turn, which are read in groups by their lengths.
    document = f"A good film. {'B c d e ' * 5}. It is red."
    maps = {map_.title.partition(": ")[2]: map_ for map_ in every_map(classifier, document)[4:]}
    heads = [f"layer {layer}, head {head}" for layer in (0, 1) for head in (0, 1)]
    within = [f"encoder self-attention, {head}, sentence {number}" for head in heads for number in (1, 2, 3)]
    assert set(maps) == {*within, *(f"self-attention over sentences, {head}" for head in heads)}
    assert len(maps) == 4 + 12
    sizes = [4, 21, 4]
    for title, map_ in maps.items():
        size = sizes[int(title[-1]) - 1] if ", sentence " in title else 3
        assert tuple(map_.weights.shape) == (size, size)
        torch.testing.assert_close(map_.weights.sum(-1), torch.ones(size))
    # Each sentence is read by itself: in another text it has the same maps.
    alone = every_map(classifier, "It is red.")
    (same,) = [map_ for map_ in alone if map_.title.endswith(f"encoder self-attention, {heads[3]}, sentence 1")]
    torch.testing.assert_close(same.weights, maps[f"encoder self-attention, {heads[3]}, sentence 3"].weights)
    assert list(same.rows) == list(same.columns) == ["It", "is", "red", "."]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", ["<unk>"]),
        ("a\n\nb c", ["a", "b c"]),
        ("好看。不好看！", ["好看。", "不好看！"]),
        ("a good. c d e f g. h", ["a good.", "c d …"]),
        ("a good. c", ["a good.", "c"]),
        ("a b c d e. f", ["a b c d e …"]),
    ],
)
def test_the_sentences_of_a_hierarchy_are_shown_as_typed(make_classifier, text, sentences):
    longest = 99 if "好" in text else 5
    above = every_map(make_classifier("han", data={"max_length": longest}), text)[0]
    assert list(above.columns) == sentences


def every_map(classifier, text):
    (found,) = classifier.predict([text])
    return classifier.every_map(text, found)


def test_a_text_too_long_is_cut_and_says_so(make_classifier):
    cut, whole = make_classifier(data={"max_length": 3}).predict(["a good film it is", "a good film"])
    assert (cut.is_cut, whole.is_cut) == (True, False)
    assert cut.probabilities == pytest.approx(whole.probabilities, abs=1e-6)
    assert list(cut.words[0].columns) == ["a", "good", "film"]


@EVERY
def test_empty_and_unknown_texts_are_no_error(make_classifier, name):
    empty, blank, unknown = make_classifier(name).predict(["", " \n ", "zebra"])
    assert empty.probabilities == blank.probabilities == pytest.approx(unknown.probabilities, abs=1e-6)
    assert list(empty.words[0].columns) == ["<unk>"]
    assert make_classifier(name).predict([]) == []


def test_a_temperature_softens_what_is_answered(make_classifier):
    plain, soft = (make_classifier(answer={"temperature": t}).predict(["a b"])[0] for t in (1.0, 100.0))
    assert plain.label == soft.label
    assert soft.probability < plain.probability
    assert soft.probability == pytest.approx(1 / 3, abs=0.05)


def test_a_model_in_training_goes_on_in_training(make_classifier):
    classifier = make_classifier(model={"dropout": 0.5})
    classifier.model.train()
    first, second = (classifier.predict(["a b c"])[0].probabilities for _ in range(2))
    assert first == second, "dropout takes no part"
    assert classifier.model.training


def test_products_are_in_the_precision_of_the_settings(make_classifier):
    half, full = (make_classifier(answer={"precision": p}).predict(["a b"])[0] for p in ("bfloat16", "float32"))
    assert half.probability != full.probability
    assert half.probability == pytest.approx(full.probability, abs=3e-2)
    assert torch.equal(half.words[0].weights, full.words[0].weights), "what is shown is exact"
    assert half.words[0].weights.dtype == torch.float32


@EVERY
def test_what_is_saved_is_loaded(make_classifier, tmp_path, name):
    classifier = make_classifier(name, answer={"temperature": 1.7})
    classifier.save(tmp_path / "a run")
    again = heedful.load(tmp_path / "a run")
    assert [one.probabilities for one in again.predict(TEXTS)] == [
        one.probabilities for one in classifier.predict(TEXTS)
    ]
    assert again.config == classifier.config
    assert again.labels == ("neg", "pos", "中")
    assert not again.model.training


def test_what_may_be_changed_afterwards_is_how_it_answers(make_classifier, tmp_path):
    make_classifier().save(tmp_path)
    assert heedful.load(tmp_path, settings={"answer": {"temperature": 3}}).config.answer.temperature == 3
    with pytest.raises(UserError, match=r"--set data\.\w+: training has fixed that.*answer"):
        heedful.load(tmp_path, settings={"data": {"max_length": 3}})
    with pytest.raises(UserError, match=r"unknown setting 'answer.temprature'.*did you mean 'temperature'"):
        heedful.load(tmp_path, settings={"answer": {"temprature": 3}})


def test_the_readme_has_the_next_commands(make_classifier, tmp_path):
    make_classifier().save(tmp_path / "a run")
    readme = (tmp_path / "a run" / "README.md").read_text(encoding="utf-8")
    for command in ("predict", "show", "eval"):
        assert f"heedful {command} '{tmp_path / 'a run'}'" in readme
    assert "heedful.load(" in readme
    assert "neg, pos, 中" in readme


@pytest.mark.parametrize("name", ["birnn", "han"])
def test_maps_show_the_words_that_were_typed(make_classifier, name):
    text = "A Zyzzyva film. GOOD, it says"
    classifier = make_classifier(name)
    found = classifier.predict([text, ""])
    shown = [column for one in found[0].words for column in one.columns]
    assert shown == ["A", "Zyzzyva", "film", ".", "GOOD", ",", "it", "says"]
    assert tuple(found[1].words[0].columns) == ("<unk>",)


def test_the_words_typed_end_where_a_text_is_cut(make_classifier):
    found = make_classifier("birnn", data={"max_length": 3}).predict(["One Two. Three Four"])[0]
    assert found.is_cut
    assert tuple(found.words[0].columns) == ("One", "Two", ".")
