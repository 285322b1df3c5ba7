"""One door for seeing: all layers and heads, files, headings and notebooks, for every task."""

import pytest
import torch

import heedful
from heedful import UserError
from heedful.task import engine
from heedful.task.models import model_title
from heedful.task.tasks import all_tasks
from heedful.watch import load_maps
from heedful.watch.titles import attention_title
from tests.task.predictors import CASES, SEQ, TRANSFORMER, matcher, parser, partner, question, translator, writer

TEXT = "a b c d"


def texts_of(predictor):
    return question(predictor, TEXT) if predictor.config.task == "match" else (TEXT,)


def shown(predictor, **options):
    return heedful.show(predictor, *texts_of(predictor), **options)


SEQ_TO_SEQ = {
    "translate": lambda path: translator("transformer", TRANSFORMER),
    "weighted": lambda path: translator("weighted-transformer", TRANSFORMER),
    "chat": lambda path: partner("transformer", TRANSFORMER),
    "parse": lambda path: parser(path, "transformer", TRANSFORMER),
}


@pytest.mark.parametrize("case", SEQ_TO_SEQ)
def test_all_means_encoder_decoder_and_between(case, tmp_path):
    predictor = SEQ_TO_SEQ[case](tmp_path)
    (plain,), (every,) = shown(predictor), shown(predictor, every=True)
    assert plain.text == every.text
    maps = {map_.title.partition(": ")[2]: map_ for map_ in every.maps if ": " in map_.title}
    heads = [f"{where}, layer 0, head {head}" for where in WHERE for head in (0, 1)]
    assert list(maps) == heads
    outputs, sources = plain.maps[0].weights.shape
    mean = torch.stack([maps[f"source attention, layer 0, head {head}"].weights for head in (0, 1)]).mean(0)
    torch.testing.assert_close(mean, plain.maps[0].weights)
    inside = maps["encoder self-attention, layer 0, head 0"]
    assert inside.weights.shape == (sources, sources)
    assert list(inside.columns) == list(plain.maps[0].columns)
    before = maps["decoder self-attention, layer 0, head 0"]
    assert before.weights.shape == (outputs, outputs)
    assert before.columns[0] == "<s>", "the first word is predicted from the beginning alone"
    assert list(before.columns[1:]) == list(before.rows[:-1])
    assert before.weights.triu(1).eq(0).all()
    for map_ in maps.values():
        torch.testing.assert_close(map_.weights.sum(-1), torch.ones(len(map_.rows)))


WHERE = ("encoder self-attention", "decoder self-attention", "source attention")


def test_a_parser_that_reads_backwards_shows_words_in_their_order(tmp_path):
    predictor = parser(tmp_path, "grammar-lstm", SEQ | {"layers": 1})
    (plain,), (every,) = shown(predictor), shown(predictor, every=True)
    assert [list(map_.columns) for map_ in every.maps] == [list(plain.maps[0].columns)]
    torch.testing.assert_close(every.maps[0].weights, plain.maps[0].weights)


@pytest.mark.parametrize("case", CASES)
def test_predict_gives_all_maps_as_show_does(case, tmp_path):
    predictor = CASES[case](tmp_path)
    task, options = predictor.task, {"first": 1, "maps": True, "options": {}}
    (predicted,) = task.answer(predictor, [question(predictor, TEXT)], **options, every=True)
    (show,) = shown(predictor, every=True)
    assert [map_.title for map_ in predicted.maps] == [map_.title for map_ in show.maps]
    for one, other in zip(predicted.maps, show.maps, strict=True):
        torch.testing.assert_close(one.weights, other.weights)


@pytest.mark.parametrize("case", CASES)
def test_answers_are_short_in_print_and_drawn_in_notebooks(case, tmp_path):
    predictor = CASES[case](tmp_path)
    answers = shown(predictor)
    (found,) = predictor.predict([question(predictor, TEXT)])
    for answer in (answers[0], found, answers[0].maps[0]):
        assert len(repr(answer)) < 500
        assert "tensor(" not in repr(answer)
    assert "<svg" in answers._repr_html_()
    assert "<svg" in answers[0].maps[0]._repr_html_()
    if predictor.config.task != "language-model":  # whose continuation has no map
        assert "<svg" in found._repr_html_()


def test_a_notebook_draws_a_dozen_maps_and_counts_the_others():
    from heedful.task.base import Answer
    from heedful.watch import Map

    maps = [Map(torch.rand(2, 2), ["a", "b"], ["c", "d"], f"<map {i}>") for i in range(20)]
    html = Answer("<b>text</b>", maps, "a note")._repr_html_()
    assert html.count("<svg") == 12
    assert "and 8 more maps" in html
    assert "<b>" not in html
    assert "note: a note" in html


def test_show_writes_its_maps_with_the_sentence_as_heading(tmp_path):
    predictor = translator("transformer", TRANSFORMER)
    answers = shown(predictor, every=True, out=str(tmp_path / "page.html"), scale="row")
    page = (tmp_path / "page.html").read_text()
    assert page.count(f"<h2>{TEXT}</h2>") == 1, "above all maps of the answer"
    assert page.count("<h3>Transformer: ") == len(answers[0].maps) == 6
    assert page.count("the largest of each row") == 6
    shown(predictor, out=tmp_path / "maps.npz")
    (read,) = load_maps(tmp_path / "maps.npz")
    assert (read.heading, read.title) == (TEXT, "Transformer: source attention, layer 0, mean of its heads")
    with pytest.raises(UserError, match="cannot be saved"):
        shown(predictor, out="page.htm")
    with pytest.raises(UserError, match="scale"):
        shown(predictor, out=tmp_path / "page.html", scale=-1.0)


def test_headings_name_the_line_and_its_question(tmp_path):
    (tmp_path / "in.txt").write_text(f"a b\n{'c ' * 80}\n\nd\n")
    predictor = translator("rnnsearch", SEQ)
    asked = []
    chunks = engine.answers(
        predictor.task, predictor, str(tmp_path / "in.txt"), size=2, options={}, maps=lambda: not asked.append(1)
    )
    headings = [{map_.heading for map_ in answer.maps} for chunk in chunks for answer in chunk]
    assert headings[0] == {"1: a b"}
    assert headings[1] == {f"2: {'c ' * 49}c…"}
    assert headings[3] == {"4: d"}
    assert len(asked) == 2, "it is asked once for each chunk"
    assert engine.heading_of(("left\ntext", "right")) == "left text / right"


def test_a_task_without_further_maps_refuses_all(tmp_path):
    class Plain(type(translator("rnnsearch", SEQ).task)):
        has_all_maps = False

    (tmp_path / "in.txt").write_text("")
    predictor = translator("rnnsearch", SEQ)
    file = str(tmp_path / "in.txt")
    assert list(engine.answers(Plain(), predictor, file, size=2, options={}, maps=True)) == []
    with pytest.raises(UserError, match=r"'translate' has no maps of all layers and heads \(leave out --all"):
        list(engine.answers(Plain(), predictor, file, size=2, options={}, maps=True, every=True))
    with pytest.raises(UserError, match="has no maps of all layers and heads"):
        engine.show(Plain(), predictor, ("a",), every=True, options={})
    assert [task.name for task in all_tasks() if not task.has_all_maps] == ["pretrain"]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("decoder.look.attention", "source attention"),
        ("decoder.2.source", "source attention, layer 2"),
        ("decoder.0.source.weighted", "source attention, layer 0"),
        ("encoder.1.self", "encoder self-attention, layer 1"),
        ("layers.3.self", "self-attention, layer 3"),
        ("words.encoder.layers.0.self", "encoder self-attention, layer 0"),
        ("sentences.pooling.attention", "attention over sentences"),
        ("sentences.encoder.layers.0.self", "self-attention over sentences, layer 0"),
        ("look.attention", "attention to the past"),
        ("left", "attention from the left to the right text"),
        ("my.own", "my.own"),
    ],
)
def test_attentions_have_titles_in_words(name, title):
    assert attention_title(name) == title


def test_models_have_the_names_of_their_papers():
    names = ("rnnsearch", "transformer", "han", "abcnn3", "weighted-transformer", "my-model")
    titles = ["RNNsearch", "Transformer", "HAN", "ABCNN-3", "Weighted Transformer", "My-model"]
    assert list(map(model_title, names)) == titles


def test_all_maps_of_a_pair_are_between_and_within_the_texts():
    small = {"text": {"encoder": "transformer", "layers": 1, "heads": 2, "hidden": 8, "feedforward": 8}}
    predictor = matcher("cross-attention", small)
    (every,) = heedful.show(predictor, "a b c", "d e", every=True)
    titles = [map_.title.partition("; ")[0].partition(": ")[2] for map_ in every.maps]
    within = [
        f"{side} text, encoder self-attention, layer 0, head {head}" for side in ("left", "right") for head in (0, 1)
    ]
    assert titles == ["attention from the left to the right text", *within]
    assert [tuple(map_.weights.shape) for map_ in every.maps] == [(3, 2), (3, 3), (3, 3), (2, 2), (2, 2)]


def test_the_maps_of_a_language_model_are_of_all_layers():
    predictor = writer("transformer", {"width": 8, "heads": 2, "feedforward": 8, "layers": 2})
    (every,) = shown(predictor, every=True)
    assert len(every.maps) == 4
