"""Every way to train a classifier from the command line: models, languages, folders, vectors, folds, going on."""

import json
import random
import shutil

import pytest
import torch

import heedful
from heedful.cli.run import run
from heedful.store import load_tensors

pytest.importorskip("lightning")
pytest.importorskip("torchmetrics")

TINY = {"embed": 12, "hidden": 12, "maps": 8, "heads": 2, "feedforward": 16, "dropout": 0, "embed_dropout": 0}
TRAIN = {"steps": 40, "valid_every": 20, "rate": 2e-2, "tokens": 400, "warmup": 5, "precision": "float32"}
TELLING = {
    "english": {"no": ["bad", "awful"], "yes": ["good", "fine"]},
    "chinese": {"0": ["差", "坏"], "1": ["好", "棒"]},
}


def rows(language, count, seed=0):
    """Texts and labels: one word of six tells which."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        label = draw.choice(sorted(TELLING[language]))
        words = draw.choices("abcdefgh" if language == "english" else "天地人山水火木金", k=5)
        words.insert(draw.randrange(6), draw.choice(TELLING[language][label]))
        found.append(((" " if language == "english" else "").join(words), label))
    return found


def table(path, found):
    path.write_text("".join(f"{text}\t{label}\n" for text, label in found), encoding="utf-8")
    return path


def train(source, out, *more, model="words", **changed):
    """Trains, and gives the exit status."""
    words = ["train", "classify", "--out", out, "--model", model, *(["--train", source] if source else []), *more]
    settings = {f"model.{name}": value for name, value in TINY.items()} | {f"train.{k}": v for k, v in TRAIN.items()}
    settings |= {name.replace("__", "."): value for name, value in changed.items()}
    chosen = [word for name, value in settings.items() if value is not None for word in ("--set", f"{name}={value}")]
    return run([str(word) for word in words] + chosen)


@pytest.mark.parametrize(
    ("model", "language", "tokeniser"),
    [
        ("textcnn", "english", "word"),
        ("textrnn", "english", "character"),
        ("rcnn", "chinese", "word"),
        ("cnn-attention", "english", "word"),
        ("birnn", "chinese", "character"),
        ("han", "chinese", "word"),
        ("transformer", "english", "word"),
        ("words", "chinese", "word"),
    ],
)
def test_a_model_learns_from_a_table_and_its_folder_answers(tmp_path, capsys, model, language, tokeniser):
    source = table(tmp_path / "train.tsv", rows(language, 240))
    test = table(tmp_path / "test.tsv", rows(language, 40, seed=1))
    out = tmp_path / "run"
    assert train(source, out, "--test", test, model=model, data__text__tokeniser=tokeniser) == 0
    shown = capsys.readouterr()
    accuracy = next(line for line in shown.out.splitlines() if line.startswith("test accuracy")).split()[-1]
    assert float(accuracy) > 0.85
    assert "validation: 24 of 240 training texts, held out" in shown.err
    assert f"heedful eval {out} FILE" in shown.err
    found = heedful.load(out).predict([text for text, _ in rows(language, 40, seed=1)])
    right = [one.label == label for one, (_, label) in zip(found, rows(language, 40, seed=1), strict=True)]
    assert sum(right) / 40 == pytest.approx(float(accuracy), abs=1e-3)


@pytest.mark.parametrize("shape", ["folders", "files"])
def test_folders_give_labels(tmp_path, shape):
    for number, (text, label) in enumerate(rows("english", 60)):
        if shape == "folders":
            (tmp_path / "in" / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "in" / label / f"{number}.txt").write_text(f"{text}\n")
        else:
            (tmp_path / "in").mkdir(exist_ok=True)
            with (tmp_path / "in" / f"{label}.txt").open("a") as file:
                file.write(f"{text}\n")
    assert train(tmp_path / "in", tmp_path / "run", train__steps=4) == 0
    assert heedful.load(tmp_path / "run").labels == ("no", "yes")


def test_words_begin_from_vectors_and_are_as_wide(tmp_path, capsys):
    source = table(tmp_path / "train.tsv", rows("english", 60))
    vectors = tmp_path / "v.txt"
    vectors.write_text("good 1 0 0 0 0\nbad 0 1 0 0 0\n")
    assert train(source, tmp_path / "run", "--vectors", vectors, model__embed=None, train__steps=1) == 0
    assert "vectors: 2 of 12 pieces of the vocabulary" in capsys.readouterr().err
    classifier = heedful.load(tmp_path / "run")
    table_of_words = classifier.model.embedding.weight.detach()
    good, bad = (table_of_words[classifier.tokeniser.encode(word)[0]] for word in ("good", "bad"))
    torch.testing.assert_close(torch.stack([good, bad]), torch.eye(2, 5), atol=0.05, rtol=0)
    vectors.unlink()  # it is not asked for again
    assert train(None, tmp_path / "run", "--resume", model__embed=None, train__steps=2) == 0, (
        "the file is not asked for"
    )


def test_vectors_that_do_not_fit_are_told(tmp_path, capsys):
    source = table(tmp_path / "train.tsv", rows("english", 60))
    (tmp_path / "v.txt").write_text("good 1 0 0 0 0\n")
    assert train(source, tmp_path / "run", "--vectors", tmp_path / "v.txt") == 1
    assert "a word has 5 numbers, but the model's embed is 12" in capsys.readouterr().err
    (tmp_path / "v.txt").write_text("bonjour 1 0 0 0 0\n")
    assert train(source, tmp_path / "run", "--vectors", tmp_path / "v.txt", model__embed=None) == 1
    assert "none of the 12 pieces" in capsys.readouterr().err


def test_a_resumed_run_has_the_same_numbers(tmp_path):
    source = table(tmp_path / "train.tsv", rows("english", 120))
    how = {"model": "birnn", "model__dropout": 0.3, "train__schedule": "constant", "train__valid_every": 8}
    assert train(source, tmp_path / "whole", **how, train__steps=16) == 0
    assert train(source, tmp_path / "in-two", **how, train__steps=8) == 0
    assert train(None, tmp_path / "in-two", "--resume", **how, train__steps=16) == 0
    ours, theirs = (load_tensors(tmp_path / name / "model.safetensors") for name in ("in-two", "whole"))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    configs = [heedful.load(tmp_path / name).config for name in ("in-two", "whole")]
    assert configs[0].answer == configs[1].answer


def test_folds_are_trained_one_by_one_and_summed_up(tmp_path, capsys):
    source = table(tmp_path / "train.tsv", rows("english", 60))
    out = tmp_path / "run"
    assert train(source, out, "--folds", 3, train__steps=4) == 0
    shown = capsys.readouterr()
    assert "mean accuracy" in shown.out
    assert "deviation of accuracy" in shown.out
    assert shown.err.count("fold ") == 3
    assert f"heedful predict {out / 'fold-3'} FILE" in shown.err, "a folder that answers"
    found = json.loads((out / "folds.json").read_text())
    assert len(found["folds"]) == 3
    assert found["mean accuracy"] == pytest.approx(sum(fold["accuracy"] for fold in found["folds"]) / 3, abs=1e-4)
    shutil.rmtree(out / "fold-2")
    assert train(None, out, "--folds", 3, "--resume", train__steps=4) == 0
    assert json.loads((out / "folds.json").read_text()) == found, "what is there is not trained again, and the rest is"
    before = (out / "config.yaml").read_text()
    assert train(source, out, "--folds", 3, train__steps=9) == 1
    assert "holds a run already" in capsys.readouterr().err
    assert (out / "config.yaml").read_text() == before


@pytest.mark.parametrize(
    ("content", "more", "told"),
    [
        ("x\ta\ny\ta\n", [], "all training texts have the label 'a'"),
        ("x\ta\ny\tb\n", [], "too few to hold some out"),
        ("x\ta\ny\n", [], "t.tsv:2"),
        ("x\ta\ny\t\n", [], "t.tsv:2"),
        ("\ta\n\tb\n" * 3, [], "no text to build a vocabulary"),
        ("x\ta\ny\tb\n" * 3, ["--folds", "4"], "4 folds of texts of which 3 have the label"),
        ("x\ta\ny\tb\n" * 3, ["--folds", "2", "--valid", "t.tsv"], "--folds makes its own validation"),
        ("x\ta\ny\tb\n" * 3, ["--valid", "other.tsv"], "none of 1 texts has a label of training"),
        ("x\ta\ny\tb\n" * 3, ["--set", "train.metric=valid_bleu"], "train.metric"),
    ],
)
def test_what_cannot_be_trained_on_is_told_in_one_line(tmp_path, capsys, monkeypatch, content, more, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.tsv").write_text("x\tc\n")
    (tmp_path / "t.tsv").write_text(content)
    assert train("t.tsv", "run", *more, train__steps=2) == 1
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error", "hint"))]
    assert told in "\n".join(error)
    assert len(error) <= 2


def test_what_is_odd_is_told_and_trained_on(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rest = rows("english", 20)
    table(tmp_path / "t.tsv", [*rest, ("", "yes"), ("a " * 100_000, "no"), ("unique", "alone")])
    table(tmp_path / "v.tsv", [*rest[:5], ("what", "stranger")])
    assert train("t.tsv", "run", "--valid", "v.tsv", train__steps=3) == 0
    told = capsys.readouterr().err
    assert "training: one text only of 'alone'" in told
    assert "training: 1 of 23 texts are cut after 500 tokens (data.max_length); the first is t.tsv:22" in told
    assert "training: 1 of 23 texts are empty, and read as one unknown word; the first is t.tsv:21" in told
    assert "validation: 1 of 6 texts have a label that training has not seen ('stranger'; the first is v.tsv:6)" in told


def test_texts_in_the_column_of_labels_are_doubted(tmp_path, capsys):
    swapped = [(label, f"{text} {number}") for number, (text, label) in enumerate(rows("english", 40))]
    source = table(tmp_path / "t.tsv", swapped)
    assert train(source, tmp_path / "run", "--valid", source, train__steps=2) == 0
    assert "40 labels for 40 texts; is the column of labels the right one" in capsys.readouterr().err
