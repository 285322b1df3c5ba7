"""What a call takes at its peak is seen from a process of its own."""

import subprocess
import sys

import pytest
import torch

from heedful.bench.case import PASSES
from heedful.bench.memory import MemoryRequest, extra_memory, free_memory, measure

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process its peak")

KNOWN = """
import torch
from heedful.bench.memory import extra_memory
def take(megabytes):
    held = torch.ones(megabytes, 2**18)  # freed before what follows
    del held
    return torch.ones(1)
call = lambda: take(64)
print(extra_memory(call, call, torch.device("cpu")))
"""


@needs_linux
def test_64_mib_are_seen():
    done = subprocess.run([sys.executable, "-c", KNOWN], capture_output=True, text=True, check=True)
    assert int(done.stdout) / 2**20 == pytest.approx(64, abs=4)


@needs_linux
def test_the_memory_of_a_peer_is_asked_by_name():
    eager, ours = (
        measure(MemoryRequest("lengths", 512, peer, PASSES[0], 1, "cpu"), seconds=120.0) for peer in ("eager", "ours")
    )
    pairs = 512 * 512 * 64 * 4
    assert isinstance(eager, int)
    assert isinstance(ours, int)
    assert 2 * pairs * 0.9 < eager < 3 * pairs
    assert ours < pairs / 8


@needs_linux
def test_what_went_wrong_in_the_process_is_said():
    assert "KeyError: 'no such peer'" in measure(
        MemoryRequest("dot", 8, "no such peer", PASSES[0], 1, "cpu"), seconds=120.0
    )
    assert "took more than 0 s" in measure(MemoryRequest("dot", 8, "eager", PASSES[0], 1, "cpu"), seconds=0.01)


def test_another_system_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr("heedful.bench.memory._STATUS", tmp_path / "none")
    assert "not measured on" in measure(MemoryRequest("dot", 8, "eager", PASSES[0], 1, "cpu"), seconds=1.0)


@needs_linux
def test_where_the_peak_cannot_be_forgotten_it_counts_from_the_old_one(monkeypatch):
    monkeypatch.setattr("heedful.bench.memory._reset_peak", lambda: False)
    assert extra_memory(lambda: None, lambda: None, torch.device("cpu")) == 0


def test_there_is_some_memory():
    assert free_memory(torch.device("cpu")) > 2**20
