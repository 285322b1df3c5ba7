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
from heedful.machine import peak_memory
torch.set_num_threads(1)
LONG = "ba be bi bo bu . " * ({WORDS} // 6)
tokeniser = WordTokeniser.train(["ba be bi bo bu ."], lowercase=True)
ALL = 10 * {WORDS}
"""

END = """
answer("ba be .")
before = peak_memory()
answer(LONG)
print(peak_memory() - before)
"""

CLASSIFY = """
from heedful.task.classify.classifier import Classifier, build_model
from heedful.task.classify.config import make_config
model = {{"name": "{name}", "embed": 8, "hidden": 8, "maps": 4}}
config = make_config({{"model": model, "labels": ["neg", "pos"], "data": {{"max_length": ALL}}}})
classifier = Classifier(config, build_model(config, tokeniser.size).eval(), tokeniser)
def answer(text):
    (found,) = classifier.predict([text])
    assert not found.is_cut and len(found.words)
"""

MATCH = """
from heedful.data.overlap import Overlap
from heedful.model.text import TextConfig
from heedful.task.match.config import make_config
from heedful.task.match.matcher import Matcher, build_model
config = make_config({{"model": {{"name": "{name}", {small}}}, "data": {{"max_length": ALL}}, "goal": "relevance"}})
overlap = Overlap.learn([("ba be .", "be bi .")], config.data.features)
matcher = Matcher(config, build_model(config, tokeniser.size, overlap.size).eval(), tokeniser, overlap)
def answer(text):
    (found,) = matcher.predict([(text, "be bi . ba bo")])
    assert not found.is_cut
"""

PARSE = """
import tempfile
from pathlib import Path
from heedful.data.tree import read_trees
from heedful.task.parse.config import make_config
from heedful.task.parse.fit import learn_texts
from heedful.task.parse.folder import build_model
from heedful.task.parse.parser import Parser
config = make_config({"model": {"name": "guided-lstm", "embed": 8, "hidden": 8}, "decode": {"beam": 1}})
with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "one.mrg").write_text("(S (NP (A ba) (B be)) (VP (C bi) (D bo)) (. .))")
    words, symbols = learn_texts(config, read_trees([Path(folder)], functions=config.data.functions))
parser = Parser(config, build_model(config, words, symbols).eval(), words=words, symbols=symbols)
def answer(text):
    (found,) = parser.predict([text])
    assert found.is_cut == (text is LONG)  # its words are said one by one: some hundred are what it reads
"""

LANGUAGE = """
from heedful.task.language_model.config import make_config
from heedful.task.language_model.score import evaluate
from heedful.task.language_model.texts import Text
from heedful.task.language_model.writer import Writer, build_model
words = {{"text": {{"tokeniser": "word"}}}}
config = make_config({{"model": {{"name": "{name}", {small}}}, "data": words, "decode": {{"length": 5}}}})
writer = Writer(config, build_model(config, tokeniser.size).eval(), tokeniser)
def answer(text):
    (found,) = writer.predict([text])
    assert found.is_cut == (text is LONG)  # the last window is read
    scored = evaluate(writer, Text([text], "text"))["tokens"]
    assert text is not LONG or scored > {words} - 10
"""

PRETRAIN = """
from heedful.task.pretrain.config import PretrainRunConfig
from heedful.task.pretrain.reader import Reader, build_model
config = PretrainRunConfig.model_validate({"model": {"name": "autoencoder", "embed": 8, "hidden": 8}})
reader = Reader(config, build_model(config, tokeniser.size).eval(), tokeniser)
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
