"""A tiny predictor with untrained weights for every task, for what does not depend on having learnt."""

import torch

from heedful.data.dialogue import MarkedTokeniser, Turn
from heedful.data.overlap import Overlap
from heedful.data.tokenise import WordTokeniser
from heedful.data.tree import read_trees
from heedful.task.config import make_settings
from heedful.task.custom import build_model
from heedful.task.language_model.texts import Text
from heedful.task.tasks import task_named

LETTERS = "a b c d e f g h"
TEXTS = ["a b c", "c b a", "d e f g", "h g", "a", "b d f h a", "e e e", "f a d e"]
SEQ = {"embed": 8, "hidden": 8}
TRANSFORMER = {"width": 8, "heads": 2, "feedforward": 8, "encoder_layers": 1, "decoder_layers": 1}
TREES = "(S (A a) (B (C b) (D c)))\n(S (A c) (A b) (A a))\n(S (B (C d) (D e)) (A f) (A g) (A h))\n"


def tiny(task_name, model, small, parts=None, **sections):
    """A predictor with untrained weights."""
    task = task_named(task_name)
    chosen = {"model": {"name": model, **small}, **sections}
    config = make_settings(task.config, chosen)
    parts = parts or {"text": WordTokeniser.train([LETTERS])}
    torch.manual_seed(3)
    network = build_model(config, task.sizes(config, parts), {}).eval()
    for parameter in network.parameters():  # firm, though it knows nothing
        parameter.data.mul_(2).add_(0.1 * torch.randn_like(parameter))
    return task.predictor(config, network, parts, task=task)


def translator(model, small):
    parts = {"source": WordTokeniser.train([LETTERS]), "target": WordTokeniser.train([LETTERS.upper()])}
    decode = {"beam": 2, "ratio": 0.1, "precision": "float32"}
    return tiny("translate", model, small, parts, data={"shared": False}, decode=decode)


def partner(model, small):
    parts = {"text": MarkedTokeniser(WordTokeniser.train([LETTERS]))}
    return tiny("chat", model, small, parts, decode={"beam": 2, "longest": 5, "precision": "float32"})


def classifier(model):
    small = {"embed": 8, "hidden": 8, "maps": 5, "heads": 2, "feedforward": 8}
    return tiny("classify", model, small, answer={"precision": "float32"}, labels=["neg", "pos"])


def matcher(model, small):
    parts = {"text": WordTokeniser.train([LETTERS]), "overlap": Overlap.learn([("a b", "b c")], ())}
    data = {"labels": ["0", "1"], "goal": "classes", "answer": {"precision": "float32"}}
    return tiny("match", model, small, parts, **data)


def parser(tmp_path, model, small):
    (tmp_path / "one.mrg").write_text(TREES)
    task = task_named("parse")
    config = make_settings(task.config, {"model": {"name": model, **small}})
    parts = task.learn(config, read_trees([tmp_path / "one.mrg"], functions=False))
    return tiny("parse", model, small, parts, decode={"beam": 1, "ratio": 1, "precision": "float32"})


def writer(model, small):
    task = task_named("language-model")
    sections = {"data": {"window": 16}, "decode": {"length": 4, "precision": "float32"}}
    config = make_settings(task.config, {"model": {"name": model, **small}, **sections})
    parts = task.learn(config, Text([LETTERS, *TEXTS], "text"))
    return tiny("language-model", model, small, parts, **sections)


CASES = {
    "translate transformer": lambda path: translator("transformer", TRANSFORMER),
    "chat luong": lambda path: partner("luong", SEQ),
    "classify han": lambda path: classifier("han"),
    "classify transformer": lambda path: classifier("transformer"),
    "match abcnn3": lambda path: matcher("abcnn3", {"embed": 8, "kernels": 5}),
    "match cross-attention": lambda path: matcher("cross-attention", {}),
    "parse guided-lstm": lambda path: parser(path, "guided-lstm", SEQ),
    "language-model attention-rnn": lambda path: writer("attention-rnn", {"embed": 6, "hidden": 8}),
}


def question(predictor, text):
    kinds = {"match": lambda: (text, text[::-1]), "chat": lambda: (Turn(text, ""),)}
    return kinds.get(predictor.config.task, lambda: text)()
