"""What --json prints is JSON, whatever the numbers: one that is not defined, or beyond all numbers, is null."""

import json

import pytest
import torch

from heedful.cli.run import run
from heedful.data.overlap import Overlap
from heedful.data.tokenise import WordTokeniser
from heedful.task import task_named
from heedful.task.config import make_settings
from heedful.task.custom import build_model
from heedful.task.pretrain.pretrained import Pretrained

WORDS = "a b c d"
SIZE = {"embed": 4, "hidden": 4}


def untrained(name: str, settings: dict[str, object]):
    """An untrained predictor of a task over a few letters."""
    task = task_named(name)
    config = make_settings(task.config, settings)
    parts = {"text": WordTokeniser.train([WORDS])}
    if name == "match":
        parts["overlap"] = Overlap.learn([("a b", "c d")], config.data.features)
    return task.predictor(config, build_model(config, task.sizes(config, parts), {}), parts)


def matcher(folder, goal: str) -> None:
    """An untrained model of pairs."""
    model = {"name": "bcnn", "embed": 4, "kernels": 3}
    untrained("match", {"goal": goal, "model": model, "scale": [0, 5]}).save(folder)


def wrong_by_far(model: torch.nn.Module) -> None:
    """Makes a model certain of what is wrong."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(1e4 * torch.randn_like(parameter))


def writer(folder) -> None:
    """A language model that is certain of what is wrong."""
    data = {"window": 8, "text": {"tokeniser": "word"}}
    made = untrained("language-model", {"model": {"name": "lstm", **SIZE}, "data": data})
    wrong_by_far(made.model)
    made.save(folder)


def reader(folder) -> None:
    """A pretraining that is certain of what is wrong."""
    made = untrained("pretrain", {"model": {"name": "next-word", **SIZE}})
    wrong_by_far(made.model)
    made.save(folder)


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


@pytest.fixture
def read(tmp_path, capsys):
    """From the words of a command on a file to the object that it prints."""

    def read(command: str, content: str) -> dict[str, object]:
        (tmp_path / "in.tsv").write_text(content)
        capsys.readouterr()
        assert run([command, str(tmp_path / "run"), str(tmp_path / "in.tsv"), "--json"]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[0], parse_constant=refuse)

    return read


def test_a_ranking_without_a_relevant_pair(tmp_path, read):
    matcher(tmp_path / "run", "relevance")
    found = read("eval", "a\tb\t0\na\tc\t0\n")
    assert (found["map"], found["mrr"]) == (None, None)
    assert found["accuracy"] is not None


def test_without_json_it_is_lines_for_people(tmp_path, capsys):
    matcher(tmp_path / "run", "relevance")
    (tmp_path / "in.tsv").write_text("a\tb\t0\na\tc\t0\n")
    assert run(["eval", str(tmp_path / "run"), str(tmp_path / "in.tsv")]) == 0
    assert "map               nan\n" in capsys.readouterr().out
    assert run(["predict", str(tmp_path / "run"), str(tmp_path / "in.tsv")]) == 0
    assert len([float(line) for line in capsys.readouterr().out.splitlines()]) == 2


def test_similarities_that_are_all_the_same(tmp_path, read):
    matcher(tmp_path / "run", "similarity")
    found = read("eval", "a\tb\t2.5\na\tc\t2.5\n")
    assert (found["pearson"], found["spearman"]) == (None, None)
    assert found["rmse"] is not None


@pytest.mark.parametrize("make", [writer, reader])
def test_a_perplexity_beyond_all_numbers(tmp_path, read, make):
    make(tmp_path / "run")
    found = read("eval", "a b c d\nd c b a\n")
    assert found["perplexity"] is None
    assert found["nats_per_token" if make is writer else "loss"] > 700


def test_a_prediction_that_is_no_number(tmp_path, read, monkeypatch):
    reader(tmp_path / "run")
    monkeypatch.setattr(Pretrained, "predict", lambda self, texts: [float("nan")] * len(texts))
    assert read("predict", "a b c d\n") == {"nats_per_token": None}
