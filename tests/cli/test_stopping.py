"""Training that is stopped from outside: a checkpoint, one line with the next command, the same result in the end."""

import os
import resource
import signal
import subprocess
import sys
import time

import pytest
import torch

from heedful.cli.run import run
from heedful.store import load_tensors


def _wait_for(path, seconds=60.0):
    end = time.monotonic() + seconds
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGTERM, id="SIGTERM", marks=pytest.mark.slow), pytest.param(signal.SIGINT, id="Ctrl-C")],
)
def test_a_stopped_run_goes_on_to_the_same_weights(training, trained, unchecked_shapes, tmp_path, number):
    out = tmp_path / "a run"  # with a blank, which the command it prints must quote
    words = training(out, train__log_every=5)
    process = subprocess.Popen(
        [sys.executable, "-m", "heedful", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    _wait_for(out / "metrics.jsonl")
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number, told
    last = told.strip().splitlines()[-1]
    assert f"heedful train translate --resume --out '{out}'" in last
    assert "Traceback" not in told
    assert run(["train", "translate", "--resume", "--out", str(out)]) == 0
    ours, theirs = load_tensors(out / "model.safetensors"), load_tensors(trained / "model.safetensors")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_finished_run_that_is_resumed_only_tells_its_results(training, trained, tmp_path, capsys):
    before = (trained / "model.safetensors").read_bytes()
    capsys.readouterr()
    assert run(["train", "translate", "--resume", "--out", str(trained)]) == 0
    assert "best valid_bleu" in capsys.readouterr().out
    assert (trained / "model.safetensors").read_bytes() == before


def test_a_full_disk_is_one_line(training, tmp_path, capsys):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        assert run(training(tmp_path / "run", train__steps=5, train__valid_every=5)) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error", "hint", "Trace"))]
    assert len(lines) == 2
    assert "free some space" in lines[1]
