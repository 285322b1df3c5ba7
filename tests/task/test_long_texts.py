"""A text of 100,000 words takes memory for its words, not for its pairs of words, whatever the task does with it.

Each model reads in a process of its own, which says how much more it held at its peak than after a short text; one
map of such a text with itself would be 40 GB.
"""

import subprocess
import sys

import pytest

MOST = 300_000_000
WORDS = 100_000

BEGIN = f"""
import torch
from heedful.data.tokenise import WordTokeniser
from heedful.task import task_named
from heedful.task.config import make_settings
from heedful.task.custom import build_model
from heedful.machine import peak_memory
torch.set_num_threads(1)
LONG = "ba be bi bo bu . " * ({WORDS} // 6)
tokeniser = WordTokeniser.train(["ba be bi bo bu ."], lowercase=True)
ALL = 10 * {WORDS}
def untrained(name, parts, *layers):
    task = task_named(name)
    config = make_settings(task.config, *layers)
    return task.predictor(config, build_model(config, task.sizes(config, parts), {{}}).eval(), parts)
"""

END = """
answer("ba be .")
before = peak_memory()
answer(LONG)
print(peak_memory() - before)
"""

CLASSIFY = """
model = {{"name": "{name}", "embed": 8, "hidden": 8, "maps": 4}}
settings = {{"model": model, "labels": ["neg", "pos"], "data": {{"max_length": ALL}}}}
classifier = untrained("classify", {{"text": tokeniser}}, settings)
def answer(text):
    (found,) = classifier.predict([text])
    assert not found.is_cut and len(found.words)
"""

MATCH = """
from heedful.data.overlap import Overlap
settings = {{"model": {{"name": "{name}", {small}}}, "data": {{"max_length": ALL}}, "goal": "relevance"}}
features = make_settings(task_named("match").config, settings).data.features
overlap = Overlap.learn([("ba be .", "be bi .")], features)
matcher = untrained("match", {{"text": tokeniser, "overlap": overlap}}, settings)
def answer(text):
    (found,) = matcher.predict([(text, "be bi . ba bo")])
    assert not found.is_cut
"""

PARSE = """
import tempfile
from pathlib import Path
from heedful.task.base import Files
settings = {"model": {"name": "guided-lstm", "embed": 8, "hidden": 8}, "decode": {"beam": 1}}
task = task_named("parse")
config = make_settings(task.config, settings)
with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "one.mrg").write_text("(S (NP (A ba) (B be)) (VP (C bi) (D bo)) (. .))")
    parts = task.learn(config, task.read(config, Files([Path(folder)])))
parser = untrained("parse", parts, settings)
def answer(text):
    (found,) = parser.predict([text])
    assert found.is_cut == (text is LONG)  # its words are said one by one: some hundred are what it reads
"""

LANGUAGE = """
from heedful.task.language_model.score import evaluate
from heedful.task.language_model.texts import Text
words = {{"text": {{"tokeniser": "word"}}}}
settings = {{"model": {{"name": "{name}", {small}}}, "data": words, "decode": {{"length": 5}}}}
writer = untrained("language-model", {{"text": tokeniser}}, settings)
def answer(text):
    (found,) = writer.predict([text])
    assert found.is_cut == (text is LONG)  # the last window is read
    scored = evaluate(writer, Text([text], "text"))["tokens"]
    assert text is not LONG or scored > {words} - 10
"""

PRETRAIN = """
settings = {"model": {"name": "autoencoder", "embed": 8, "hidden": 8}}
reader = untrained("pretrain", {"text": tokeniser}, settings)
def answer(text):
    assert reader.predict([text])[0] > 0
"""

WORD_READER = '"text": {"encoder": "words", "embed": 8}, "hidden": 8, "compare": 8'
TRANSFORMER = '"width": 8, "heads": 2, "feedforward": 8, "layers": 1'
TASKS = {
    "classify-birnn": CLASSIFY.format(name="birnn"),
    "classify-cnn-attention": CLASSIFY.format(name="cnn-attention"),
    "classify-han": CLASSIFY.format(name="han"),
    "match-bcnn": MATCH.format(name="bcnn", small='"embed": 8, "kernels": 4, "max_length": ALL'),
    "match-abcnn3": MATCH.format(name="abcnn3", small='"embed": 8, "kernels": 4, "max_length": ALL'),
    "match-decomposable": MATCH.format(name="decomposable", small=WORD_READER),
    "parse": PARSE,
    "language-transformer": LANGUAGE.format(words=WORDS, name="transformer", small=TRANSFORMER),
    "language-lstm": LANGUAGE.format(words=WORDS, name="attention-rnn", small='"embed": 8, "hidden": 8'),
    "pretrain": PRETRAIN,
}


SLOW = ("classify-han", "match-abcnn3")
"""Ten seconds each, for models of the same tasks as quicker ones."""


@pytest.mark.parametrize("task", [pytest.param(each, marks=[pytest.mark.slow] * (each in SLOW)) for each in TASKS])
def test_a_text_of_100_000_words_fits(task):
    program = BEGIN + TASKS[task] + END
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST
