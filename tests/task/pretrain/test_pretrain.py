"""A classifier begins from a pretraining bit by bit, reads text as it did, and needs it no more afterwards."""

import json
import shutil

import pytest
import torch

import heedful
from heedful import UserError
from heedful.cli.run import run
from heedful.task.classify.config import ClassifyConfig
from heedful.task.config import make_settings

pytest.importorskip("lightning")
pytest.importorskip("torchmetrics")

LINES = [
    f"the {size} {thing} was {what}" for size in "abcdefgh" for thing in ("book", "cup") for what in ("good", "bad")
]
TINY = ("train.steps=4", "train.valid_every=2", "train.precision=float32", "train.warmup=1", "train.average=1")
SIZE = ("model.embed=6", "model.hidden=5")


def sets(*words):
    return [part for word in words for part in ("--set", word)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Texts without labels, and some with."""
    folder = tmp_path_factory.mktemp("pretrain")
    (folder / "texts.txt").write_text("\n".join(LINES) + "\n")
    rows = [f"{line}\t{'pos' if line.endswith('good') else 'neg'}" for line in LINES]
    (folder / "labelled.tsv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module", params=["autoencoder", "next-word"])
def pretrained(request, folder):
    """A run folder of each objective."""
    out = folder / request.param
    words = ["pretrain", "--train", str(folder / "texts.txt"), "--model", request.param, "--out", str(out)]
    assert run([*words, *sets(*TINY, *SIZE)]) == 0
    return out


def test_the_classifier_begins_with_its_weights_bit_by_bit(folder, pretrained, monkeypatch):
    from heedful.task import engine

    seen = []
    monkeypatch.setattr(
        engine, "fit", lambda model, *a, **k: seen.append(model) or (_ for _ in ()).throw(UserError("here"))
    )
    out = folder / f"begun-{pretrained.name}"
    words = [
        "train",
        "classify",
        "--start",
        str(pretrained),
        "--train",
        str(folder / "labelled.tsv"),
        "--out",
        str(out),
    ]
    assert run([*words, *sets(*TINY)]) == 1
    source = heedful.load(pretrained)
    (model,) = seen
    torch.testing.assert_close(model.embedding.weight, source.model.embedding.weight, rtol=0, atol=0)
    own, other = model.recurrent.state_dict(), source.model.recurrent.state_dict()
    assert own.keys() == other.keys()
    assert all(own[name].equal(other[name]) for name in own)
    text = "the a book was good"
    assert heedful.load(pretrained).ids(text) == source.parts["text"].encode(text)


def test_it_runs_without_the_folder_it_began_from(folder, pretrained, tmp_path):
    start, out = tmp_path / "start", tmp_path / "run"
    shutil.copytree(pretrained, start)
    words = ["train", "classify", "--start", str(start), "--train", str(folder / "labelled.tsv"), "--out", str(out)]
    assert run([*words, *sets(*TINY)]) == 0
    shutil.rmtree(start)
    classifier = heedful.load(out)
    assert classifier.config.model.name == "sa-lstm"
    assert classifier.config.model.settings.hidden == 5
    assert classifier.predict(["the a cup was bad"])[0].label in ("pos", "neg")
    assert run(["train", "classify", "--resume", "--out", str(out)]) == 0


def test_eval_and_predict_say_how_well_text_is_known(folder, pretrained, capsys):
    assert run(["eval", str(pretrained), str(folder / "texts.txt"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["texts"] == len(LINES)
    assert 0 < found["loss"] < 10
    assert run(["predict", str(pretrained), str(folder / "texts.txt")]) == 0
    values = [float(line) for line in capsys.readouterr().out.splitlines()]
    assert len(values) == len(LINES)
    assert sum(values) / len(values) == pytest.approx(found["loss"], abs=1e-2)
    assert run(["check", "pretrain", str(folder / "texts.txt")]) == 0


def test_some_texts_are_held_out_and_that_is_told(folder, tmp_path, capsys):
    words = ["pretrain", "--train", str(folder / "texts.txt"), *sets(*TINY, *SIZE)]
    assert run([*words, "--out", str(tmp_path / "run")]) == 0
    assert f"validation: 2 of {len(LINES)} training texts, held out" in capsys.readouterr().err
    (tmp_path / "one.txt").write_text("alone\n")
    words[2] = str(tmp_path / "one.txt")
    assert run([*words, "--out", str(tmp_path / "other")]) == 1
    assert "1 texts are too few" in capsys.readouterr().err


def test_two_beginnings_are_refused(folder, pretrained, tmp_path):
    (tmp_path / "v.txt").write_text("good 1 2 3 4 5 6\n")
    given = {"start": str(pretrained), "data": {"vectors": str(tmp_path / "v.txt")}}
    with pytest.raises(UserError, match="leave out one"):
        make_settings(ClassifyConfig, given)


def test_a_start_that_is_not_there_or_of_another_size_is_told(folder, pretrained, tmp_path, capsys):
    words = ["train", "classify", "--train", str(folder / "labelled.tsv"), "--out", str(tmp_path / "run")]
    assert run([*words, "--start", str(tmp_path / "nothing")]) == 1
    assert "no such folder" in capsys.readouterr().err
    assert run([*words, "--start", str(pretrained), *sets("model.hidden=7", *TINY)]) == 1
    assert "do not fit" in capsys.readouterr().err
