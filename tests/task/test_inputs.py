"""What is passed to `predict` is a list of questions in some form, or is refused with what it is."""

import numpy as np
import pytest
import torch

from heedful.data.dialogue import MarkedTokeniser
from heedful.data.overlap import Overlap
from heedful.data.tokenise import WordTokeniser
from heedful.data.tree import read_brackets
from heedful.data.tree.words import KnownWords
from heedful.errors import UserError
from heedful.task import task_named
from heedful.task.config import make_settings
from heedful.task.custom import build_model
from heedful.task.inputs import as_pairs, as_texts
from heedful.task.parse.symbols import Symbols
from heedful.task.parse.task import linear_of

TOKENISER = WordTokeniser.train(["a b c d"])
SMALL = {"embed": 8, "hidden": 8}
SETTINGS = {
    "translate": {"model": {"name": "rnnsearch", **SMALL}, "data": {"shared": False}, "decode": {"beam": 1}},
    "classify": {"model": {"name": "birnn", **SMALL}, "labels": ["x", "y"]},
    "pretrain": {"model": {"name": "autoencoder", **SMALL}},
    "match": {"model": {"name": "bcnn", "embed": 8, "kernels": 4}, "goal": "relevance"},
    "parse": {"model": {"name": "guided-lstm", **SMALL}, "decode": {"beam": 1}},
    "chat": {"model": {"name": "rnnsearch", **SMALL}, "decode": {"beam": 1, "longest": 3}},
    "language-model": {
        "model": {"name": "transformer", "width": 8, "heads": 2, "layers": 1, "feedforward": 8},
        "data": {"text": {"tokeniser": "word"}},
        "decode": {"length": 2},
    },
}


def parts_of(name, config):
    if name == "translate":
        return {"source": TOKENISER, "target": TOKENISER}
    if name == "match":
        return {"text": TOKENISER, "overlap": Overlap.learn([("a b", "b c")], config.data.features)}
    if name == "parse":
        trees = [tree for tree, _ in read_brackets(["(S (X a) (Y b))"], "trees")]
        return {"source": KnownWords.train([["a", "b"]]), "target": Symbols.train(trees, linear_of(config))}
    return {"text": MarkedTokeniser(TOKENISER) if name == "chat" else TOKENISER}


def untrained(name):
    task = task_named(name)
    config = make_settings(task.config, SETTINGS[name])
    parts = parts_of(name, config)
    return task.predictor(config, build_model(config, task.sizes(config, parts), {}).eval(), parts)


@pytest.fixture(scope="module", params=SETTINGS)
def predictor(request):
    torch.manual_seed(1)
    return untrained(request.param)


def test_every_task_takes_a_list_in_any_form_and_refuses_what_is_none(predictor):
    is_match = predictor.config.task == "match"
    question, other = (("a b", "c"), ("d", "a")) if is_match else ("a b", "c d a")
    assert len(predictor.predict([question, other])) == 2
    assert len(predictor.predict(item for item in [question, other, question])) == 3
    assert len(predictor.predict(np.array([question, other], dtype=np.str_))) == 2
    with pytest.raises(UserError, match=r"expected a list of .*, got one text, 'a b c'.*put it in a list"):
        predictor.predict("a b c")
    assert predictor.predict([]) == []


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (None, "expected a text, but item 1 is None .a value is missing"),
        (float("nan"), r"item 1 is nan \(float\) .a value is missing"),
        (np.float64("nan"), r"item 1 is .*nan.* .a value is missing"),
        (7, r"item 1 is 7 \(int\) .convert it first: str"),
        (b"a", r"item 1 is b'a' \(bytes\) .decode it first"),
        (["a", "b"], r"item 1 is \['a', 'b'\] \(list\) .pass one text for each question"),
        ("\ud800 \N{EURO SIGN}", "item 1 holds half of a surrogate pair"),
    ],
)
def test_an_item_that_is_no_text_is_told_with_its_position(item, words):
    with pytest.raises(UserError, match=words):
        as_texts(["fine", item])
    with pytest.raises(UserError, match="the right text of item 0 "):
        as_pairs([("fine", item)])


class Table:
    """A table as pandas has it: it is iterated over by the names of its columns."""

    columns = ("text", "label")

    def __iter__(self):
        return iter(self.columns)


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        (Table(), r"expected a list of texts, got a table \(Table\) .pass one column of it"),
        ({"a": "b"}, r"got \{'a': 'b'\} \(dict\) .the order of the answers"),
        ({"a"}, r"got \{'a'\} \(set\)"),
        (None, "got None"),
        (3, r"got 3 \(int\)"),
        (np.array("a"), "expected a list of texts, got array"),
        (b"ab", "got one text, b'ab'"),
    ],
)
def test_what_has_no_order_or_other_items_is_no_list(questions, words):
    with pytest.raises(UserError, match=words):
        as_texts(questions)


def test_a_pair_is_two_texts():
    assert as_pairs([["a", "b"], ("c", "")]) == [("a", "b"), ("c", "")]
    with pytest.raises(UserError, match=r"expected a pair of texts, but item 0 is 'ab' \(str\).*pass a list of pairs"):
        as_pairs(("ab", "cd"))
    with pytest.raises(UserError, match="expected a pair of texts, but item 1 has 3"):
        as_pairs([("a", "b"), ("a", "b", "c")])


def test_words_and_turns_are_texts_too():
    parser, partner = untrained("parse"), untrained("chat")
    assert parser.predict([["a", "b"], "a b"])[0].words == ("a", "b")
    assert len(partner.predict([["a", "b"], "c", []])) == 3
    with pytest.raises(UserError, match="word 1 of item 0 is 7"):
        parser.predict(iter([("a", 7)]))
    with pytest.raises(UserError, match="turn 0 of item 1 is None"):
        partner.predict(iter(["a", [None, "b"]]))
    with pytest.raises(UserError, match="expected a text, but item 0 is None"):
        partner.predict(iter([None]))
