"""Several processes: the same weights as one, the same number of steps each, and never a hang."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("lightning")

import torch

from heedful.store import load_tensors, read_metadata
from heedful.train import METRICS, fit
from heedful.train.checkpoint import load_training

GIVEN = {"epochs": 2, "average": 2}
TOY = Path(__file__).with_name("toy.py")
LAUNCH = ("-m", "torch.distributed.run")


@pytest.fixture(scope="module")
def alone(toy, tmp_path_factory):
    """What one process learns, in float64, and the lines it writes."""
    folder = tmp_path_factory.mktemp("alone")
    model = toy.make_model(own=True, dtype=torch.float64)
    fit(model, toy.ToyStream(), settings=toy.settings(**GIVEN), folder=folder, validate=toy.validate)
    return model.state_dict(), losses_in(folder)


def losses_in(folder):
    lines = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    return {line["step"]: line["train_loss"] for line in lines}


def given():
    return [f"{name}={value}" for name, value in GIVEN.items()]


def assert_same_as_alone(alone, folder):
    weights, losses = alone
    for rank in (0, 1):
        path = folder / "even" / f"rank-{rank}.safetensors"
        assert read_metadata(path)["steps"] == "14"
        for name, value in load_tensors(path).items():
            torch.testing.assert_close(value, weights[name], rtol=1e-10, atol=1e-12)
    assert losses_in(folder / "even") == pytest.approx(losses, rel=1e-10)


def steps_of(folder):
    return [read_metadata(folder / f"rank-{rank}.safetensors")["steps"] for rank in (0, 1)]


def test_two_devices_learn_what_one_does_and_the_shorter_one_ends_an_epoch_for_both(run_toy, alone, tmp_path):
    said = run_toy("together", tmp_path, *given(), "devices=2")
    assert_same_as_alone(alone, tmp_path)
    assert steps_of(tmp_path / "uneven") == ["10", "10"]
    assert said.stderr.count("step 7: valid_loss") == 1


def test_torchrun_works_as_it_is(run_toy, alone, tmp_path):
    run_toy("together", tmp_path, *given(), prefix=(*LAUNCH, "--nproc-per-node", "2"))
    assert_same_as_alone(alone, tmp_path)


@pytest.mark.slow
def test_two_nodes_learn_what_one_process_does(alone, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    launch = (*LAUNCH, "--nnodes", "2", "--nproc-per-node", "1", "--master-addr", "127.0.0.1", "--master-port", port)
    nodes = [toy_process(tmp_path, prefix=(*launch, "--node-rank", node)) for node in ("0", "1")]
    assert [node.wait(120) for node in nodes] == [0, 0]
    assert_same_as_alone(alone, tmp_path)


@pytest.mark.slow
def test_sigterm_to_one_rank_stops_both_with_a_checkpoint(tmp_path):
    process = toy_process(tmp_path, "devices=2", "epochs=100000")
    for name in ("even", "uneven"):
        while not (tmp_path / name / METRICS).exists() or not losses_in(tmp_path / name):
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    for name in ("even", "uneven"):
        assert steps_of(tmp_path / name) == [str(load_training(tmp_path / name).state.step)] * 2


@pytest.mark.slow
def test_an_error_of_all_is_told_once(tmp_path):
    process = toy_process(tmp_path, "devices=2", "rate=1e30", "clip=0", stderr=subprocess.PIPE, text=True)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.count("UserError: the loss or its gradient became NaN or infinite") == 1
    assert said.count("Traceback") == 1


def toy_process(folder, *more, prefix=(), **popen):
    """A run of `toy.py` that is not waited for."""
    environment = {**os.environ, "PYTHONPATH": str(TOY.parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *prefix, str(TOY), "together", str(folder), *given(), *more]
    return subprocess.Popen(command, env=environment, **popen)
