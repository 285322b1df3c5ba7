"""Checkpoints: whole or not at all, plain tensors and JSON, and averages that are means."""

import errno
import os

import pytest

pytest.importorskip("lightning")

import torch

from heedful.errors import UserError
from heedful.store import load_module, load_tensors, read_metadata
from heedful.train import MODEL, TRAINING
from heedful.train.checkpoint import (
    average_snapshots,
    load_training,
    load_weights,
    prune_snapshots,
    save_model,
    save_snapshot,
    save_training,
)
from heedful.train.state import RunState


def save(folder, model, **counts):
    save_training(
        folder, RunState(**counts), model=model, optimiser={"a/b": torch.ones(2)}, ranks=[{"x/y": torch.tensor(7)}]
    )


def test_a_training_state_comes_back_whole(toy, tmp_path):
    model, other = toy.make_model(), toy.ToyModel()
    counts = {"step": 5, "position": {"epoch": 0, "position": 2}, "history": [(3, 0.5), (5, float("nan"))]}
    save(tmp_path, model, **counts)
    saved = load_training(tmp_path)
    assert repr(saved.state) == repr(RunState(**counts))  # nan is not equal to itself
    assert saved.optimiser["a/b"].tolist() == [1.0, 1.0]
    assert int(saved.ranks[0]["x/y"]) == 7
    load_weights(other, saved, tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_a_full_disk_leaves_the_last_one(toy, tmp_path, monkeypatch):
    save(tmp_path, toy.make_model(), step=5)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="cannot write"):
        save(tmp_path, toy.make_model(), step=6)
    assert load_training(tmp_path).state.step == 5


def test_the_state_of_another_model_is_refused(toy, tmp_path):
    save(tmp_path, toy.make_model())
    with pytest.raises(UserError, match=r"another model.*embedding.weight.*\[11, 16\] in the file and \[11, 8\]"):
        load_weights(toy.ToyModel(width=8), load_training(tmp_path), tmp_path)


def test_weights_alone_are_no_training_state(toy, tmp_path):
    save_model(tmp_path, toy.make_model())
    (tmp_path / MODEL).rename(tmp_path / TRAINING)
    with pytest.raises(UserError, match="not a training state"):
        load_training(tmp_path)


def test_a_state_of_another_version_is_refused():
    with pytest.raises(UserError, match="not a training state of this version"):
        RunState.from_json('{"step": 3}', where="here")


def test_a_training_state_holds_nothing_but_tensors_and_json(toy, tmp_path):
    save(tmp_path, toy.make_model())
    assert all(isinstance(value, torch.Tensor) for value in load_tensors(tmp_path / TRAINING).values())
    assert '"step": 0' in read_metadata(tmp_path / TRAINING)["heedful.state"]


def test_an_average_is_the_mean_and_ties_stay_tied(toy, tmp_path):
    model = toy.make_model()
    model.register_buffer("count", torch.tensor(0))
    weights = []
    for step in (1, 2, 3):
        with torch.no_grad():
            model.embedding.weight.normal_(mean=1e4)
            model.count.fill_(step)
        save_snapshot(tmp_path, model, step)
        weights.append(model.embedding.weight.detach().double())
    average = average_snapshots(tmp_path, [1, 2, 3])
    assert torch.equal(average["embedding.weight"], (sum(weights) / 3).float())
    assert torch.equal(average["outer.weight"], average["embedding.weight"])
    assert int(average["count"]) == 3
    model.load_state_dict(average)
    save_model(tmp_path, model)
    other = toy.ToyModel()
    other.register_buffer("count", torch.tensor(0))
    load_module(other, tmp_path / MODEL)
    assert other.outer.weight is other.embedding.weight


def test_only_the_named_steps_are_kept(toy, tmp_path):
    for step in (1, 2, 3):
        save_snapshot(tmp_path, toy.make_model(), step)
    prune_snapshots(tmp_path, {2})
    with pytest.raises(UserError, match="no such file"):
        average_snapshots(tmp_path, [1])
    assert average_snapshots(tmp_path, [2])
