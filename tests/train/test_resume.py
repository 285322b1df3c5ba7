"""Killed, interrupted, terminated: a resumed run is bit for bit the run that nothing happened to."""

import json
import os

import pytest

pytest.importorskip("lightning")

import torch

from heedful.store import load_tensors
from heedful.train import METRICS, MODEL, TRAINING

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="starts and stops children")


@pytest.fixture(scope="module")
def disturbed(run_toy, tmp_path_factory):
    """The folders of three runs, and what was said: see `disturb` of the toy."""
    folder = tmp_path_factory.mktemp("disturbed")
    return folder, run_toy("disturb", folder, "epochs=6", "save_every=4", "average=3")


def numbers_in(folder):
    """All lines, without what depends on the clock."""
    lines = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    seconds = [line.pop("seconds") for line in lines]
    assert seconds == sorted(seconds)
    return [{name: value for name, value in line.items() if name != "target_tokens_per_second"} for line in lines]


def assert_same_run(one, other):
    assert numbers_in(one) == numbers_in(other)
    for file in (MODEL, TRAINING):
        ours, theirs = load_tensors(one / file), load_tensors(other / file)
        assert ours.keys() == theirs.keys()
        assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def test_a_run_killed_again_and_again_ends_as_if_nothing_had_happened(disturbed):
    folder, said = disturbed
    assert said.stdout.count("killed -9") >= 1  # the last ones may have come to their end first
    assert_same_run(folder / "through", folder / "killed")


def test_ctrl_c_and_sigterm_leave_a_checkpoint_and_the_exit_status_of_the_signal(disturbed):
    folder, said = disturbed
    assert [line.split()[1] for line in said.stdout.splitlines() if line.startswith("stopped")] == ["130", "143"]
    assert said.stdout.count("interrupted") == 2
    assert said.stderr.count("stopping after this step") == 2
    assert "Traceback" not in said.stderr
    assert_same_run(folder / "through", folder / "stopped")


def test_the_runs_are_whole(disturbed):
    folder, said = disturbed
    assert said.stdout.count("epochs 42") >= 3
    steps = {line["step"] for line in numbers_in(folder / "killed")}
    assert steps == {*range(3, 43, 3), *range(7, 43, 7)}
