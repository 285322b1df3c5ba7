"""A run that is stopped and goes on ends bit for bit as one that nothing happened to, whatever is trained."""

import json
import os
import signal

import pytest

pytest.importorskip("lightning")

import torch

from heedful.cli.run import run
from heedful.store import load_tensors
from heedful.train.metrics import MetricsFile
from tests.cli import small


@pytest.fixture
def stop_at(monkeypatch):
    """From a step to training that is sent SIGTERM there, once."""

    def stop_at(step):
        plain, sent = MetricsFile.write, []

        def write(self, line):
            plain(self, line)
            if line["step"] >= step and not sent:
                sent.append(line)
                os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr(MetricsFile, "write", write)

    return stop_at


def numbers_in(out):
    """All lines of a run, without what depends on the clock."""
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds" and not k.endswith("per_second")} for line in lines]


@pytest.mark.parametrize("way", ["parse", "chat", "autoencoder", "next-word", "weighted-transformer"])
def test_a_stopped_run_goes_on_to_the_same_numbers(way, tmp_path, stop_at, capsys):
    if way == "weighted-transformer":
        pytest.importorskip("sacrebleu")
    path = small.write(small.WAYS[way][0], tmp_path)
    more = ["--valid", str(path)] if way == "weighted-transformer" else []  # the others hold some out, and again
    whole, half = tmp_path / "whole", tmp_path / "half"
    assert run(small.words(way, path, whole, *more)) == 0
    stop_at(6)
    assert run(small.words(way, path, half, *more)) == 143
    assert "stopped at step" in capsys.readouterr().err
    assert numbers_in(half)[-1]["step"] < 10
    assert run(["train", small.WAYS[way][0], "--resume", "--out", str(half)]) == 0
    assert numbers_in(half) == numbers_in(whole)
    for file in ("model.safetensors", "training.safetensors"):
        ours, theirs = load_tensors(half / file), load_tensors(whole / file)
        assert ours.keys() == theirs.keys()
        differ = [name for name in ours if not torch.equal(ours[name], theirs[name])]
        # beartype, which only tests run, draws by Python's generator which items of a list to look at; no model does.
        assert [name for name in differ if name != "rank/0/random/python"] == []
